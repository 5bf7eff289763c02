package vault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/auth/vault/plan"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/flock"
	"github.com/flowgate-go/flowgate/internal/privatefile"
)

// maxLockWait is how long one command waits for another that changes the same
// folder: their work takes milliseconds.
const maxLockWait = 10 * time.Second

// Lock keeps others from changing the folder meanwhile; one that is not there
// needs no lock. Faults: locked, lock-unavailable.
func Lock(ctx context.Context, folder string) (unlock func(), err error) {
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		return func() {}, nil
	}
	path := filepath.Join(folder, ".flowgate.lock")
	held, err := flock.Take(ctx, path, maxLockWait)
	switch {
	case err == nil:
		return func() { _ = held.Close() }, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		return nil, fault.New("locked", "another command is changing the credentials in %s", folder).WithHint("wait until it has ended")
	case errors.As(err, new(*fs.PathError)): // the file could not be opened
		return nil, privatefile.Unwritable(path, err)
	}
	return nil, fault.New("lock-unavailable", "%w", err).
		WithHint("the file system offers no locks (NFS without lockd?); put auth-dir on a local one")
}

// apply writes one move. What it did is added to done, to be undone when a
// later part fails.
func (d installer) apply(m plan.Placement, done *undoSteps) (auth.Change, error) {
	c := auth.Change{Source: m.Draft.Source, Destination: m.Dest, Warnings: append([]auth.Warning{}, m.Draft.Warnings...)}
	if d.Dry {
		c.Changed, c.Proof = !m.Unchanged, "dry run: nothing was written"
		return c, nil
	}
	c.Proof = "nothing to do: the credential was there already"
	if m.LeftOut {
		c.Proof = "it was left out"
	}
	if !m.Unchanged {
		if err := d.replaceFile(m, done); err != nil {
			return c, err
		}
		c.Changed, c.Proof = true, "the file was written and reads back"
		if m.Draft.APIKey != "" {
			c.Proof += "; credentials.upstream.NAME: {file: " + m.Dest + "} lets a deployment use it"
		}
	}
	if !m.TakesGrant {
		return c, nil
	}
	backup, err := d.removeGrant(m, done)
	if err != nil {
		return c, err
	}
	c.Changed = true
	c.Warnings = append(c.Warnings, auth.Warning{Code: "grant-taken", Message: m.Draft.Source + " has no refresh token any more; " + backup + " has it as it was"})
	return c, nil
}

// replaceFile writes a move's file. What was there goes into the trash first, unless
// the new file holds the same grant.
func (d installer) replaceFile(m plan.Placement, done *undoSteps) error {
	if m.Old != nil && !keepsGrant(m) {
		trashed := filepath.Join(auth.TrashFolder(auth.Folder(d.cfg, d.env)), TrashName(filepath.Base(m.Dest), d.env.Now()))
		if err := privatefile.Write(trashed, m.Old); err != nil {
			return err
		}
		done.add(func() error { return removeTrashed(trashed) })
	}
	was, _ := os.Lstat(m.Dest) // nil when nothing is there
	done.add(func() error { return d.restore(m, was) })
	return privatefile.Write(m.Dest, m.Text)
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
func keepsGrant(m plan.Placement) bool {
	old, err := credential.Parse(m.Old)
	c, err2 := credential.Parse(m.Text)
	return err == nil && err2 == nil && old.RefreshToken != "" && old.RefreshToken == c.RefreshToken
}

// restore makes a move's place what it was, its mode and time too. A sign-in
// that has just been made is nowhere else, so it goes into the trash.
func (d installer) restore(m plan.Placement, was fs.FileInfo) error {
	if m.Draft.Keeper == "" && m.Draft.Source == "" && m.Draft.APIKey == "" {
		trashed := filepath.Join(auth.TrashFolder(auth.Folder(d.cfg, d.env)), TrashName(filepath.Base(m.Dest), d.env.Now()))
		if err := privatefile.Write(trashed, m.Text); err != nil {
			return err
		}
	}
	if m.Old != nil {
		return privatefile.Restore(m.Dest, m.Old, was)
	}
	if err := os.Remove(m.Dest); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// undoSteps is what has to be done to have everything as it was, in the order in
// which it was done.
type undoSteps []func() error

func (u *undoSteps) add(step func() error) { *u = append(*u, step) }

// undo takes all steps, the last first, and returns why.
func (u undoSteps) undo(why error) error {
	for i := len(u) - 1; i >= 0; i-- {
		if err := u[i](); err != nil {
			why = errors.Join(why, fmt.Errorf("put back what was there: %w", err))
		}
	}
	return why
}

// undoAll undoes all moves, the last first, and returns why.
func undoAll(done []undoSteps, why error) error {
	for i := len(done) - 1; i >= 0; i-- {
		why = done[i].undo(why)
	}
	return why
}

// TrashName is a file's name in the trash: CLIProxyAPI would not load it.
func TrashName(name string, now time.Time) string {
	return name + "." + now.UTC().Format("20060102T150405.000Z")
}

// originalName is the name that a file in the trash had.
func originalName(name string) (original string, ok bool) {
	for _, end := range [...]string{".json.", ".key."} {
		if at := strings.LastIndex(name, end); at > 0 {
			return name[:at+len(end)-1], true
		}
	}
	return "", false
}
