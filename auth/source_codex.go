package auth

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// codexCLI is OpenAI's Codex: auth.json (codex-rs/login/src/auth/storage.rs in
// github.com/openai/codex). It may keep it in the system's keyring instead,
// which nothing else reads.
func codexCLI() source {
	return source{
		keeper: "codex-cli", provider: "codex", refresh: "tokens.refresh_token",
		places: func(env Environment) []string { return []string{under(env, "CODEX_HOME", ".codex", "auth.json")} },
		absent: `run codex login; if Codex keeps its credential in the keyring, set cli_auth_credentials_store = "file" in its config.toml first`,
		read:   readCodex,
	}
}

// The ways in which Codex may be signed in, as auth_mode names them, in lower
// case and without separators.
const (
	codexChatGPT  = "chatgpt"
	codexExternal = "chatgptauthtokens" // tokens that another program renews
	codexAPIKey   = "apikey"
)

func readCodex(doc gjson.Result, at place) ([]draft, error) {
	tokens, key := doc.Get("tokens"), text(doc.Get("OPENAI_API_KEY"))
	mode := codexMode(doc)
	switch mode {
	case codexAPIKey:
		if key == "" {
			return nil, invalid(at.file, errForeign)
		}
		if strings.HasPrefix(key, "at-") {
			return nil, unsupportedCodex(at, "personalaccesstoken")
		}
		return []draft{{key: key}}, nil
	case codexChatGPT, codexExternal:
	case "":
		return nil, invalid(at.file, errForeign)
	default:
		return nil, unsupportedCodex(at, mode)
	}
	if !tokens.IsObject() || text(tokens.Get("access_token")) == "" {
		return nil, invalid(at.file, errForeign)
	}
	if strings.HasPrefix(text(tokens.Get("access_token")), "at-") {
		return nil, unsupportedCodex(at, "personalaccesstoken")
	}
	return []draft{codexTokens(doc, at)}, nil
}

// codexMode is how Codex is signed in: what auth_mode says, else in the order in
// which Codex itself looks. "" when it is not.
func codexMode(doc gjson.Result) string {
	if mode := text(doc.Get("auth_mode")); mode != "" {
		return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(mode))
	}
	for _, m := range [...]struct {
		modes string
		keys  []string
	}{
		{"personalaccesstoken", []string{"personal_access_token", "personalAccessToken"}},
		{"bedrockapikey", []string{"bedrock_api_key", "bedrockApiKey"}},
		{codexAPIKey, []string{"OPENAI_API_KEY"}},
		{"agentidentity", []string{"agent_identity", "agentIdentity"}},
		{codexChatGPT, []string{"tokens"}},
	} {
		for _, key := range m.keys {
			if v := doc.Get(key); v.IsObject() || text(v) != "" {
				return m.modes
			}
		}
	}
	return ""
}

// unsupportedCodex refuses, by its name, a way to sign in that CLIProxyAPI has
// no credential file for.
func unsupportedCodex(at place, mode string) error {
	names := map[string]string{
		"personalaccesstoken": "a personal access token (at-…)", "agentidentity": "an agent identity", "bedrockapikey": "an API key of Amazon Bedrock",
	}
	name, known := names[mode]
	if !known {
		name = "auth_mode " + shown(mode) + ", which FlowGate does not know"
	}
	return fault.New("source-unsupported", "%s: Codex is signed in with %s, and CLIProxyAPI cannot use that", at.file, name).
		WithHint("mage auth:login codex signs in with a ChatGPT account; mage auth:login openai takes an API key of OpenAI")
}

func codexTokens(doc gjson.Result, at place) draft {
	tokens := doc.Get("tokens")
	fields := copied(tokens, "id_token", "access_token", "refresh_token", "account_id")
	id, _ := readClaims(text(tokens.Get("id_token")))
	access, _ := readClaims(text(tokens.Get("access_token")))
	for key, value := range map[string]string{
		"account_id": firstOf(id.Account, access.Account), "email": firstOf(id.Email, access.Email), "last_refresh": expiry(doc.Get("last_refresh")),
	} {
		if fields[key] == nil {
			fields[key] = value
		}
	}
	if !access.Expires.IsZero() {
		fields["expired"] = stamp(access.Expires)
	}
	d := draft{fields: fields}
	d.carry(tokens, at, "id_token", "access_token", "refresh_token", "account_id")
	return d
}
