package vault

import (
	"fmt"
	"os"
	"slices"

	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/auth/vault/plan"
	"github.com/flowgate-go/flowgate/internal/privatefile"
)

// removeGrant removes the refresh token from the source, after writing a backup
// beside it. It returns the backup's name.
func (in installer) removeGrant(m plan.Placement, done *undoSteps) (string, error) {
	data, err := credential.ReadFile(m.Draft.Source)
	if err != nil {
		return "", err
	}
	without, err := clearText(data, m.Draft.RefreshPath)
	if err != nil {
		return "", credential.Invalid(m.Draft.Source, err)
	}
	backup := fmt.Sprintf("%s.flowgate-%s", m.Draft.Source, in.env.Now().UTC().Format("20060102T150405Z"))
	if _, err := os.Lstat(backup); err == nil {
		return "", privatefile.Unwritable(backup, os.ErrExist)
	}
	if err := privatefile.Write(backup, data); err != nil {
		return "", err
	}
	was, _ := os.Lstat(m.Draft.Source)
	done.add(func() error { return os.Remove(backup) })
	done.add(func() error { return privatefile.Restore(m.Draft.Source, data, was) })
	return backup, privatefile.Write(m.Draft.Source, without)
}

// clearText replaces the string at the gjson path in a JSON document by an empty one;
// every other byte stays.
func clearText(data []byte, path string) ([]byte, error) {
	value := gjson.GetBytes(data, path)
	if value.Type != gjson.String || value.Index == 0 {
		return nil, fmt.Errorf("%s is not a string in it", path)
	}
	return slices.Concat(data[:value.Index], []byte(`""`), data[value.Index+len(value.Raw):]), nil
}
