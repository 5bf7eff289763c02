package tool

import (
	"cmp"
	"path/filepath"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/auth/draft"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// kiroIDE returns Amazon's Kiro: kiro-auth-token.json in the AWS SSO cache and, for
// an organisation's sign-in, the client registration beside it.
func kiroIDE() Tool {
	return Tool{
		Keeper: "kiro", Provider: "kiro", refresh: "refreshToken",
		Places: func(env auth.Environment) []string {
			home := env.Getenv("HOME")
			return append([]string{
				filepath.Join(home, ".aws", "sso", "cache", "kiro-auth-token.json"),
				filepath.Join(home, ".kiro", "kiro-auth-token.json"),
			}, kiroCLI(env)...)
		},
		Absent: "sign in to Kiro",
		read:   readKiro,
	}
}

// kiroCLI returns the database of kiro-cli.
func kiroCLI(env auth.Environment) []string {
	if env.GOOS == "darwin" {
		return []string{filepath.Join(env.Getenv("HOME"), "Library", "Application Support", "kiro-cli", "data.sqlite3")}
	}
	return []string{filepath.Join(pathUnder(env, "XDG_DATA_HOME", filepath.Join(".local", "share")), "kiro-cli",
		"data.sqlite3")}
}

// kiroFields maps the names of Kiro's members to those in CLIProxyAPIPlus's files.
// The IDE writes the former, kiro-cli's database the latter.
func kiroFields() map[string]string {
	return map[string]string{
		"refreshToken": "refresh_token", "profileArn": "profile_arn", "provider": "provider", "region": "region",
		"startUrl": "start_url", "email": "email",
		"tokenEndpoint": "token_endpoint", "issuerUrl": "issuer_url", "clientId": "client_id",
		"clientSecret": "client_secret", "clientIdHash": "client_id_hash",
		"scopes": "scopes",
	}
}

// readKiro reads kiro-auth-token.json, or a token that kiro-cli wrote.
func readKiro(doc gjson.Result, at Location) ([]draft.Draft, error) {
	access := credential.FirstText(doc.Get("accessToken"), doc.Get("access_token"))
	if access == "" || credential.FirstText(doc.Get("authMethod"), doc.Get("auth_method"), doc.Get("profileArn"),
		doc.Get("profile_arn"), doc.Get("provider"),
		doc.Get("start_url"), doc.Get("oauth_flow")) == "" {
		return nil, credential.Invalid(at.File, ErrOtherForm)
	}
	fields, known := copyKiroFields(doc)
	fields["access_token"] = access
	method := strings.ToLower(credential.FirstText(doc.Get("authMethod"), doc.Get("auth_method")))
	if method == "" && fields["client_secret"] != nil {
		method = "idc" // kiro-cli does not write it
	}
	fields["auth_method"], fields["expires_at"] = method, cmp.Or(formatTime(doc.Get("expiresAt")),
		formatTime(doc.Get("expires_at")))
	d := draft.Draft{Fields: fields, Label: "kiro", Name: kiroFileName(method, fields)}
	if doc.Get("refresh_token").Exists() {
		d.RefreshPath = "refresh_token"
	}
	if hash, ok := fields["client_id_hash"].(string); ok && fields["client_secret"] == nil {
		addRegistration(&d, hash, at)
	}
	if method == credential.KiroExternalIDP && (fields["token_endpoint"] == nil || fields["client_id"] == nil) {
		return nil, fault.New("source-unsupported",
			"%s is a sign-in at an organisation's identity provider without tokenEndpoint and clientId, so it could not be "+
				"renewed", at.File).
			WithHint("sign in to Kiro again and import at once; or mage auth:login kiro")
	}
	d.CarryUnknown(doc, at.File, known...)
	return []draft.Draft{d}, nil
}

// copyKiroFields returns the fields of kiroFields under CLIProxyAPI's names, and the
// names of all members that readKiro understands.
func copyKiroFields(doc gjson.Result) (fields map[string]any, known []string) {
	fields = map[string]any{}
	known = []string{"accessToken", "access_token", "expiresAt", "expires_at", "authMethod", "auth_method", "oauth_flow"}
	for from, to := range kiroFields() {
		known = append(known, from, to)
		for _, name := range [...]string{from, to} {
			if value := draft.TextOrTexts(doc.Get(name)); value != nil {
				fields[to] = value
			}
		}
	}
	return fields, known
}

// kiroFileName returns the name that CLIProxyAPI gives to the credential file.
func kiroFileName(method string, fields map[string]any) string {
	if email, ok := fields["email"].(string); ok {
		method += "-" + strings.NewReplacer("@", "-", ".", "-").Replace(email)
	}
	return draft.SafeName("kiro-" + method + ".json")
}

// addRegistration adds the OAuth client that the sign-in was made with; without it
// the token cannot be renewed.
func addRegistration(d *draft.Draft, hash string, at Location) {
	if strings.Trim(hash, "0123456789abcdefABCDEF") != "" {
		d.Warn("registration-missing", "clientIdHash is not a hash; the client registration was not read")
		delete(d.Fields, "client_id_hash")
		return
	}
	file := filepath.Join(filepath.Dir(at.File), hash+".json")
	data, err := credential.ReadFile(file)
	client, parseErr := credential.ReadObject(data)
	if err != nil || parseErr != nil || credential.FirstText(client.Get("clientId")) == "" {
		d.Warn("registration-missing", "the client registration %s cannot be read, so the token cannot be renewed", file)
		return
	}
	d.Fields["client_id"], d.Fields["client_secret"] = credential.FirstText(client.Get("clientId")),
		credential.FirstText(client.Get("clientSecret"))
}
