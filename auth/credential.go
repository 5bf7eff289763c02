package auth

import (
	"bytes"
	"errors"
	"time"

	"github.com/tidwall/gjson"
)

// Errors of parse.
var (
	errEmpty     = errors.New("the file is empty")
	errNotJSON   = errors.New("it is no JSON (truncated, binary, or something else)")
	errNotObject = errors.New("it is JSON, but no object")
	errTooDeep   = errors.New("it is nested too deeply for a credential")
)

// credential is the content of one file that CLIProxyAPI loads. It holds
// secrets: never print it.
type credential struct {
	Type      string
	Access    string // what is presented to the provider: an access token or a key
	Refresh   string
	Email     string
	Plan      string
	Team      string // name of the organisation
	AccountID string
	Expires   time.Time // zero when the file does not say
	Refreshed time.Time
	raw       []byte // the file: identity reads it when it is asked
	Disabled  bool
	BadTime   bool // an expiry is there and cannot be read
	From      string
}

// parse reads a credential file as leniently as CLIProxyAPI 7 does. Values of a
// wrong type count as absent.
func parse(data []byte) (credential, error) {
	if len(data) == 0 {
		return credential{}, errEmpty
	}
	doc, err := readObject(data)
	if err != nil {
		return credential{}, err
	}
	top := object(doc)
	nested := object(top["token"]) // gemini's and others' inner token
	c := credential{
		Type:      text(top["type"]),
		Access:    text(top["access_token"], nested["access_token"], top["api_key"], top["cookie"]),
		Refresh:   text(top["refresh_token"], nested["refresh_token"]),
		Email:     text(top["email"], top["username"]),
		Plan:      text(top["plan"], top["plan_type"], top["chatgpt_plan_type"]),
		Team:      text(top["organization_name"]),
		AccountID: text(top["account_id"], top["account_uuid"], top["sub"]),
		Disabled:  top["disabled"].Type == gjson.True,
		raw:       data,
	}
	if c.Access == "" && top["service_account"].IsObject() {
		c.Access = text(object(top["service_account"])["private_key"])
	}
	c.times(top, nested)
	c.claims(text(top["id_token"]))
	return c, nil
}

// maxDepth is how deep objects and lists may lie in each other; credentials have
// three levels.
const maxDepth = 32

// readObject reads a JSON object. The depth is looked at first: readers of JSON
// take quadratic time, or the whole stack, for a file of brackets.
func readObject(data []byte) (gjson.Result, error) {
	if depthOf(data) > maxDepth {
		return gjson.Result{}, errTooDeep
	}
	if !gjson.ValidBytes(data) {
		return gjson.Result{}, errNotJSON
	}
	doc := gjson.ParseBytes(data)
	if !doc.IsObject() {
		return gjson.Result{}, errNotObject
	}
	return doc, nil
}

// depthOf is the greatest number of objects and lists around one place of a
// JSON text. It counts no further than just over maxDepth.
func depthOf(data []byte) int {
	if opened := bytes.Count(data, []byte("{")) + bytes.Count(data, []byte("[")); opened <= maxDepth {
		return opened // it cannot be deeper
	}
	depth, deepest, quoted := 0, 0, false
	for i := 0; i < len(data) && deepest <= maxDepth; i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
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
