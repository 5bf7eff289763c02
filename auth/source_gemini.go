package auth

import (
	"path/filepath"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// geminiCLI is Google's Gemini CLI: oauth_creds.json.
func geminiCLI() source {
	return source{
		keeper: "gemini-cli", provider: "gemini", refresh: "refresh_token",
		places: func(env Environment) []string {
			return []string{filepath.Join(env.Getenv("HOME"), ".gemini", "oauth_creds.json")}
		},
		absent: "run gemini and sign in there",
		read:   readGemini,
	}
}

func readGemini(doc gjson.Result, at place) ([]draft, error) {
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
	return []draft{{fields: fields, label: "gemini"}}, nil
}
