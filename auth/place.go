package auth

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/tidwall/sjson"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// lockPatience is how long one command waits for another that changes the same
// folder: their work takes milliseconds.
const lockPatience = 10 * time.Second

// lock keeps others from changing the folder meanwhile; one that is not there
// needs no lock. Faults: locked, lock-unavailable.
func lock(ctx context.Context, folder string) (unlock func(), err error) {
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		return func() {}, nil
	}
	path := filepath.Join(folder, ".flowgate.lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, unwritable(path, err)
	}
	late := time.After(lockPatience)
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if !isContention(err) {
			_ = f.Close()
			return nil, fault.New("lock-unavailable", "lock %s: %w", path, err).
				WithHint("the file system offers no locks (NFS without lockd?); put auth-dir on a local one")
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), f.Close())
		case <-late:
			_ = f.Close()
			return nil, fault.New("locked", "another command is changing the credentials in %s", folder).WithHint("wait until it has ended")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// isContention reports whether flock failed because another process holds the
// lock, or a signal came: everything else will not go away by waiting.
func isContention(err error) bool {
	return errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR)
}

// carryOut writes one move. What it did is added to done, to be undone when a
// later part fails.
func (d desk) carryOut(m move, done *undoing) (Change, error) {
	c := Change{Source: m.draft.source, Destination: m.dest, Warnings: append([]Warning{}, m.draft.warnings...)}
	if d.dry {
		c.Changed, c.Proof = !m.same, "dry run: nothing was written"
		return c, nil
	}
	c.Proof = "nothing to do: the credential was there already"
	if m.leftOut {
		c.Proof = "it was left out"
	}
	if !m.same {
		if err := d.replace(m, done); err != nil {
			return c, err
		}
		c.Changed, c.Proof = true, "the file was written and reads back"
		if m.draft.key != "" {
			c.Proof += "; credentials.upstream.NAME: {file: " + m.dest + "} lets a deployment use it"
		}
	}
	if !m.taking {
		return c, nil
	}
	backup, err := d.takeAway(m, done)
	if err != nil {
		return c, err
	}
	c.Changed = true
	c.Warnings = append(c.Warnings, Warning{"grant-taken", m.draft.source + " has no refresh token any more; " + backup + " has it as it was"})
	return c, nil
}

// replace writes a move's file. What was there goes into the trash first, unless
// the new file holds the same grant.
func (d desk) replace(m move, done *undoing) error {
	if m.old != nil && !keepsGrant(m) {
		trashed := filepath.Join(trash(Folder(d.cfg, d.env)), trashName(filepath.Base(m.dest), d.env.Now()))
		if err := writeFile(trashed, m.old); err != nil {
			return err
		}
		done.add(func() error { return removeTrashed(trashed) })
	}
	was, _ := os.Lstat(m.dest) // nil when nothing is there
	done.add(func() error { return d.putBack(m, was) })
	return writeFile(m.dest, m.content)
}

// removeTrashed takes a file out of the trash, and the trash when it is empty.
func removeTrashed(file string) error {
	if err := os.Remove(file); err != nil {
		return err
	}
	_ = os.Remove(filepath.Dir(file)) // it holds others, mostly
	return nil
}

// keepsGrant reports whether the new content holds the grant of the old one, so
// that nothing is lost with it.
func keepsGrant(m move) bool {
	old, err := parse(m.old)
	c, err2 := parse(m.content)
	return err == nil && err2 == nil && old.Refresh != "" && old.Refresh == c.Refresh
}

// putBack makes a move's place what it was, its mode and time too. A sign-in
// that has just been made is nowhere else, so it goes into the trash.
func (d desk) putBack(m move, was fs.FileInfo) error {
	if m.draft.keeper == "" && m.draft.source == "" && m.draft.key == "" {
		trashed := filepath.Join(trash(Folder(d.cfg, d.env)), trashName(filepath.Base(m.dest), d.env.Now()))
		if err := writeFile(trashed, m.content); err != nil {
			return err
		}
	}
	if m.old != nil {
		return restoreFile(m.dest, m.old, was)
	}
	if err := os.Remove(m.dest); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// undoing is what has to be done to have everything as it was, in the order in
// which it was done.
type undoing []func() error

func (u *undoing) add(step func() error) { *u = append(*u, step) }

// undo takes all steps, the last first, and returns why.
func (u undoing) undo(why error) error {
	for i := len(u) - 1; i >= 0; i-- {
		if err := u[i](); err != nil {
			why = errors.Join(why, fmt.Errorf("put back what was there: %w", err))
		}
	}
	return why
}

// undoAll undoes all moves, the last first, and returns why.
func undoAll(done []undoing, why error) error {
	for i := len(done) - 1; i >= 0; i-- {
		why = done[i].undo(why)
	}
	return why
}

// blank empties the text at path in a JSON document; all else stays as it is.
func blank(data []byte, path string) ([]byte, error) {
	return sjson.SetBytes(data, path, "")
}

// trashName is a file's name in the trash: CLIProxyAPI would not load it.
func trashName(name string, now time.Time) string {
	return name + "." + now.UTC().Format("20060102T150405.000Z")
}

// fromTrash is the name that a file in the trash had.
func fromTrash(name string) (original string, ok bool) {
	for _, end := range [...]string{".json.", ".key."} {
		if at := strings.LastIndex(name, end); at > 0 {
			return name[:at+len(end)-1], true
		}
	}
	return "", false
}
