package auth

import (
	"path/filepath"
	"strings"

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
	oauth, refresh := doc.Get("claudeAiOauth"), ""
	if !oauth.Exists() { // as some of its relatives write it
		oauth, refresh = doc, "refreshToken"
	}
	access := text(oauth.Get("accessToken"))
	if access == "" || !oauth.Get("refreshToken").Exists() && refresh != "" || doc.Get("authMethod").Exists() {
		return nil, invalid(at.file, errForeign)
	}
	owner := claudeOwner(doc, at)
	d := draft{label: "claude-code", refresh: refresh, fields: map[string]any{
		"access_token": access, "refresh_token": text(oauth.Get("refreshToken")), "id_token": "",
		"email": owner.email, "expired": expiry(oauth.Get("expiresAt")), "last_refresh": "",
	}}
	for key, value := range map[string]string{"organization_uuid": owner.organization, "account_uuid": owner.account, "organization_name": owner.name} {
		if value != "" {
			d.fields[key] = value
		}
	}
	d.carry(oauth, at, "accessToken", "refreshToken", "expiresAt", "refreshTokenExpiresAt", "scopes", "subscriptionType", "rateLimitTier",
		"isMax", "clientId", "organizationUuid", "accountUuid", "emailAddress", "mcpOAuth", "organizationName")
	if owner.email == "" {
		d.warn("email-unknown", "the file does not say whose account it is; -label=NAME gives it a name")
	}
	return []draft{d}, nil
}

// owner is whose sign-in Claude Code has.
type owner struct{ email, account, organization, name string }

// claudeOwner reads the owner from the credential itself and from Claude Code's
// own state: beside the credential under CLAUDE_CONFIG_DIR, else in the home
// folder. A state of another organisation is of an earlier sign-in.
func claudeOwner(doc gjson.Result, at place) owner {
	own := doc.Get("claudeAiOauth")
	o := owner{
		email:        text(own.Get("emailAddress"), doc.Get("emailAddress")),
		account:      text(own.Get("accountUuid"), doc.Get("accountUuid")),
		organization: text(own.Get("organizationUuid"), doc.Get("organizationUuid")),
		name:         text(own.Get("organizationName"), doc.Get("organizationName")),
	}
	for _, file := range [...]string{filepath.Join(filepath.Dir(at.file), ".claude.json"), filepath.Join(at.env.Getenv("HOME"), ".claude.json")} {
		data, err := readState(file)
		if err != nil {
			continue
		}
		state := gjson.GetBytes(data, "oauthAccount")
		organization := text(state.Get("organizationUuid"))
		if differs(o.organization, organization) || differs(o.account, text(state.Get("accountUuid"))) || text(state.Get("emailAddress")) == "" {
			continue
		}
		return owner{
			firstOf(o.email, text(state.Get("emailAddress"))), firstOf(o.account, text(state.Get("accountUuid"))),
			firstOf(o.organization, organization), firstOf(o.name, text(state.Get("organizationName"))),
		}
	}
	return o
}

// differs reports whether both are known and not equal.
func differs(a, b string) bool { return a != "" && b != "" && !strings.EqualFold(a, b) }
