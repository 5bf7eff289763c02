package auth

import (
	"path/filepath"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// externalIDP is Kiro's sign-in at an organisation's own identity provider.
const externalIDP = "external_idp"

// kiroIDE is Amazon's Kiro: kiro-auth-token.json in the AWS SSO cache and, for
// an organisation's sign-in, the client registration beside it.
func kiroIDE() source {
	return source{
		keeper: "kiro", provider: "kiro", refresh: "refreshToken",
		places: func(env Environment) []string {
			home := env.Getenv("HOME")
			return append([]string{
				filepath.Join(home, ".aws", "sso", "cache", "kiro-auth-token.json"), filepath.Join(home, ".kiro", "kiro-auth-token.json"),
			}, kiroCLI(env)...)
		},
		absent: "sign in to Kiro",
		read:   readKiro,
	}
}

// kiroCLI is where kiro-cli keeps its database.
func kiroCLI(env Environment) []string {
	if env.GOOS == "darwin" {
		return []string{filepath.Join(env.Getenv("HOME"), "Library", "Application Support", "kiro-cli", "data.sqlite3")}
	}
	return []string{filepath.Join(under(env, "XDG_DATA_HOME", filepath.Join(".local", "share")), "kiro-cli", "data.sqlite3")}
}

// kiroFields are the names of Kiro's members in CLIProxyAPIPlus's files. The IDE
// writes the former, kiro-cli's database the latter.
func kiroFields() map[string]string {
	return map[string]string{
		"refreshToken": "refresh_token", "profileArn": "profile_arn", "provider": "provider", "region": "region", "startUrl": "start_url", "email": "email",
		"tokenEndpoint": "token_endpoint", "issuerUrl": "issuer_url", "clientId": "client_id", "clientSecret": "client_secret", "clientIdHash": "client_id_hash",
		"scopes": "scopes",
	}
}

func readKiro(doc gjson.Result, at place) ([]draft, error) {
	access := text(doc.Get("accessToken"), doc.Get("access_token"))
	if access == "" || text(doc.Get("authMethod"), doc.Get("auth_method"), doc.Get("profileArn"), doc.Get("profile_arn"), doc.Get("provider"),
		doc.Get("start_url"), doc.Get("oauth_flow")) == "" {
		return nil, invalid(at.file, errForeign)
	}
	fields := map[string]any{"access_token": access}
	known := []string{"accessToken", "access_token", "expiresAt", "expires_at", "authMethod", "auth_method", "oauth_flow"}
	for from, to := range kiroFields() {
		known = append(known, from, to)
		for _, name := range [...]string{from, to} {
			if value := kiroValue(doc.Get(name)); value != nil {
				fields[to] = value
			}
		}
	}
	method := strings.ToLower(text(doc.Get("authMethod"), doc.Get("auth_method")))
	if method == "" && fields["client_secret"] != nil {
		method = "idc" // kiro-cli does not say it
	}
	fields["auth_method"], fields["expires_at"] = method, firstOf(expiry(doc.Get("expiresAt")), expiry(doc.Get("expires_at")))
	d := draft{fields: fields, label: "kiro", name: "kiro-" + method + ".json"}
	if doc.Get("refresh_token").Exists() {
		d.refresh = "refresh_token"
	}
	if email, ok := fields["email"].(string); ok {
		d.name = "kiro-" + method + "-" + strings.NewReplacer("@", "-", ".", "-").Replace(email) + ".json"
	}
	d.name = safeName(d.name)
	if hash, ok := fields["client_id_hash"].(string); ok && fields["client_secret"] == nil {
		d.register(hash, at)
	}
	if method == externalIDP && (fields["token_endpoint"] == nil || fields["client_id"] == nil) {
		return nil, fault.New("source-unsupported", "%s is a sign-in at an organisation's identity provider without tokenEndpoint and clientId, so it could not be renewed", at.file).
			WithHint("sign in to Kiro again and import at once; or mage auth:login kiro")
	}
	d.carry(doc, at, known...)
	return []draft{d}, nil
}

// kiroValue is a text, or a list of texts; nil for everything else.
func kiroValue(v gjson.Result) any {
	if s := text(v); s != "" {
		return s
	}
	var list []string
	for _, item := range v.Array() {
		if v.IsArray() && item.Type == gjson.String {
			list = append(list, item.Str)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return list
}

// register adds the client that the sign-in was made with; without it the
// token cannot be renewed.
func (d *draft) register(hash string, at place) {
	if strings.Trim(hash, "0123456789abcdefABCDEF") != "" {
		d.warn("registration-missing", "clientIdHash is not a hash; the client registration was not looked for")
		delete(d.fields, "client_id_hash")
		return
	}
	file := filepath.Join(filepath.Dir(at.file), hash+".json")
	data, err := readSource(file)
	client, bad := readObject(data)
	if err != nil || bad != nil || text(client.Get("clientId")) == "" {
		d.warn("registration-missing", "the client registration %s cannot be read, so the token cannot be renewed", file)
		return
	}
	d.fields["client_id"], d.fields["client_secret"] = text(client.Get("clientId")), text(client.Get("clientSecret"))
}

// unsupportedDatabase refuses a database of kiro-cli and says how its content
// becomes a file that can be imported.
func unsupportedDatabase(file string) error {
	return fault.New("source-unsupported", "%s is a SQLite database, as kiro-cli keeps its sign-in, and FlowGate reads files of JSON only", file).
		WithHint(`sqlite3 %q "select json_patch(coalesce((select value from auth_kv where key like '%%:odic:device-registration'), '{}'), value) from auth_kv where key like 'kirocli:%%:token'" > kiro.json (chmod 600), then mage auth:import kiro -source=kiro.json; or sign in with mage auth:login kiro`, file)
}
