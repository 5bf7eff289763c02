package signin

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/draft"
	"github.com/flowgate-go/flowgate/auth/provider"
	"github.com/flowgate-go/flowgate/auth/signin/oauth"
	"github.com/flowgate-go/flowgate/auth/signin/poll"
	"github.com/flowgate-go/flowgate/auth/signin/session"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// method is a way to sign in. run returns the drafts of the credential, or nil if
// another program writes the file. notReady returns why the method cannot be used now;
// "" if it can.
type method struct {
	run      func(ctx context.Context, s *session.Session) ([]draft.Draft, error)
	notReady func(s *session.Session) string
}

// methods returns the known methods by name. A new one is a file in this package and a
// line here.
func methods() map[string]method {
	return map[string]method{
		"management":   {runManagement, managementNotReady},
		"oauth_poll":   {poll.Run, poll.NotReady},
		"pkce":         {runPKCE, pkceNotReady},
		"device_code":  {runDevice, deviceNotReady},
		"api_key":      {runKey, alwaysReady},
		"static_token": {runToken, alwaysReady},
		"import":       {runImport, importNotReady},
		"command":      {runCommand, commandNotReady},
	}
}

// NotReady returns why a provider cannot sign in with that method now; "" if it can.
func NotReady(cfg *config.Config, env auth.Environment, p provider.Provider, name string) string {
	m, ok := methods()[name]
	if !ok {
		return "there is no method " + name
	}
	return m.notReady(&session.Session{Config: cfg, Env: env, Provider: p})
}

// MethodNames returns the names of the known methods, sorted.
func MethodNames() []string { return slices.Sorted(maps.Keys(methods())) }

// alwaysReady returns "", since the method can always be used.
func alwaysReady(*session.Session) string { return "" }

// chooseMethod returns the method with the name asked for, else the provider's default.
// Fault: method-unknown.
func chooseMethod(p provider.Provider, asked string) (string, method, error) {
	name := asked
	if name == "" {
		name = p.Methods[0]
	}
	known := methods()
	m, ok := known[name]
	if ok {
		return name, m, nil
	}
	all := MethodNames()
	hint := "known: " + strings.Join(all, ", ")
	return "", m, fault.Usage("method-unknown", "%s: there is no method %q", p.Name, name).
		WithHint("%s", suggest.HintBefore(hint, name, all))
}

// suggestMethods returns the hint with the provider's other methods.
func suggestMethods(p provider.Provider, method string) string {
	others := slices.DeleteFunc(slices.Clone(p.Methods), func(m string) bool { return m == method })
	if len(others) == 0 {
		return program.Text("mage auth:list shows what is possible now")
	}
	return "or choose another method: -method=" + strings.Join(others, ", -method=")
}

// newOAuthClient returns the client for the provider's OAuth endpoints.
func newOAuthClient(s *session.Session) *oauth.Client {
	return &oauth.Client{Provider: s.Provider, Env: s.Env, OnLost: s.NoteLost}
}
