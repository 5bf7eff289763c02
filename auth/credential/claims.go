package credential

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// Claims are what a JSON Web Token says about its owner. Its signature is not
// checked: nothing is granted because of them, they only name an account.
type Claims struct {
	Email     string
	Plan      string
	Account   string
	Subject   string
	ExpiresAt time.Time // zero when the token does not say
}

// Where the known issuers put them: OpenID Connect's standard claims, then
// OpenAI's (github.com/openai/codex, codex-rs/login/src/token_data.rs).
const (
	claimAuth    = `https://api\.openai\.com/auth`
	claimProfile = `https://api\.openai\.com/profile`
)

// ReadClaims returns the claims of a JWT; ok is false when token is none.
func ReadClaims(token string) (c Claims, ok bool) {
	_, rest, found := strings.Cut(token, ".")
	body, _, signed := strings.Cut(rest, ".")
	if !found || !signed {
		return c, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(body, "="))
	if err != nil {
		return c, false
	}
	doc, err := ReadObject(payload)
	if err != nil {
		return c, false
	}
	c = Claims{
		Email:   FirstText(doc.Get("email"), doc.Get(claimProfile+".email")),
		Plan:    FirstText(doc.Get(claimAuth + ".chatgpt_plan_type")),
		Account: FirstText(doc.Get(claimAuth + ".chatgpt_account_id")),
		Subject: FirstText(doc.Get("sub")),
	}
	if exp := doc.Get("exp"); exp.Exists() {
		if at, ok := ReadTime(exp); ok {
			c.ExpiresAt = at
		}
	}
	return c, true
}

// FirstText is the first of the values that is a text and not blank.
func FirstText(values ...gjson.Result) string {
	for _, v := range values {
		if s := strings.TrimSpace(v.Str); v.Type == gjson.String && s != "" {
			return s
		}
	}
	return ""
}
