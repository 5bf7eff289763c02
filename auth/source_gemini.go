package auth

import (
	"encoding/json"
	"path/filepath"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// geminiCLI is Google's Gemini CLI: oauth_creds.json.
func geminiCLI() source {
	return source{
		keeper: "gemini-cli", provider: "gemini", refresh: "refresh_token", keychain: "gemini-cli-oauth",
		places: func(env Environment) []string {
			return []string{geminiFile(env, "oauth_creds.json"), geminiFile(env, "google_accounts.json")}
		},
		absent: "run gemini and sign in there",
		read:   readGemini,
	}
}

func geminiFile(env Environment, name string) string {
	return filepath.Join(env.Getenv("HOME"), ".gemini", name)
}

func readGemini(doc gjson.Result, at place) ([]draft, error) {
	if who := text(doc.Get("active")); who != "" && !doc.Get("access_token").Exists() {
		return nil, fault.New("source-unsupported", "Gemini CLI is signed in as %s, and keeps the credential in the system's keychain (newer versions delete oauth_creds.json)", harmless(who)).
			WithHint("mage auth:login gemini signs in for CLIProxyAPI itself; or -source=FILE with an oauth_creds.json of an older Gemini CLI")
	}
	if kept := doc.Get("token"); kept.IsObject() && text(kept.Get("accessToken")) != "" { // as in the keychain
		return readGemini(gjson.Parse(keychainGemini(kept)), at)
	}
	if text(doc.Get("access_token")) == "" && text(doc.Get("refresh_token")) == "" || !doc.Get("expiry_date").Exists() {
		return nil, invalid(at.file, errForeign)
	}
	project := at.project
	if project == "" {
		project = at.env.Getenv("GOOGLE_CLOUD_PROJECT")
	}
	if project == "" {
		return nil, fault.Usage("project-missing", "Gemini's credential needs a Google Cloud project, which %s does not name", at.file).
			WithHint("-project=ID, or GOOGLE_CLOUD_PROJECT")
	}
	token := copied(doc, "access_token", "refresh_token", "token_type")
	token["expiry"], token["token_uri"], token["universe_domain"] = expiry(doc.Get("expiry_date")), "https://oauth2.googleapis.com/token", "googleapis.com"
	token["client_id"] = "681255809395-oo8ft2oprdrnp9e3aqf6av3hmdib135j.apps.googleusercontent.com" // Gemini CLI's own
	token["scopes"] = strings.Fields(text(doc.Get("scope")))
	id, _ := readClaims(text(doc.Get("id_token")))
	fields := map[string]any{"token": token, "project_id": project, "email": id.Email, "auto": false, "checked": true}
	d := draft{fields: fields, label: "gemini"}
	d.carry(doc, at, "access_token", "refresh_token", "token_type", "expiry_date", "scope", "id_token")
	return []draft{d}, nil
}

// keychainGemini is what Gemini CLI keeps in the keychain, in the form of its file.
func keychainGemini(kept gjson.Result) string {
	text, _ := json.Marshal(map[string]any{
		"access_token": kept.Get("accessToken").Str, "refresh_token": kept.Get("refreshToken").Str, "token_type": kept.Get("tokenType").Str,
		"scope": kept.Get("scope").Str, "expiry_date": kept.Get("expiresAt").Num, "id_token": kept.Get("idToken").Str,
	}) // texts and a number: it cannot fail
	return string(text)
}
