// Package journal records a change in progress, so that a command that is killed leaves
// the stack as it was: Begin saves the files before the change, End makes the new state
// count, Undo restores the old one. Read returns the record of a change that was
// interrupted, if this user's FlowGate wrote it.
package journal

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

// Entry records the state before a change, in the folder generations/pending. A rename
// that makes the folder begins the change, another one ends it. While the folder is
// there the change counts as not made: the command that finds it calls Undo. Its
// copies of files hold keys, so they are 0600 and removed at the end of the change.
type Entry struct {
	Kind      string            `json:"kind"` // rollback, bootstrap:update
	From      int               `json:"from"` // generations
	To        int               `json:"to"`
	StartedAt time.Time         `json:"started_at"`
	Files     []savedFile       `json:"files"`
	Links     map[string]string `json:"links"` // folder that was active, by runtime; "" for none
	Restart   []string          `json:"restart"`
}

// savedFile is one file as it was before the change.
type savedFile struct {
	Path   string      `json:"path"` // real, no link
	Mode   fs.FileMode `json:"mode"`
	Absent bool        `json:"absent"`
	Name   string      `json:"name"`             // of its copy: digits only
	Digest string      `json:"digest,omitempty"` // of its copy; "" in journals of versions before 0.2
}

// Dir returns the folder of the change in progress.
func Dir(root string) string { return filepath.Join(generation.Dir(root), "pending") }

// Begin writes the journal for a change of these files and links. After an error the
// change has not begun. Fault: journal-failed.
func Begin(root string, cfg *config.Config, j Entry, paths []string, links []string) (*Entry, error) {
	dir := generation.Dir(root)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, writeFault(dir, err)
	}
	removeLeftovers(root)
	temp, err := os.MkdirTemp(dir, ".pending-*")
	if err != nil {
		return nil, writeFault(dir, err)
	}
	defer func() { _ = os.RemoveAll(temp) }() // publish has renamed it when the change has begun
	for _, path := range paths {
		s, err := saveCopy(path, temp, strconv.Itoa(len(j.Files)))
		if err != nil {
			return nil, writeFault(path, err)
		}
		j.Files = append(j.Files, s)
	}
	j.Links = map[string]string{}
	for _, name := range links {
		j.Links[name] = store.ActiveFolder(cfg, name)
	}
	if err := j.publish(root, temp); err != nil {
		return nil, err
	}
	return &j, nil
}

// publish writes the sealed journal into the folder temp and gives it the name under
// which other commands find it.
func (j *Entry) publish(root, temp string) error {
	key, err := trust.EnsureKey(os.Getenv)
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(j, "", "  ")
	if err == nil {
		err = renameio.WriteFile(filepath.Join(temp, fileName), key.Seal(kind, trust.Place(root), append(data, '\n')), 0o600)
	}
	if err == nil {
		err = os.Rename(temp, Dir(root))
	}
	if err == nil {
		err = safefile.SyncDir(generation.Dir(root))
	}
	if err != nil {
		return writeFault(generation.Dir(root), err)
	}
	return nil
}

// saveCopy copies a file into the folder dir under name, and returns its record.
func saveCopy(path, dir, name string) (savedFile, error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	s := savedFile{Path: path, Name: name}
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

// Read returns the journal of a change that has begun and not ended, nil when there is
// none. It refuses a journal that this user's FlowGate did not write here, or that
// names files of another installation. Faults: not-yours, state-untrusted,
// journal-damaged.
func Read(root string, cfg *config.Config) (*Entry, error) {
	data, err := trust.ReadState(root, filepath.Join(Dir(root), fileName), maxJournal)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var j Entry
	if err == nil {
		err = json.Unmarshal(data, &j)
	}
	var f *fault.Error
	switch {
	case errors.As(err, &f):
		return nil, f
	case err == nil:
		if err := j.checkTrust(root, cfg, data); err != nil {
			return nil, err
		}
	default:
		return nil, fault.New("journal-damaged", "read the journal of an interrupted change in %s: %w", Dir(root), err).
			WithHint("its numbered files are copies of what was before; put them back by hand and remove the folder")
	}
	return &j, nil
}

// Undo restores everything and ends the change. It calls report with the name of each
// step that it took. It can be repeated. Faults: undo-failed, journal-failed.
func (j *Entry) Undo(root string, cfg *config.Config, report func(step string)) error {
	var errs []error
	for _, f := range j.Files {
		errs = append(errs, f.restore(root))
		report("undo:" + filepath.Base(f.Path))
	}
	for name, folder := range j.Links {
		errs = append(errs, store.Activate(cfg, name, folder))
		report("undo:" + name)
	}
	if err := errors.Join(errs...); err != nil {
		return fault.New("undo-failed", "put back what was before: %w", err).
			WithHint("the copies are in %s; the next command tries again", Dir(root))
	}
	return j.End(root)
}

// restore makes the file what it was before the change.
func (f savedFile) restore(root string) error {
	if f.Absent {
		if err := os.Remove(f.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	data, err := trust.ReadState(root, filepath.Join(Dir(root), f.Name), maxCopy)
	if err != nil {
		return err
	}
	if f.Digest != "" && generation.Digest(data) != f.Digest {
		return fmt.Errorf("the copy of %s in %s is not what was saved", f.Path, Dir(root))
	}
	return renameio.WriteFile(f.Path, data, f.Mode&0o755, renameio.IgnoreUmask())
}

// End makes the present state count. Fault: journal-failed.
func (j *Entry) End(root string) error {
	done := filepath.Join(generation.Dir(root), fmt.Sprintf(".done-%d", time.Now().UnixNano()))
	err := os.Rename(Dir(root), done)
	if err == nil {
		err = safefile.SyncDir(generation.Dir(root))
	}
	if err != nil {
		return writeFault(Dir(root), err)
	}
	_ = os.RemoveAll(done) // else the next change removes it
	return nil
}

// removeLeftovers removes what killed commands left of journals that did not begin or
// have ended.
func removeLeftovers(root string) {
	for _, pattern := range [...]string{".pending-*", ".done-*"} {
		leftovers, _ := filepath.Glob(filepath.Join(generation.Dir(root), pattern))
		for _, path := range leftovers {
			_ = os.RemoveAll(path)
		}
	}
}

// writeFault returns the fault journal-failed.
func writeFault(path string, err error) error {
	return fault.New("journal-failed", "write down the change at %s: %w", path, err).
		WithHint("free space and make it writable; nothing was changed")
}
