package auth

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/regular"
)

// destination is the file that a draft goes to: the one that holds the same
// account already, or a new one.
func (d desk) destination(draft *draft, c credential, accounts []Account) (string, error) {
	name, err := draft.fileName()
	if err != nil {
		return "", err
	}
	if d.dest == "" {
		for _, a := range accounts {
			if a.Provider == draft.provider.Name && sameAccount(a, c) {
				return a.File, nil
			}
		}
		return filepath.Join(Folder(d.cfg, d.env), name), nil
	}
	dest, err := filepath.Abs(d.dest)
	if err != nil {
		return "", fmt.Errorf("resolve %s: %w", d.dest, err)
	}
	if info, err := os.Stat(dest); err == nil && info.IsDir() {
		dest = filepath.Join(dest, name)
	}
	return dest, nil
}

// sameAccount compares by the provider's own id where both have one.
func sameAccount(a Account, c credential) bool {
	switch {
	case a.id != "" && c.AccountID != "":
		return a.id == c.AccountID && (a.Email == "" || c.Email == "" || strings.EqualFold(a.Email, c.Email))
	case a.Email != "":
		return strings.EqualFold(a.Email, c.Email) && (a.Plan == "" || c.Plan == "" || a.Plan == c.Plan)
	}
	return false
}

// occupant is what is at dest now; nil when nothing is.
func (d desk) occupant(dest string, draft *draft) ([]byte, error) {
	info, err := os.Lstat(dest)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, unwritable(dest, err)
	case !info.Mode().IsRegular():
		return nil, fault.New("destination-unsafe", "%s is no regular file (a symbolic link, a pipe, a folder); nothing was written", dest).
			WithHint("move it away, or name another with -dest")
	}
	if source, err := os.Stat(draft.source); err == nil && os.SameFile(source, info) {
		return nil, fault.Usage("source-is-destination", "%s is the source and the destination", dest).WithHint("-dest=FILE names another place")
	}
	if info.Size() > maxFile {
		return nil, fault.New("destination-unsafe", "%s is no credential file: it has %d bytes", dest, info.Size()).WithHint("move it away")
	}
	old, err := regular.Read(dest)
	if err != nil {
		return nil, unwritable(dest, err)
	}
	return old, nil
}
