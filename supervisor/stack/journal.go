package stack

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/google/renameio/v2"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/generation"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/store"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// journal says how things were before a change, in generations/pending. That
// folder's appearance, a rename, begins the change; its disappearance, another
// one, ends it. As long as it is there the change did not happen: who finds it
// puts back what it holds. Its copies are the files as they are, with the keys
// in them, 0600, and live as long as the change.
type journal struct {
	Kind      string            `json:"kind"` // rollback, bootstrap:update
	From      int               `json:"from"` // generations
	To        int               `json:"to"`
	StartedAt time.Time         `json:"started_at"`
	Files     []saved           `json:"files"`
	Links     map[string]string `json:"links"` // folder that was active, by runtime; "" for none
	Restart   []string          `json:"restart"`
}

// saved is one file as it was.
type saved struct {
	Path   string      `json:"path"` // real, no link
	Mode   fs.FileMode `json:"mode"`
	Absent bool        `json:"absent"`
	Name   string      `json:"name"`             // of its copy: digits only
	Digest string      `json:"digest,omitempty"` // of its copy; "" in journals of versions before 0.2
}

// step is one part of a change.
type step struct {
	name string
	do   func() error
}

func pendingDir(root string) string { return filepath.Join(generation.Dir(root), "pending") }

// begin writes the journal for a change of these files and links. On failure
// nothing has begun.
func begin(root string, cfg *config.Config, j journal, paths []string, links []string) (*journal, error) {
	dir := generation.Dir(root)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, journalFailed(dir, err)
	}
	sweep(root)
	temp, err := os.MkdirTemp(dir, ".pending-*")
	if err != nil {
		return nil, journalFailed(dir, err)
	}
	defer func() { _ = os.RemoveAll(temp) }() // gone under that name once it is in force
	for _, path := range paths {
		s, err := save(path, temp, strconv.Itoa(len(j.Files)))
		if err != nil {
			return nil, journalFailed(path, err)
		}
		j.Files = append(j.Files, s)
	}
	j.Links = map[string]string{}
	for _, name := range links {
		j.Links[name] = store.ActiveFolder(cfg, name)
	}
	key, err := trust.EnsureKey(os.Getenv)
	if err != nil {
		return nil, err
	}
	data, err := json.MarshalIndent(j, "", "  ")
	if err == nil {
		err = renameio.WriteFile(filepath.Join(temp, journalName), key.Seal(journalKind, trust.Place(root), append(data, '\n')), 0o600)
	}
	if err == nil {
		err = os.Rename(temp, pendingDir(root))
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return nil, journalFailed(dir, err)
	}
	return &j, nil
}

// save copies a file into the journal.
func save(path, dir, name string) (saved, error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	s := saved{Path: path, Name: name}
	data, err := safefile.Read(path, safefile.DocumentLimit)
	if errors.Is(err, fs.ErrNotExist) {
		s.Absent = true
		return s, nil
	}
	if err != nil {
		return s, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return s, err
	}
	s.Mode, s.Digest = info.Mode().Perm(), generation.Digest(data)
	return s, renameio.WriteFile(filepath.Join(dir, name), data, 0o600)
}

// pending reads the journal of a change that has begun and not ended; nil when
// there is none. Only one that this user's FlowGate wrote here is believed, and
// only about files of this installation. Faults: not-yours, state-untrusted,
// journal-damaged.
func pending(root string, cfg *config.Config) (*journal, error) {
	data, err := trust.ReadState(root, filepath.Join(pendingDir(root), journalName), mostJournal)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var j journal
	if err == nil {
		err = json.Unmarshal(data, &j)
	}
	var f *fault.Error
	switch {
	case errors.As(err, &f):
		return nil, f
	case err == nil:
		if err := j.believe(root, cfg, data); err != nil {
			return nil, err
		}
	default:
		return nil, fault.New("journal-damaged", "read the journal of an interrupted change in %s: %w", pendingDir(root), err).
			WithHint("its numbered files are copies of what was before; put them back by hand and remove the folder")
	}
	return &j, nil
}

// undo puts everything back and ends the change. It can be repeated.
func (j *journal) undo(root string, cfg *config.Config, at func(string)) error {
	var errs []error
	for _, f := range j.Files {
		errs = append(errs, f.restore(root))
		at("undo:" + filepath.Base(f.Path))
	}
	for name, folder := range j.Links {
		errs = append(errs, store.Activate(cfg, name, folder))
		at("undo:" + name)
	}
	if err := errors.Join(errs...); err != nil {
		return fault.New("undo-failed", "put back what was before: %w", err).
			WithHint("the copies are in %s; the next command tries again", pendingDir(root))
	}
	return j.end(root)
}

func (f saved) restore(root string) error {
	if f.Absent {
		if err := os.Remove(f.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	data, err := trust.ReadState(root, filepath.Join(pendingDir(root), f.Name), mostCopy)
	if err != nil {
		return err
	}
	if f.Digest != "" && generation.Digest(data) != f.Digest {
		return fmt.Errorf("the copy of %s in %s is not what was saved", f.Path, pendingDir(root))
	}
	return renameio.WriteFile(f.Path, data, f.Mode&0o755, renameio.IgnoreUmask())
}

// end makes the present state the one that counts.
func (j *journal) end(root string) error {
	done := filepath.Join(generation.Dir(root), fmt.Sprintf(".done-%d", time.Now().UnixNano()))
	err := os.Rename(pendingDir(root), done)
	if err == nil {
		err = syncDir(generation.Dir(root))
	}
	if err != nil {
		return journalFailed(pendingDir(root), err)
	}
	_ = os.RemoveAll(done) // else the next change sweeps it
	return nil
}

// sweep removes what killed commands left of journals that are not in force.
func sweep(root string) {
	for _, pattern := range [...]string{".pending-*", ".done-*"} {
		left, _ := filepath.Glob(filepath.Join(generation.Dir(root), pattern))
		for _, path := range left {
			_ = os.RemoveAll(path)
		}
	}
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func journalFailed(path string, err error) error {
	return fault.New("journal-failed", "write down the change at %s: %w", path, err).
		WithHint("free space and make it writable; nothing was changed")
}
