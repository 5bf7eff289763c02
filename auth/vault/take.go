package vault

import (
	"fmt"
	"os"

	"github.com/tidwall/sjson"

	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/auth/vault/plan"
	"github.com/flowgate-go/flowgate/internal/privatefile"
)

// removeGrant removes the refresh token from the source, after writing a backup
// beside it. It returns the backup's name.
func (d installer) removeGrant(m plan.Placement, done *undoSteps) (string, error) {
	data, err := credential.ReadFile(m.Draft.Source)
	if err != nil {
		return "", err
	}
	without, err := clearText(data, m.Draft.RefreshPath)
	if err != nil {
		return "", credential.Invalid(m.Draft.Source, err)
	}
	backup := fmt.Sprintf("%s.flowgate-%s", m.Draft.Source, d.env.Now().UTC().Format("20060102T150405Z"))
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

// clearText empties the text at path in a JSON document; all else stays as it is.
func clearText(data []byte, path string) ([]byte, error) {
	return sjson.SetBytes(data, path, "")
}
