package plan

import (
	"cmp"
	"encoding/json"
	"reflect"

	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// compareWithExisting refuses a placement whose file holds another account or a
// newer credential, unless Force is set. If the command has several drafts, one that is
// older than its file is left out instead. Faults: destination-taken, credential-older.
func (p planner) compareWithExisting(m *Placement, c credential.Content, several bool) error {
	if m.Old == nil {
		return nil
	}
	m.Unchanged = isSameJSON(m.Old, m.Text)
	old, err := credential.Parse(m.Old)
	if err != nil || m.Unchanged || p.Force {
		return nil // replacing a damaged file repairs it
	}
	if old.Secret() != "" && (old.Type != c.Type || credential.Compare(old, c) != credential.SameAccount) {
		return fault.New("destination-taken",
			"%s holds another account (%s %s), or it cannot be proven that it is the same one", m.Dest, old.Type,
			cmp.Or(old.Email, "without an e-mail address")).
			WithHint("-dest=FILE or -label=NAME chooses another file, -force replaces it; the old one is moved to the trash")
	}
	if !credential.IsNewer(old, c) {
		return nil
	}
	if several {
		m.Unchanged, m.LeftOut = true, true
		m.Draft.Warn("credential-older", "%s was not changed: it is newer than %s", m.Dest, m.Draft.Source)
		return nil
	}
	return fault.New("credential-older", "%s is newer than the credential in %s; nothing was changed", m.Dest,
		Origin(m.Draft)).
		WithHint("this is normal: the server renews its own copy. -force replaces it anyway")
}

// isSameJSON reports whether two texts are the same JSON value.
func isSameJSON(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}
