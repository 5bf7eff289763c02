// Package credential reads credential files as CLIProxyAPI does: Parse returns the
// tokens, times and names in one, Content.Identity the provider's own ids, Compare
// whether two are of the same account.
//
// It sends nothing and writes nothing. Its types hold secrets: never print them.
package credential

import (
	"bytes"
	"errors"
	"time"

	"github.com/tidwall/gjson"
)

// Errors of Parse.
var (
	ErrEmpty   = errors.New("the file is empty")
	ErrNotJSON = errors.New("it is not JSON (truncated, binary, or something else)")
	errBOM     = errors.New("it begins with a byte-order mark, and CLIProxyAPI does not load such a file; save it " +
		"without one")
	errNotObject = errors.New("it is JSON, but not an object")
	ErrTooDeep   = errors.New("it is nested too deeply for a credential")
)

// Content is the content of one credential file. It holds secrets: never print it.
type Content struct {
	Type         string
	AccessToken  string // what requests to the provider carry: an access token or an API key
	RefreshToken string
	Email        string
	Plan         string
	Organization string // the organisation's name
	AccountID    string
	ExpiresAt    time.Time // zero when unknown
	RefreshedAt  time.Time
	raw          []byte // the whole file: Identity reads it on demand
	Disabled     bool
	HasBadExpiry bool   // the file has an expiry that cannot be read
	ExpirySource string // what ExpiresAt was read from, for people
}

// Parse reads the text of a credential file as leniently as CLIProxyAPI 7 does:
// a member whose value has another type than expected counts as absent. Errors:
// ErrEmpty, ErrNotJSON, ErrTooDeep, and others for JSON that is not an object or
// begins with a byte-order mark.
func Parse(data []byte) (Content, error) {
	if len(data) == 0 {
		return Content{}, ErrEmpty
	}
	if bytes.HasPrefix(data, byteOrderMark) {
		return Content{}, errBOM
	}
	doc, err := ReadObject(data)
	if err != nil {
		return Content{}, err
	}
	top := Members(doc)
	nested := Members(top["token"]) // gemini and others have the token in an object
	c := Content{
		Type:         FirstText(top["type"]),
		AccessToken:  FirstText(top["access_token"], nested["access_token"], top["api_key"], top["cookie"]),
		RefreshToken: FirstText(top["refresh_token"], nested["refresh_token"]),
		Email:        FirstText(top["email"], top["username"]),
		Plan:         FirstText(top["plan"], top["plan_type"], top["chatgpt_plan_type"]),
		Organization: FirstText(top["organization_name"]),
		AccountID:    FirstText(top["account_id"], top["account_uuid"], top["sub"]),
		Disabled:     top["disabled"].Type == gjson.True,
		raw:          data,
	}
	if c.AccessToken == "" && top["service_account"].IsObject() {
		c.AccessToken = FirstText(Members(top["service_account"])["private_key"])
	}
	c.readTimes(top, nested)
	c.fillFromClaims(FirstText(top["id_token"]))
	return c, nil
}

// maxDepth bounds how deeply objects and lists may be nested; credentials have
// three levels.
const maxDepth = 32

// ReadObject parses a JSON object. It checks the depth first, because parsing a
// file of brackets takes quadratic time or the whole stack.
func ReadObject(data []byte) (gjson.Result, error) {
	if isTooDeep(data) {
		return gjson.Result{}, ErrTooDeep
	}
	if !gjson.ValidBytes(data) {
		return gjson.Result{}, ErrNotJSON
	}
	doc := gjson.ParseBytes(data)
	if !doc.IsObject() {
		return gjson.Result{}, errNotObject
	}
	return doc, nil
}

// isTooDeep reports whether a JSON text is nested deeper than maxDepth.
func isTooDeep(data []byte) bool {
	if bytes.Count(data, []byte("{"))+bytes.Count(data, []byte("[")) <= maxDepth {
		return false
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
	return deepest > maxDepth
}

// readTimes sets the expiry and the last refresh.
func (c *Content) readTimes(top, nested map[string]gjson.Result) {
	at, ok, given := readFirstTime(top, ExpiryKeys())
	if !ok {
		inner, innerOK, innerGiven := readFirstTime(nested, ExpiryKeys())
		at, ok, given = inner, innerOK, given || innerGiven
	}
	c.HasBadExpiry = given && !ok
	if ok {
		c.ExpiresAt, c.ExpirySource = at, "the file"
	} else if claims, isJWT := ReadClaims(c.AccessToken); isJWT && !claims.ExpiresAt.IsZero() {
		c.ExpiresAt, c.ExpirySource = claims.ExpiresAt, "the access token itself"
	}
	c.RefreshedAt, _, _ = readFirstTime(top, refreshKeys())
}

// fillFromClaims takes from the ID token what the file itself does not have.
func (c *Content) fillFromClaims(idToken string) {
	if idToken == "" || c.Email != "" && c.Plan != "" && c.AccountID != "" {
		return
	}
	id, ok := ReadClaims(idToken)
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

// Members returns the members of an object by key. If a key occurs several times, the
// last one counts, as in encoding/json. A value that is not an object has no members.
func Members(v gjson.Result) map[string]gjson.Result {
	members := map[string]gjson.Result{}
	if v.IsObject() {
		v.ForEach(func(key, value gjson.Result) bool {
			members[key.Str] = value
			return true
		})
	}
	return members
}
