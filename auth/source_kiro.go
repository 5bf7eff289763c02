package auth

import (
	"path/filepath"
	"strings"

	"github.com/tidwall/gjson"
)

// kiroIDE is Amazon's Kiro: kiro-auth-token.json in the AWS SSO cache and, for
// an organisation's sign-in, the client registration beside it.
func kiroIDE() source {
	return source{
		keeper: "kiro", provider: "kiro", refresh: "refreshToken",
		places: func(env Environment) []string {
			return []string{filepath.Join(env.Getenv("HOME"), ".aws", "sso", "cache", "kiro-auth-token.json")}
		},
		absent: "sign in to Kiro",
		read:   readKiro,
	}
}

func readKiro(doc gjson.Result, at place) ([]draft, error) {
	access := text(doc.Get("accessToken"))
	if access == "" || text(doc.Get("authMethod"), doc.Get("profileArn"), doc.Get("provider")) == "" {
		return nil, invalid(at.file, errForeign)
	}
	fields := map[string]any{"access_token": access}
	for from, to := range map[string]string{
		"refreshToken": "refresh_token", "profileArn": "profile_arn", "provider": "provider", "region": "region", "startUrl": "start_url", "email": "email",
	} {
		if value := text(doc.Get(from)); value != "" {
			fields[to] = value
		}
	}
	method := strings.ToLower(text(doc.Get("authMethod")))
	fields["auth_method"], fields["expires_at"] = method, expiry(doc.Get("expiresAt"))
	d := draft{fields: fields, label: "kiro", name: "kiro-" + method + ".json"}
	if email, ok := fields["email"].(string); ok {
		d.name = "kiro-" + method + "-" + strings.NewReplacer("@", "-", ".", "-").Replace(email) + ".json"
	}
	d.name = safeName(d.name)
	if hash := text(doc.Get("clientIdHash")); hash != "" {
		d.register(hash, at)
	}
	return []draft{d}, nil
}

// register adds the client that the sign-in was made with; without it the
// token cannot be renewed.
func (d *draft) register(hash string, at place) {
	if strings.Trim(hash, "0123456789abcdefABCDEF") != "" {
		d.warn("registration-missing", "clientIdHash is no hash; the client registration was not looked for")
		return
	}
	file := filepath.Join(filepath.Dir(at.file), hash+".json")
	data, err := readSource(file)
	client := gjson.ParseBytes(data)
	if err != nil || !gjson.ValidBytes(data) || text(client.Get("clientId")) == "" {
		d.warn("registration-missing", "the client registration %s cannot be read, so the token cannot be renewed", file)
		return
	}
	d.fields["client_id"], d.fields["client_secret"] = text(client.Get("clientId")), text(client.Get("clientSecret"))
}
