package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/flowgate-go/flowgate/internal/client/edit"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/flock"
	"github.com/flowgate-go/flowgate/internal/privatefile"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// journal is the record of what Setup wrote into one file. It has no key of the router's. It is
// in this user's state folder, not in an installation, so that it survives when the installation is moved or deleted.
type journal struct {
	Schema  string    `json:"schema"` // always journalSchema
	Client  string    `json:"client"`
	File    string    `json:"file"` // its path without symbolic links
	At      time.Time `json:"at"`
	Existed bool      `json:"existed"` // the file was there before
	Before  []byte    `json:"before"`  // its content without what FlowGate wrote
	After   string    `json:"after"`   // SHA-256 of what Setup left there
	Edits   []entry   `json:"edits"`   // in the order in which they were made
}

// entry is one value that Setup wrote.
type entry struct {
	Path    edit.Path `json:"path"`
	Element string    `json:"element,omitempty"` // as in Value
	Value   any       `json:"value"`             // with Secret, the SHA-256 of the text
	Secret  bool      `json:"secret,omitempty"`
	Keep    bool      `json:"keep,omitempty"` // as in Value: the client may change it as it likes
	Created int       `json:"created"`        // how many tables around it were added
	Had     bool      `json:"had"`            // the file had a value there before, Old
	Old     any       `json:"old,omitempty"`

	Replaced any `json:"replaced,omitempty"` // the Value of an earlier Setup: the file has it until it is written
}

// newEntry returns the entry for a value that is about to be written.
func newEntry(v Value) entry {
	e := entry{Path: v.Path, Element: v.Element, Value: v.Value, Secret: v.secret, Keep: v.Keep}
	if text, ok := v.Value.(string); ok && v.secret {
		e.Value = digest([]byte(text))
	}
	return e
}

// rememberReplaced notes the values of an earlier journal, nil for none, that this one replaces.
func (j *journal) rememberReplaced(earlier *journal) {
	if earlier == nil {
		return
	}
	for i := range j.Edits {
		e := &j.Edits[i]
		for _, was := range earlier.Edits {
			if slices.Equal(was.Path, e.Path) && was.Element == e.Element && was.Secret == e.Secret &&
				!edit.Equal(was.Value, e.Value) {
				e.Replaced = was.Value
			}
		}
	}
}

// place returns the place of the entry's value, with the value that is to be written there.
func (e entry) place(value any) Value { return Value{Path: e.Path, Element: e.Element, Value: value} }

// isOurs reports whether a value in the file is the one that Setup wrote.
func (e entry) isOurs(value any) bool {
	if text, ok := value.(string); ok && e.Secret {
		value = digest([]byte(text))
	}
	return edit.Equal(value, e.Value) || e.Replaced != nil && edit.Equal(value, e.Replaced)
}

const journalSchema = "flowgate.client/v1"

// maxJournal bounds a journal, in bytes: it holds a file of at most edit.MaxSize in base64.
const maxJournal = 2*edit.MaxSize + 1<<20

// journalPath returns the path of the journal of a client's file. Faults: those of
// trust.StateDir.
func journalPath(client, file string, getenv func(string) string) (string, error) {
	dir, err := trust.StateDir(getenv)
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "clients", client+"-"+digest([]byte(file))[:16]+".json"), nil
}

// lockWait is how long Setup and Restore wait for another Setup or Restore of this user. Each
// takes a few milliseconds.
const lockWait = 5 * time.Second

// lock lets one Setup or Restore of this user run at a time; close ends it. Faults: those
// of trust.StateDir; client-file-busy, write-failed.
func lock(ctx context.Context, getenv func(string) string) (io.Closer, error) {
	dir, err := trust.StateDir(getenv)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "clients", "lock")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fault.Unwritable("write-failed", path, err, "nothing was changed")
	}
	held, err := flock.Take(ctx, path, lockWait)
	if err != nil {
		return nil, fault.New("client-file-busy", "another command changes files of clients: %w", err).
			WithHint("try again when it has ended")
	}
	return held, nil
}

// digest returns the SHA-256 of content in hexadecimal.
func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// readJournal returns the journal of a client's file; found is false when there is none,
// or when it cannot be used.
func readJournal(client, file string, getenv func(string) string) (j journal, found bool, err error) {
	path, err := journalPath(client, file, getenv)
	if err != nil {
		return j, false, err
	}
	text, err := safefile.Read(path, maxJournal)
	if errors.Is(err, fs.ErrNotExist) {
		return j, false, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &j)
	}
	if err != nil || j.Schema != journalSchema || j.File != file {
		return journal{}, false, nil // as if it were lost: findOwnValues still finds what FlowGate wrote
	}
	return j, true, nil
}

// write saves the journal before the file that it describes is changed.
func (j journal) write(getenv func(string) string) error {
	path, err := journalPath(j.Client, j.File, getenv)
	if err != nil {
		return err
	}
	text, err := json.Marshal(j)
	if err != nil {
		return fault.New("internal", "encode the journal of %s: %w", j.File, err)
	}
	return privatefile.Write(path, text)
}

// removeJournal removes the journal of a client's file.
func removeJournal(client, file string, getenv func(string) string) error {
	path, err := journalPath(client, file, getenv)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.Unwritable("write-failed", path, err, "the client's file is restored already")
	}
	return nil
}
