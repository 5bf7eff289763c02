package plan

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/auth/draft"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/privatefile"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// chooseDestination returns the file that a draft goes to: the one that holds the
// same account, else a new one. Dest overrides both. Without Dest and Force it never
// returns another account's file.
func (p planner) chooseDestination(draft *draft.Draft, c credential.Content, accounts []auth.Account,
	taken []string) (string, error) {
	name, err := draft.FileName()
	if err != nil {
		return "", err
	}
	if p.Dest == "" {
		for _, a := range accounts {
			if a.Provider == draft.Provider.Name && credential.Compare(a.Credential(), c) == credential.SameAccount {
				return a.File, nil
			}
		}
		return p.freeName(draft, c, name, taken)
	}
	dest, err := filepath.Abs(p.Dest)
	if err != nil {
		return "", fmt.Errorf("resolve %s: %w", p.Dest, err)
	}
	if info, err := os.Stat(dest); err == nil && info.IsDir() {
		dest = filepath.Join(dest, name)
	}
	return dest, nil
}

// freeName returns a file in the credential folder that no other account has: the
// usual name, else with -2, -3 and so on. Force chooses the usual name.
func (p planner) freeName(draft *draft.Draft, c credential.Content, name string, taken []string) (string, error) {
	base := strings.TrimSuffix(name, ".json")
	for n := 1; n < 1000; n++ {
		file := filepath.Join(auth.Folder(p.cfg, p.env), base+".json")
		if n > 1 {
			file = filepath.Join(auth.Folder(p.cfg, p.env), fmt.Sprintf("%s-%d.json", base, n))
		}
		if slices.Contains(taken, file) || !p.Force && holdsOtherAccount(file, c) {
			continue
		}
		if n > 1 {
			draft.Warn("account-separate",
				"%s.json holds another account, or it cannot be proven that it is the same one, so the new file is %s; if they "+
					program.Format(
						"are the same account, mage auth:logout %s removes the older file",
					), base, filepath.Base(file), base)
		}
		return file, nil
	}
	return "", fault.New("destination-taken", "%s and 999 names like it exist in %s", name, auth.Folder(p.cfg, p.env)).
		WithHint("-dest=FILE or -label=NAME names another")
}

// holdsOtherAccount reports whether a file holds another account. A damaged file
// holds nothing that could be lost; it is moved to the trash anyway.
func holdsOtherAccount(file string, c credential.Content) bool {
	info, err := os.Lstat(file)
	if err != nil || !info.Mode().IsRegular() || info.Size() > credential.MaxSize {
		return false // readExisting reports why
	}
	data, err := safefile.Read(file, credential.MaxSize)
	if err != nil {
		return false
	}
	old, err := credential.Parse(data)
	return err == nil && old.Secret() != "" && (old.Type != c.Type || credential.Compare(old, c) != credential.SameAccount)
}

// readExisting returns the present content of dest; nil if there is no file. Faults:
// write-failed, destination-unsafe, source-is-destination.
func (p planner) readExisting(dest string, draft *draft.Draft) ([]byte, error) {
	info, err := os.Lstat(dest)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, privatefile.Unwritable(dest, err)
	case !info.Mode().IsRegular():
		return nil, fault.New("destination-unsafe",
			"%s is not a regular file (a symbolic link, a pipe, a folder); nothing was written", dest).
			WithHint("move it away, or choose another file with -dest")
	}
	if source, err := os.Stat(draft.Source); err == nil && os.SameFile(source, info) {
		return nil, fault.Usage("source-is-destination", "%s is the source and the destination", dest).
			WithHint("-dest=FILE names another place")
	}
	if info.Size() > credential.MaxSize {
		return nil, fault.New("destination-unsafe", "%s is not a credential file: it has %d bytes", dest, info.Size()).
			WithHint("move it away")
	}
	old, err := safefile.Read(dest, credential.MaxSize)
	if err != nil {
		return nil, privatefile.Unwritable(dest, err)
	}
	return old, nil
}
