package tool

import (
	"cmp"
	"path/filepath"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/auth/draft"
)

// claudeCode returns Anthropic's Claude Code: .credentials.json, on macOS an item of
// the keychain.
func claudeCode() Tool {
	return Tool{
		Keeper: "claude-code", Provider: "claude", refresh: "claudeAiOauth.refreshToken", keychain: "Claude Code-credentials",
		Places: func(env auth.Environment) []string {
			return []string{pathUnder(env, "CLAUDE_CONFIG_DIR", ".claude", ".credentials.json")}
		},
		Absent: "run claude and sign in there (/login)",
		read:   readClaude,
	}
}

// readClaude reads .credentials.json.
func readClaude(doc gjson.Result, at Location) ([]draft.Draft, error) {
	oauth, refresh := doc.Get("claudeAiOauth"), ""
	if !oauth.Exists() { // programs derived from Claude Code write the members at the top level
		oauth, refresh = doc, "refreshToken"
	}
	access := credential.FirstText(oauth.Get("accessToken"))
	if access == "" || !oauth.Get("refreshToken").Exists() && refresh != "" || doc.Get("authMethod").Exists() {
		return nil, credential.Invalid(at.File, ErrOtherForm)
	}
	owner := claudeOwner(doc, at)
	d := draft.Draft{Label: "claude-code", RefreshPath: refresh, Fields: map[string]any{
		"access_token": access, "refresh_token": credential.FirstText(oauth.Get("refreshToken")), "id_token": "",
		"email": owner.email, "expired": formatTime(oauth.Get("expiresAt")), "last_refresh": "",
	}}
	for key, value := range map[string]string{"organization_uuid": owner.organization, "account_uuid": owner.account,
		"organization_name": owner.name} {
		if value != "" {
			d.Fields[key] = value
		}
	}
	d.CarryUnknown(oauth, at.File, "accessToken", "refreshToken", "expiresAt", "refreshTokenExpiresAt", "scopes",
		"subscriptionType", "rateLimitTier",
		"isMax", "clientId", "organizationUuid", "accountUuid", "emailAddress", "mcpOAuth", "organizationName")
	if owner.email == "" {
		d.Warn("email-unknown", "the file does not name its account; -label=NAME gives it a name")
	}
	return []draft.Draft{d}, nil
}

// owner is the account that Claude Code is signed in with.
type owner struct{ email, account, organization, name string }

// claudeOwner reads the owner from the credential itself and from Claude Code's
// state: beside the credential under CLAUDE_CONFIG_DIR, else in the home folder. A
// state of another organisation belongs to an earlier sign-in and is not used.
func claudeOwner(doc gjson.Result, at Location) owner {
	oauth := doc.Get("claudeAiOauth")
	o := owner{
		email:        credential.FirstText(oauth.Get("emailAddress"), doc.Get("emailAddress")),
		account:      credential.FirstText(oauth.Get("accountUuid"), doc.Get("accountUuid")),
		organization: credential.FirstText(oauth.Get("organizationUuid"), doc.Get("organizationUuid")),
		name:         credential.FirstText(oauth.Get("organizationName"), doc.Get("organizationName")),
	}
	for _, file := range [...]string{filepath.Join(filepath.Dir(at.File), ".claude.json"),
		filepath.Join(at.Env.Getenv("HOME"), ".claude.json")} {
		data, err := readStateFile(file)
		if err != nil {
			continue
		}
		state := gjson.GetBytes(data, "oauthAccount")
		organization := credential.FirstText(state.Get("organizationUuid"))
		if differs(o.organization, organization) || differs(o.account, credential.FirstText(state.Get("accountUuid"))) ||
			credential.FirstText(state.Get("emailAddress")) == "" {
			continue
		}
		return owner{
			cmp.Or(o.email, credential.FirstText(state.Get("emailAddress"))),
			cmp.Or(o.account, credential.FirstText(state.Get("accountUuid"))),
			cmp.Or(o.organization, organization), cmp.Or(o.name, credential.FirstText(state.Get("organizationName"))),
		}
	}
	return o
}

// differs reports whether both values are known and different.
func differs(a, b string) bool { return a != "" && b != "" && !strings.EqualFold(a, b) }
