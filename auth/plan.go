package auth

import (
	"bytes"
	"encoding/json"

	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// plan decides on one draft; earlier are the moves decided before it.
func (d desk) plan(draft *draft, earlier []move, accounts []Account, several bool) (move, error) {
	if draft.key != "" {
		return d.planKey(draft)
	}
	c, err := draft.credential()
	if err != nil {
		return move{}, err
	}
	if c.Refresh == "" && !draft.provider.Settings.Lasting && draft.static {
		draft.warn("refresh-missing", "the token has no refresh token: when it ends it cannot be renewed; lasting: true in auth.providers.%s says that it has no end", draft.provider.Name)
	}
	if c.Refresh == "" && !draft.provider.Settings.Lasting && !draft.static && !d.force {
		return move{}, fault.New("refresh-missing", "the credential from %s has no refresh token: it would end and could not be renewed", from(draft)).
			WithHint("sign in again there, or here with mage auth:login %s; -force takes it all the same", draft.provider.Name)
	}
	if !c.Expires.IsZero() && c.Expires.Before(d.env.Now()) {
		draft.warn("token-expired", "its access token expired at %s; the server renews it when it loads it", stamp(c.Expires))
	}
	m := move{draft: draft}
	dest, taken := placesOf(earlier, c)
	if m.dest = dest; dest == "" {
		if m.dest, err = d.destination(draft, c, accounts, taken); err != nil {
			return m, err
		}
	}
	if m.old, err = d.occupant(m.dest, draft); err != nil {
		return m, err
	}
	if m.content, err = draft.content(kept(m.old, c)); err != nil {
		return m, err
	}
	return m, d.compare(&m, c, several)
}

// kept is what stays of the file that is replaced: all that the new one does not
// have when it is of the same account, else only what steers the server. The ids
// of another account would be wrong beside the new tokens.
func kept(old []byte, c credential) []byte {
	was, err := parse(old)
	if err != nil || was.Type == c.Type && compareCredentials(was, c) == sameAccount {
		return old
	}
	steering := map[string]json.RawMessage{}
	for name, value := range object(gjson.ParseBytes(old)) {
		if isSteering(name) {
			steering[name] = json.RawMessage(value.Raw)
		}
	}
	text, _ := json.Marshal(steering) // parts of valid JSON
	return text
}

// placesOf is where an earlier draft of the same account goes, and the places
// that earlier drafts of other accounts take.
func placesOf(earlier []move, c credential) (same string, taken []string) {
	for _, m := range earlier {
		other, err := m.draft.credential()
		if m.draft.key == "" && err == nil && other.Type == c.Type && compareCredentials(other, c) == sameAccount {
			return m.dest, nil
		}
		taken = append(taken, m.dest)
	}
	return "", taken
}

func from(d *draft) string {
	if d.source == "" {
		return d.provider.Name
	}
	return d.source
}

// planKey decides on an API key. One kept already is never replaced unasked.
func (d desk) planKey(draft *draft) (move, error) {
	owner := draft.provider
	if other := owner.Settings.APIKeyProvider; other != "" {
		p, err := Find(d.cfg, other)
		if err != nil {
			return move{}, err
		}
		draft.warn("api-key", "%s holds an API key and no sign-in; it becomes the API key of %s", from(draft), other)
		owner = p
	}
	draft.provider = owner
	m := move{draft: draft, dest: keyPath(d.cfg, owner.Name), content: []byte(draft.key + "\n")}
	var err error
	if m.old, err = d.occupant(m.dest, draft); err != nil {
		return m, err
	}
	m.same = m.old != nil && bytes.Equal(bytes.TrimSpace(m.old), []byte(draft.key))
	if m.old != nil && !m.same && !d.force {
		return m, fault.New("destination-taken", "%s holds another API key of %s", m.dest, owner.Name).WithHint("-force replaces it; the old one goes into the trash")
	}
	return m, nil
}
