package auth

import (
	"path/filepath"

	"github.com/tidwall/gjson"
)

// claudeCode is Anthropic's Claude Code: .credentials.json, on macOS an item of
// the keychain.
func claudeCode() source {
	return source{
		keeper: "claude-code", provider: "claude", refresh: "claudeAiOauth.refreshToken", keychain: "Claude Code-credentials",
		places: func(env Environment) []string {
			return []string{under(env, "CLAUDE_CONFIG_DIR", ".claude", ".credentials.json")}
		},
		absent: "run claude and sign in there (/login)",
		read:   readClaude,
	}
}

func readClaude(doc gjson.Result, at place) ([]draft, error) {
	oauth := doc.Get("claudeAiOauth")
	access := text(oauth.Get("accessToken"))
	if access == "" {
		return nil, invalid(at.file, errForeign)
	}
	fields := map[string]any{
		"access_token": access, "refresh_token": text(oauth.Get("refreshToken")), "id_token": "",
		"email": email(filepath.Join(filepath.Dir(at.file), ".claude.json"), at), "expired": expiry(oauth.Get("expiresAt")), "last_refresh": "",
	}
	d := draft{fields: fields, label: "claude-code"}
	if fields["email"] == "" {
		d.warn("email-unknown", "the file does not say whose account it is; -label=NAME gives it a name")
	}
	return []draft{d}, nil
}

// email is the account that Claude Code last signed in, from its own state:
// beside the credential under CLAUDE_CONFIG_DIR, else in the home folder.
func email(beside string, at place) string {
	for _, file := range [...]string{beside, filepath.Join(at.env.Getenv("HOME"), ".claude.json")} {
		data, err := readState(file)
		if err != nil {
			continue
		}
		if found := text(gjson.GetBytes(data, "oauthAccount.emailAddress")); found != "" {
			return found
		}
	}
	return ""
}
