package plan

import (
	"bytes"
	"encoding/json"

	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/auth/draft"
	"github.com/flowgate-go/flowgate/auth/provider"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// place decides on one draft. earlier are the placements of the drafts before it;
// several tells that the command has more than one draft.
func (p planner) place(draft *draft.Draft, earlier []Placement, accounts []auth.Account,
	several bool) (Placement, error) {
	if draft.APIKey != "" {
		return p.placeKey(draft)
	}
	c, err := draft.Content()
	if err != nil {
		return Placement{}, err
	}
	if c.RefreshToken == "" && !draft.Provider.Settings.Lasting && draft.Static {
		draft.Warn("refresh-missing",
			"there is no refresh token: when the token expires it cannot be renewed; lasting: true in auth.providers.%s "+
				"says that it does not expire", draft.Provider.Name)
	}
	if c.RefreshToken == "" && !draft.Provider.Settings.Lasting && !draft.Static && !p.Force {
		return Placement{}, fault.New("refresh-missing",
			"the credential from %s has no refresh token: it would expire and could not be renewed", Origin(draft)).
			WithHint("sign in again there, or here with mage auth:login %s; -force imports it anyway", draft.Provider.Name)
	}
	if !c.ExpiresAt.IsZero() && c.ExpiresAt.Before(p.env.Now()) {
		draft.Warn("token-expired", "its access token expired at %s; the server renews it when it loads it",
			credential.FormatTime(c.ExpiresAt))
	}
	m := Placement{Draft: draft}
	dest, taken := earlierPlaces(earlier, c)
	if m.Dest = dest; dest == "" {
		if m.Dest, err = p.chooseDestination(draft, c, accounts, taken); err != nil {
			return m, err
		}
	}
	if m.Old, err = p.readExisting(m.Dest, draft); err != nil {
		return m, err
	}
	if m.Text, err = draft.Text(fieldsToKeep(m.Old, c)); err != nil {
		return m, err
	}
	return m, p.compareWithExisting(&m, c, several)
}

// fieldsToKeep returns the members of the replaced file that the new one keeps: all if
// it is of the same account, else only the server's settings. The ids of another
// account would be wrong beside the new tokens.
func fieldsToKeep(old []byte, c credential.Content) []byte {
	replaced, err := credential.Parse(old)
	if err != nil || replaced.Type == c.Type && credential.Compare(replaced, c) == credential.SameAccount {
		return old
	}
	settings := map[string]json.RawMessage{}
	for name, value := range credential.Members(gjson.ParseBytes(old)) {
		if draft.IsServerField(name) {
			settings[name] = json.RawMessage(value.Raw)
		}
	}
	text, _ := json.Marshal(settings) // parts of valid JSON
	return text
}

// earlierPlaces returns the file of an earlier draft of the same account, and the
// files that earlier drafts of other accounts go to.
func earlierPlaces(earlier []Placement, c credential.Content) (same string, taken []string) {
	for _, m := range earlier {
		other, err := m.Draft.Content()
		if m.Draft.APIKey == "" && err == nil && other.Type == c.Type &&
			credential.Compare(other, c) == credential.SameAccount {
			return m.Dest, nil
		}
		taken = append(taken, m.Dest)
	}
	return "", taken
}

// Origin returns the file that a draft was read from, else its provider.
func Origin(d *draft.Draft) string {
	if d.Source == "" {
		return d.Provider.Name
	}
	return d.Source
}

// placeKey decides on an API key. Another key is replaced only with Force.
func (p planner) placeKey(draft *draft.Draft) (Placement, error) {
	owner := draft.Provider
	if other := owner.Settings.APIKeyProvider; other != "" {
		p, err := provider.Find(p.cfg, other)
		if err != nil {
			return Placement{}, err
		}
		draft.Warn("api-key", "%s holds an API key instead of a sign-in; it becomes the API key of %s", Origin(draft), other)
		owner = p
	}
	draft.Provider = owner
	m := Placement{Draft: draft, Dest: auth.APIKeyFile(p.cfg, owner.Name), Text: []byte(draft.APIKey + "\n")}
	var err error
	if m.Old, err = p.readExisting(m.Dest, draft); err != nil {
		return m, err
	}
	m.Unchanged = m.Old != nil && bytes.Equal(bytes.TrimSpace(m.Old), []byte(draft.APIKey))
	if m.Old != nil && !m.Unchanged && !p.Force {
		return m, fault.New("destination-taken", "%s holds another API key of %s", m.Dest, owner.Name).
			WithHint("-force replaces it; the old one is moved to the trash")
	}
	return m, nil
}
