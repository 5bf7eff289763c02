package auth

import (
	"errors"
	"time"

	"github.com/tidwall/gjson"
)

// Errors of parse.
var (
	errEmpty     = errors.New("the file is empty")
	errNotJSON   = errors.New("it is no JSON (truncated, binary, or something else)")
	errNotObject = errors.New("it is JSON, but no object")
)

// credential is the content of one file that CLIProxyAPI loads. It holds
// secrets: never print it.
type credential struct {
	Type      string
	Access    string // what is presented to the provider: an access token or a key
	Refresh   string
	Email     string
	Plan      string
	AccountID string
	Expires   time.Time // zero when the file does not say
	Refreshed time.Time
	Disabled  bool
	BadTime   bool // an expiry is there and cannot be read
	From      string
}

// parse reads a credential file as leniently as CLIProxyAPI 7 does. Values of a
// wrong type count as absent.
func parse(data []byte) (credential, error) {
	switch {
	case len(data) == 0:
		return credential{}, errEmpty
	case !gjson.ValidBytes(data):
		return credential{}, errNotJSON
	}
	doc := gjson.ParseBytes(data)
	if !doc.IsObject() {
		return credential{}, errNotObject
	}
	top := object(doc)
	nested := object(top["token"]) // gemini's and others' inner token
	c := credential{
		Type:      text(top["type"]),
		Access:    text(top["access_token"], nested["access_token"], top["api_key"], top["cookie"]),
		Refresh:   text(top["refresh_token"], nested["refresh_token"]),
		Email:     text(top["email"], top["username"]),
		Plan:      text(top["plan"], top["plan_type"], top["chatgpt_plan_type"]),
		AccountID: text(top["account_id"], top["account_uuid"], top["sub"]),
		Disabled:  top["disabled"].Type == gjson.True,
	}
	if c.Access == "" && top["service_account"].IsObject() {
		c.Access = text(object(top["service_account"])["private_key"])
	}
	c.times(top, nested)
	c.claims(text(top["id_token"]))
	return c, nil
}

func (c *credential) times(top, nested map[string]gjson.Result) {
	at, ok, given := firstMoment(top, expiryKeys())
	if !ok {
		inner, innerOK, innerGiven := firstMoment(nested, expiryKeys())
		at, ok, given = inner, innerOK, given || innerGiven
	}
	c.BadTime = given && !ok
	if ok {
		c.Expires, c.From = at, "the file"
	} else if own, isJWT := readClaims(c.Access); isJWT && !own.Expires.IsZero() {
		c.Expires, c.From = own.Expires, "the access token itself"
	}
	c.Refreshed, _, _ = firstMoment(top, refreshedKeys())
}

// claims fills in what the file itself does not say.
func (c *credential) claims(idToken string) {
	if idToken == "" || c.Email != "" && c.Plan != "" && c.AccountID != "" {
		return
	}
	id, ok := readClaims(idToken)
	if !ok {
		return
	}
	for _, fill := range [...]struct {
		into *string
		from string
	}{{&c.Email, id.Email}, {&c.Plan, id.Plan}, {&c.AccountID, id.Account}} {
		if *fill.into == "" {
			*fill.into = fill.from
		}
	}
}

// object is v's members by key; the last of several with one key counts, as in
// encoding/json.
func object(v gjson.Result) map[string]gjson.Result {
	members := map[string]gjson.Result{}
	if v.IsObject() {
		v.ForEach(func(key, value gjson.Result) bool {
			members[key.Str] = value
			return true
		})
	}
	return members
}
