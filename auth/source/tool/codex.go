package tool

import (
	"cmp"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/auth/draft"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/printable"
)

// codexCLI returns OpenAI's Codex: auth.json (codex-rs/login/src/auth/storage.rs in
// github.com/openai/codex). Codex can keep it in the system's keyring instead,
// which FlowGate does not read.
func codexCLI() Tool {
	return Tool{
		Keeper: "codex-cli", Provider: "codex", refresh: "tokens.refresh_token",
		Places: func(env auth.Environment) []string {
			return []string{pathUnder(env, "CODEX_HOME", ".codex", "auth.json")}
		},
		Absent: `run codex login; if Codex keeps its credential in the keyring, first set ` +
			`cli_auth_credentials_store = "file" in its config.toml`,
		read: readCodex,
	}
}

// The ways to sign in to Codex, as auth_mode names them, in lower case and without
// separators.
const (
	codexChatGPT  = "chatgpt"
	codexExternal = "chatgptauthtokens" // tokens that another program renews
	codexAPIKey   = "apikey"
)

// readCodex reads auth.json.
func readCodex(doc gjson.Result, at Location) ([]draft.Draft, error) {
	tokens, key := doc.Get("tokens"), credential.FirstText(doc.Get("OPENAI_API_KEY"))
	mode := codexMode(doc)
	switch mode {
	case codexAPIKey:
		if key == "" {
			return nil, credential.Invalid(at.File, ErrOtherForm)
		}
		if strings.HasPrefix(key, "at-") {
			return nil, unsupportedCodex(at, "personalaccesstoken")
		}
		return []draft.Draft{{APIKey: key}}, nil
	case codexChatGPT, codexExternal:
	case "":
		return nil, credential.Invalid(at.File, ErrOtherForm)
	default:
		return nil, unsupportedCodex(at, mode)
	}
	if !tokens.IsObject() || credential.FirstText(tokens.Get("access_token")) == "" {
		return nil, credential.Invalid(at.File, ErrOtherForm)
	}
	if strings.HasPrefix(credential.FirstText(tokens.Get("access_token")), "at-") {
		return nil, unsupportedCodex(at, "personalaccesstoken")
	}
	return []draft.Draft{codexTokens(doc, at)}, nil
}

// codexMode returns how Codex is signed in: auth_mode, else what the file holds, in
// the order in which Codex itself looks. It returns "" if Codex is not signed in.
func codexMode(doc gjson.Result) string {
	if mode := credential.FirstText(doc.Get("auth_mode")); mode != "" {
		return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(mode))
	}
	for _, m := range [...]struct {
		mode string
		keys []string
	}{
		{"personalaccesstoken", []string{"personal_access_token", "personalAccessToken"}},
		{"bedrockapikey", []string{"bedrock_api_key", "bedrockApiKey"}},
		{codexAPIKey, []string{"OPENAI_API_KEY"}},
		{"agentidentity", []string{"agent_identity", "agentIdentity"}},
		{codexChatGPT, []string{"tokens"}},
	} {
		for _, key := range m.keys {
			if v := doc.Get(key); v.IsObject() || credential.FirstText(v) != "" {
				return m.mode
			}
		}
	}
	return ""
}

// unsupportedCodex returns the fault for a way to sign in that CLIProxyAPI has no
// credential file for.
func unsupportedCodex(at Location, mode string) error {
	names := map[string]string{
		"personalaccesstoken": "a personal access token (at-…)", "agentidentity": "an agent identity",
		"bedrockapikey": "an API key of Amazon Bedrock",
	}
	name, known := names[mode]
	if !known {
		name = "auth_mode " + printable.Excerpt(mode) + ", which FlowGate does not know"
	}
	return fault.New("source-unsupported", "%s: Codex is signed in with %s, which CLIProxyAPI cannot use", at.File, name).
		WithHint("mage auth:login codex signs in with a ChatGPT account; mage auth:login openai takes an API key of OpenAI")
}

// codexTokens returns the draft for tokens of ChatGPT.
func codexTokens(doc gjson.Result, at Location) draft.Draft {
	tokens := doc.Get("tokens")
	fields := pickTexts(tokens, "id_token", "access_token", "refresh_token", "account_id")
	id, _ := credential.ReadClaims(credential.FirstText(tokens.Get("id_token")))
	access, _ := credential.ReadClaims(credential.FirstText(tokens.Get("access_token")))
	for key, value := range map[string]string{
		"account_id": cmp.Or(id.Account, access.Account), "email": cmp.Or(id.Email, access.Email),
		"last_refresh": formatTime(doc.Get("last_refresh")),
	} {
		if fields[key] == nil {
			fields[key] = value
		}
	}
	if !access.ExpiresAt.IsZero() {
		fields["expired"] = credential.FormatTime(access.ExpiresAt)
	}
	d := draft.Draft{Fields: fields}
	d.CarryUnknown(tokens, at.File, "id_token", "access_token", "refresh_token", "account_id")
	return d
}
