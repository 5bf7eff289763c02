package auth

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// claims are what a JSON Web Token says about its owner. Its signature is not
// checked: nothing is granted because of them, they only name an account.
type claims struct {
	Email   string
	Plan    string
	Account string
	Subject string
	Expires time.Time // zero when the token does not say
}

// Where the known issuers put them: OpenID Connect's standard claims, then
// OpenAI's (github.com/openai/codex, codex-rs/login/src/token_data.rs).
const (
	claimAuth    = `https://api\.openai\.com/auth`
	claimProfile = `https://api\.openai\.com/profile`
)

// readClaims returns the claims of a JWT; ok is false when token is none.
func readClaims(token string) (c claims, ok bool) {
	_, rest, found := strings.Cut(token, ".")
	body, _, signed := strings.Cut(rest, ".")
	if !found || !signed {
		return c, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(body, "="))
	if err != nil {
		return c, false
	}
	doc, err := readObject(payload)
	if err != nil {
		return c, false
	}
	c = claims{
		Email:   text(doc.Get("email"), doc.Get(claimProfile+".email")),
		Plan:    text(doc.Get(claimAuth + ".chatgpt_plan_type")),
		Account: text(doc.Get(claimAuth + ".chatgpt_account_id")),
		Subject: text(doc.Get("sub")),
	}
	if exp := doc.Get("exp"); exp.Exists() {
		if at, ok := moment(exp); ok {
			c.Expires = at
		}
	}
	return c, true
}

// text is the first of the values that is a text and not blank.
func text(values ...gjson.Result) string {
	for _, v := range values {
		if s := strings.TrimSpace(v.Str); v.Type == gjson.String && s != "" {
			return s
		}
	}
	return ""
}
