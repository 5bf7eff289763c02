package auth

import (
	"github.com/tidwall/gjson"
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

func readCodex(doc gjson.Result, at place) ([]draft, error) {
	tokens := doc.Get("tokens")
	if key := text(doc.Get("OPENAI_API_KEY")); key != "" && text(tokens.Get("access_token")) == "" {
		return []draft{{key: key}}, nil
	}
	if !tokens.IsObject() || text(tokens.Get("access_token")) == "" {
		return nil, invalid(at.file, errForeign)
	}
	fields := copied(tokens, "id_token", "access_token", "refresh_token", "account_id")
	id, _ := readClaims(text(tokens.Get("id_token")))
	access, _ := readClaims(text(tokens.Get("access_token")))
	for key, value := range map[string]string{"account_id": id.Account, "email": id.Email, "last_refresh": expiry(doc.Get("last_refresh"))} {
		if fields[key] == nil {
			fields[key] = value
		}
	}
	if !access.Expires.IsZero() {
		fields["expired"] = stamp(access.Expires)
	}
	return []draft{{fields: fields}}, nil
}
