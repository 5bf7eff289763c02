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

// Lock takes the lock of the credential folder, and waits for it at most maxLockWait. A
// folder that does not exist needs no lock. Faults: locked, lock-unavailable,
// write-failed.
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
		return nil, fault.New("locked", "another command is changing the credentials in %s", folder).
			WithHint("wait until it ends")
	case errors.As(err, new(*fs.PathError)): // the file could not be opened
		return nil, privatefile.Unwritable(path, err)
	}
	return nil, fault.New("lock-unavailable", "%w", err).
		WithHint("the file system offers no locks (NFS without lockd?); put auth-dir on a local one")
}

// apply writes one placement, and adds to done the steps that take it back.
func (in installer) apply(m plan.Placement, done *undoSteps) (auth.Change, error) {
	c := auth.Change{Source: m.Draft.Source, Destination: m.Dest, Warnings: append([]auth.Warning{}, m.Draft.Warnings...)}
	if in.Dry {
		c.Changed, c.Proof = !m.Unchanged, "dry run: nothing was written"
		return c, nil
	}
	c.Proof = "nothing to do: the file has this credential already"
	if m.LeftOut {
		c.Proof = "it was left out"
	}
	if !m.Unchanged {
		if err := in.replaceFile(m, done); err != nil {
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
	backup, err := in.removeGrant(m, done)
	if err != nil {
		return c, err
	}
	c.Changed = true
	c.Warnings = append(c.Warnings, auth.Warning{Code: "grant-taken",
		Message: m.Draft.Source + " has no refresh token any more; the backup is " + backup})
	return c, nil
}

// replaceFile writes a placement's file. The old file is copied to the trash first,
// unless the new one holds the same grant.
func (in installer) replaceFile(m plan.Placement, done *undoSteps) error {
	if m.Old != nil && !keepsGrant(m) {
		trash := auth.TrashFolder(auth.Folder(in.cfg, in.env))
		trashed := filepath.Join(trash, TrashName(filepath.Base(m.Dest), in.env.Now()))
		if err := privatefile.Write(trashed, m.Old); err != nil {
			return err
		}
		done.add(func() error { return removeTrashed(trashed) })
	}
	was, _ := os.Lstat(m.Dest) // nil if there is no file
	done.add(func() error { return in.restore(m, was) })
	return privatefile.Write(m.Dest, m.Text)
}

// removeTrashed removes a file from the trash, and the trash if it is empty then.
func removeTrashed(file string) error {
	if err := os.Remove(file); err != nil {
		return err
	}
	_ = os.Remove(filepath.Dir(file)) // fails if there are others
	return nil
}

// keepsGrant reports whether the new content has the grant of the old one, so that
// replacing it loses nothing.
func keepsGrant(m plan.Placement) bool {
	old, err := credential.Parse(m.Old)
	c, err2 := credential.Parse(m.Text)
	return err == nil && err2 == nil && old.RefreshToken != "" && old.RefreshToken == c.RefreshToken
}

// restore makes a placement's file what it was, with its mode and time. The
// credential of a sign-in exists nowhere else, so it is moved to the trash.
func (in installer) restore(m plan.Placement, was fs.FileInfo) error {
	if m.Draft.Keeper == "" && m.Draft.Source == "" && m.Draft.APIKey == "" {
		trash := auth.TrashFolder(auth.Folder(in.cfg, in.env))
		trashed := filepath.Join(trash, TrashName(filepath.Base(m.Dest), in.env.Now()))
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

// undoSteps are the functions that take back the steps of a change, in the order of
// those steps.
type undoSteps []func() error

// add adds the function that takes back the latest step.
func (u *undoSteps) add(step func() error) { *u = append(*u, step) }

// undo takes back all steps, the last first. It returns why, joined with the errors
// of undoing.
func (u undoSteps) undo(why error) error {
	for i := len(u) - 1; i >= 0; i-- {
		if err := u[i](); err != nil {
			why = errors.Join(why, fmt.Errorf("undo: %w", err))
		}
	}
	return why
}

// undoAll takes back all changes, the last first. It returns why, as undo does.
func undoAll(done []undoSteps, why error) error {
	for i := len(done) - 1; i >= 0; i-- {
		why = done[i].undo(why)
	}
	return why
}

// TrashName returns a file's name in the trash. CLIProxyAPI does not load such a
// name.
func TrashName(name string, now time.Time) string {
	return name + "." + now.UTC().Format("20060102T150405.000Z")
}

// originalName returns the name that a file in the trash had.
func originalName(name string) (original string, ok bool) {
	for _, end := range [...]string{".json.", ".key."} {
		if at := strings.LastIndex(name, end); at > 0 {
			return name[:at+len(end)-1], true
		}
	}
	return "", false
}
