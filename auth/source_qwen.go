package auth

import (
	"path/filepath"

	"github.com/tidwall/gjson"
)

// qwenCode is Alibaba's Qwen Code: oauth_creds.json.
func qwenCode() source {
	return source{
		keeper: "qwen-code", provider: "qwen", refresh: "refresh_token",
		places: func(env Environment) []string {
			return []string{filepath.Join(env.Getenv("HOME"), ".qwen", "oauth_creds.json")}
		},
		absent: "run qwen and sign in there",
		read:   readQwen,
	}
}

func readQwen(doc gjson.Result, at place) ([]draft, error) {
	if text(doc.Get("access_token")) == "" || !doc.Get("expiry_date").Exists() {
		return nil, invalid(at.file, errForeign)
	}
	fields := copied(doc, "access_token", "refresh_token", "resource_url")
	fields["expired"] = expiry(doc.Get("expiry_date"))
	d := draft{fields: fields, label: "qwen"}
	d.carry(doc, at, "access_token", "refresh_token", "resource_url", "expiry_date", "token_type", "scope")
	return []draft{d}, nil
}
