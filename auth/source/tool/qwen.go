package tool

import (
	"path/filepath"

	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/auth/draft"
)

// qwenCode returns Alibaba's Qwen Code: oauth_creds.json.
func qwenCode() Tool {
	return Tool{
		Keeper: "qwen-code", Provider: "qwen", refresh: "refresh_token",
		Places: func(env auth.Environment) []string {
			return []string{filepath.Join(env.Getenv("HOME"), ".qwen", "oauth_creds.json")}
		},
		Absent: "run qwen and sign in there",
		read:   readQwen,
	}
}

// readQwen reads oauth_creds.json.
func readQwen(doc gjson.Result, at Location) ([]draft.Draft, error) {
	if credential.FirstText(doc.Get("access_token")) == "" || !doc.Get("expiry_date").Exists() {
		return nil, credential.Invalid(at.File, ErrOtherForm)
	}
	fields := pickTexts(doc, "access_token", "refresh_token", "resource_url")
	fields["expired"] = formatTime(doc.Get("expiry_date"))
	d := draft.Draft{Fields: fields, Label: "qwen"}
	d.CarryUnknown(doc, at.File, "access_token", "refresh_token", "resource_url", "expiry_date", "token_type", "scope")
	return []draft.Draft{d}, nil
}
