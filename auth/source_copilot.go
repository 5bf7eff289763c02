package auth

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// copilotClient is the OAuth app of the Copilot editor plug-ins, which the Plus
// family uses too.
const copilotClient = "Iv1.b507a08c87ecfe98"

// copilotEditors is what GitHub Copilot's editor plug-ins share: apps.json, or
// the older hosts.json.
func copilotEditors() source {
	return source{
		keeper: "copilot-editors", provider: "copilot",
		places: func(env Environment) []string {
			dir := filepath.Join(under(env, "XDG_CONFIG_HOME", ".config"), "github-copilot")
			return []string{filepath.Join(dir, "apps.json"), filepath.Join(dir, "hosts.json")}
		},
		absent: "sign in to Copilot in your editor, or: mage auth:login copilot",
		read:   readCopilot,
	}
}

// readCopilot makes one account of each user; of several entries for a user
// the one of the plug-ins' own app counts.
func readCopilot(doc gjson.Result, at place) ([]draft, error) {
	best := map[string]draft{}
	doc.ForEach(func(host, entry gjson.Result) bool {
		token, user := text(entry.Get("oauth_token")), text(entry.Get("user"))
		if token == "" || !strings.HasPrefix(host.Str, "github.com") {
			return true
		}
		if _, have := best[user]; !have || strings.HasSuffix(host.Str, ":"+copilotClient) {
			best[user] = draft{label: "copilot", fields: map[string]any{"access_token": token, "token_type": "bearer", "username": user, "scope": ""}}
		}
		return true
	})
	if len(best) == 0 {
		return nil, invalid(at.file, errForeign)
	}
	var drafts []draft
	for _, user := range slices.Sorted(maps.Keys(best)) {
		drafts = append(drafts, best[user])
	}
	return drafts, nil
}
