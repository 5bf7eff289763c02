package plan

import (
	"cmp"
	"encoding/json"
	"reflect"

	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// compareWithExisting settles what an older or another credential at the destination means.
func (p planner) compareWithExisting(m *Placement, c credential.Content, several bool) error {
	if m.Old == nil {
		return nil
	}
	m.Unchanged = isSameJSON(m.Old, m.Text)
	old, err := credential.Parse(m.Old)
	if err != nil || m.Unchanged || p.Force {
		return nil // a damaged file is mended by being replaced
	}
	if old.Secret() != "" && (old.Type != c.Type || credential.Compare(old, c) != credential.SameAccount) {
		return fault.New("destination-taken", "%s holds another account (%s %s), or one that cannot be shown to be the same", m.Dest, old.Type, cmp.Or(old.Email, "without an e-mail")).
			WithHint("-dest=FILE or -label=NAME puts it elsewhere, -force replaces it; the old one goes into the trash")
	}
	if !credential.IsNewer(old, c) {
		return nil
	}
	if several {
		m.Unchanged, m.LeftOut = true, true
		m.Draft.Warn("credential-older", "%s was left as it is: it is newer than %s", m.Dest, m.Draft.Source)
		return nil
	}
	return fault.New("credential-older", "%s is newer than what %s has; nothing was changed", m.Dest, Origin(m.Draft)).
		WithHint("that is how it should be: the server renews its own copy. -force replaces it all the same")
}

func isSameJSON(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}
