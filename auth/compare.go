package auth

import (
	"encoding/json"
	"reflect"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// compare settles what an older or another credential at the destination means.
func (d desk) compare(m *move, c credential, several bool) error {
	if m.old == nil {
		return nil
	}
	m.same = equal(m.old, m.content)
	old, err := parse(m.old)
	if err != nil || m.same || d.force {
		return nil // a damaged file is mended by being replaced
	}
	if old.secret() != "" && (old.Type != c.Type || compareCredentials(old, c) != sameAccount) {
		return fault.New("destination-taken", "%s holds another account (%s %s), or one that cannot be shown to be the same", m.dest, old.Type, firstOf(old.Email, "without an e-mail")).
			WithHint("-dest=FILE or -label=NAME puts it elsewhere, -force replaces it; the old one goes into the trash")
	}
	if !newer(old, c) {
		return nil
	}
	if several {
		m.same, m.leftOut = true, true
		m.draft.warn("credential-older", "%s was left as it is: it is newer than %s", m.dest, m.draft.source)
		return nil
	}
	return fault.New("credential-older", "%s is newer than what %s has; nothing was changed", m.dest, from(m.draft)).
		WithHint("that is how it should be: the server renews its own copy. -force replaces it all the same")
}

// newer reports whether a was issued after b, by expiry and then by last refresh.
func newer(a, b credential) bool {
	if !a.Expires.IsZero() && !b.Expires.IsZero() && !a.Expires.Equal(b.Expires) {
		return a.Expires.After(b.Expires)
	}
	return !a.Refreshed.IsZero() && !b.Refreshed.IsZero() && a.Refreshed.After(b.Refreshed)
}

func equal(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}
