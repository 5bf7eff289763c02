package auth

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// destination is the file that a draft goes to: the one that holds the same
// account already, or a new one. Another account's file is never chosen.
func (d desk) destination(draft *draft, c credential, accounts []Account, taken []string) (string, error) {
	name, err := draft.fileName()
	if err != nil {
		return "", err
	}
	if d.dest == "" {
		for _, a := range accounts {
			if a.Provider == draft.provider.Name && compareCredentials(a.held, c) == sameAccount {
				return a.File, nil
			}
		}
		return d.freeName(draft, c, name, taken)
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

// freeName is a name in the credential folder that no other account has: the
// usual one, else with -2, -3 and so on. -force takes the usual one.
func (d desk) freeName(draft *draft, c credential, name string, taken []string) (string, error) {
	base := strings.TrimSuffix(name, ".json")
	for n := 1; n < 1000; n++ {
		file := filepath.Join(Folder(d.cfg, d.env), base+".json")
		if n > 1 {
			file = filepath.Join(Folder(d.cfg, d.env), fmt.Sprintf("%s-%d.json", base, n))
		}
		if slices.Contains(taken, file) || !d.force && holdsAnother(file, c) {
			continue
		}
		if n > 1 {
			draft.warn("account-separate", "%s.json is of another account, or cannot be shown to be of this one, so this one became %s; if they are one account, mage auth:logout %s puts the older away", base, filepath.Base(file), base)
		}
		return file, nil
	}
	return "", fault.New("destination-taken", "%s and 999 names like it are taken in %s", name, Folder(d.cfg, d.env)).WithHint("-dest=FILE or -label=NAME names another")
}

// holdsAnother reports whether there is a file of another account. One that is
// damaged holds nothing that could be lost; it goes into the trash all the same.
func holdsAnother(file string, c credential) bool {
	info, err := os.Lstat(file)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxFile {
		return false // occupant says what is wrong with it
	}
	data, err := safefile.Read(file, maxFile)
	if err != nil {
		return false
	}
	old, err := parse(data)
	return err == nil && old.secret() != "" && (old.Type != c.Type || compareCredentials(old, c) != sameAccount)
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
	old, err := safefile.Read(dest, maxFile)
	if err != nil {
		return nil, unwritable(dest, err)
	}
	return old, nil
}
