package credential

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// Claims are the claims of a JSON Web Token about its owner. The signature is not
// verified, because they only name an account and grant nothing.
type Claims struct {
	Email     string
	Plan      string
	Account   string
	Subject   string
	ExpiresAt time.Time // zero when the token has none
}

// The paths of the claims: OpenID Connect's standard claims, then
// OpenAI's (github.com/openai/codex, codex-rs/login/src/token_data.rs).
const (
	claimAuth    = `https://api\.openai\.com/auth`
	claimProfile = `https://api\.openai\.com/profile`
)

// ReadClaims returns the claims of a JWT; ok is false if token is not a JWT.
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

// FirstText returns the first of the values that is a nonblank string, trimmed; ""
// if none is.
func FirstText(values ...gjson.Result) string {
	for _, v := range values {
		if s := strings.TrimSpace(v.Str); v.Type == gjson.String && s != "" {
			return s
		}
	}
	return ""
}
