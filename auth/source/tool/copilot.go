package tool

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/auth/draft"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/printable"
	"github.com/flowgate-go/flowgate/internal/program"
)

// copilotClient is the id of the OAuth app of Copilot's editor plug-ins, which the
// Plus family of CLIProxyAPI uses, too.
const copilotClient = "Iv1.b507a08c87ecfe98"

// copilotHost is the only host whose tokens CLIProxyAPI uses: it sends them to
// api.github.com whatever host they are of.
const copilotHost = "github.com"

// copilotEditors returns GitHub Copilot's editor plug-ins, which share apps.json or
// the older hosts.json.
func copilotEditors() Tool {
	return Tool{
		Keeper: "copilot-editors", Provider: "copilot",
		Places: func(env auth.Environment) []string {
			dir := filepath.Join(pathUnder(env, "XDG_CONFIG_HOME", ".config"), "github-copilot")
			return []string{filepath.Join(dir, "apps.json"), filepath.Join(dir, "hosts.json"), copilotCLI(env)}
		},
		Absent: program.Text("sign in to Copilot in your editor, or: mage auth:login copilot"),
		read:   readCopilot,
	}
}

// copilotCLI returns the file in which GitHub's Copilot CLI records the signed-in
// users.
func copilotCLI(env auth.Environment) string {
	return pathUnder(env, "COPILOT_HOME", ".copilot", "config.json")
}

// readCopilot returns one draft for each user of github.com. Of several entries of
// a user the one of the plug-ins' own app counts; an entry without a user is a
// separate account.
func readCopilot(doc gjson.Result, at Location) ([]draft.Draft, error) {
	for _, key := range [...]string{"copilotTokens", "copilot_tokens", "loggedInUsers", "logged_in_users",
		"lastLoggedInUser", "last_logged_in_user"} {
		if doc.Get(key).Exists() {
			return nil, unsupportedCopilotCLI(at)
		}
	}
	drafts, others := collectCopilotUsers(doc, at)
	if len(drafts) == 0 && len(others) > 0 {
		return nil, fault.New("source-unsupported", "%s holds tokens of %s only, and CLIProxyAPI can use those of %s",
			at.File, strings.Join(others, ", "), copilotHost).
			WithHint("mage auth:login copilot signs in at github.com")
	}
	if len(drafts) == 0 {
		return nil, credential.Invalid(at.File, ErrOtherForm)
	}
	if len(others) > 0 {
		drafts[0].Warn("host-unsupported", "the tokens of %s in %s were left out: CLIProxyAPI can use those of %s",
			strings.Join(others, ", "), at.File, copilotHost)
	}
	return drafts, nil
}

// collectCopilotUsers returns the drafts of the users of github.com in the order of
// their names, and the other hosts whose tokens the file holds.
func collectCopilotUsers(doc gjson.Result, at Location) (drafts []draft.Draft, others []string) {
	best := map[string]draft.Draft{}
	doc.ForEach(func(key, entry gjson.Result) bool {
		token, user := credential.FirstText(entry.Get("oauth_token")), credential.FirstText(entry.Get("user"))
		host, app, _ := strings.Cut(key.Str, ":")
		switch host = strings.TrimSpace(host); {
		case token == "":
			return true
		case !strings.EqualFold(host, copilotHost):
			others = append(others, printable.Excerpt(host))
			return true
		}
		account := "user " + strings.ToLower(user)
		if user == "" {
			account = "token " + token
		}
		if _, have := best[account]; have && app != copilotClient {
			return true
		}
		d := draft.Draft{Label: "copilot", Fields: map[string]any{"access_token": token, "token_type": "bearer",
			"username": user, "scope": ""}}
		d.CarryUnknown(entry, at.File, "oauth_token", "user", "githubAppId", "dev_override")
		best[account] = d
		return true
	})
	for _, account := range slices.Sorted(maps.Keys(best)) {
		drafts = append(drafts, best[account])
	}
	return drafts, others
}

// unsupportedCopilotCLI returns the fault for a file of Copilot CLI.
func unsupportedCopilotCLI(at Location) error {
	return fault.New("source-unsupported",
		"%s belongs to GitHub Copilot CLI, whose token is for another app and mostly in the system's keychain; FlowGate "+
			"does not import it", at.File).
		WithHint("mage auth:login copilot signs in separately")
}
