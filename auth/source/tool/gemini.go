package tool

import (
	"encoding/json"
	"path/filepath"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/auth/draft"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/printable"
)

// geminiCLI returns Google's Gemini CLI: oauth_creds.json.
func geminiCLI() Tool {
	return Tool{
		Keeper: "gemini-cli", Provider: "gemini", refresh: "refresh_token", keychain: "gemini-cli-oauth",
		Places: func(env auth.Environment) []string {
			return []string{geminiFile(env, "oauth_creds.json"), geminiFile(env, "google_accounts.json")}
		},
		Absent: "run gemini and sign in there",
		read:   readGemini,
	}
}

// geminiFile returns a file in Gemini CLI's folder.
func geminiFile(env auth.Environment, name string) string {
	return filepath.Join(env.Getenv("HOME"), ".gemini", name)
}

// readGemini reads oauth_creds.json, or the form that Gemini CLI has in the keychain.
func readGemini(doc gjson.Result, at Location) ([]draft.Draft, error) {
	if email := credential.FirstText(doc.Get("active")); email != "" && !doc.Get("access_token").Exists() {
		return nil, fault.New("source-unsupported",
			"Gemini CLI is signed in as %s, and keeps the credential in the system's keychain (newer versions delete "+
				"oauth_creds.json)", printable.EscapeLine(email)).
			WithHint("mage auth:login gemini signs in for CLIProxyAPI itself; or -source=FILE with an oauth_creds.json of " +
				"an older Gemini CLI")
	}
	// as in the keychain
	if kept := doc.Get("token"); kept.IsObject() && credential.FirstText(kept.Get("accessToken")) != "" {
		return readGemini(gjson.Parse(keychainGemini(kept)), at)
	}
	if credential.FirstText(doc.Get("access_token")) == "" && credential.FirstText(doc.Get("refresh_token")) == "" ||
		!doc.Get("expiry_date").Exists() {
		return nil, credential.Invalid(at.File, ErrOtherForm)
	}
	project := at.Project
	if project == "" {
		project = at.Env.Getenv("GOOGLE_CLOUD_PROJECT")
	}
	if project == "" {
		return nil, fault.Usage("project-missing", "Gemini's credential needs a Google Cloud project, which %s does not name",
			at.File).
			WithHint("-project=ID, or GOOGLE_CLOUD_PROJECT")
	}
	token := pickTexts(doc, "access_token", "refresh_token", "token_type")
	token["expiry"], token["token_uri"], token["universe_domain"] = formatTime(doc.Get("expiry_date")),
		"https://oauth2.googleapis.com/token", "googleapis.com"
	token["client_id"] = "681255809395-oo8ft2oprdrnp9e3aqf6av3hmdib135j.apps.googleusercontent.com" // Gemini CLI's own
	token["scopes"] = strings.Fields(credential.FirstText(doc.Get("scope")))
	id, _ := credential.ReadClaims(credential.FirstText(doc.Get("id_token")))
	fields := map[string]any{"token": token, "project_id": project, "email": id.Email, "auto": false, "checked": true}
	d := draft.Draft{Fields: fields, Label: "gemini"}
	d.CarryUnknown(doc, at.File, "access_token", "refresh_token", "token_type", "expiry_date", "scope", "id_token")
	return []draft.Draft{d}, nil
}

// keychainGemini converts the form that Gemini CLI has in the keychain to that of
// its file.
func keychainGemini(kept gjson.Result) string {
	text, _ := json.Marshal(map[string]any{
		"access_token": kept.Get("accessToken").Str, "refresh_token": kept.Get("refreshToken").Str,
		"token_type": kept.Get("tokenType").Str,
		"scope":      kept.Get("scope").Str, "expiry_date": kept.Get("expiresAt").Num, "id_token": kept.Get("idToken").Str,
	}) // strings and a number: it cannot fail
	return string(text)
}
