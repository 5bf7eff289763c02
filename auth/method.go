package auth

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// method is a way to sign in: it returns the credential, or nil when the server
// has written it itself. ready says why it cannot be used now, or "".
type method struct {
	run   func(ctx context.Context, s *signIn) ([]draft, error)
	ready func(s *signIn) string
}

// methods are all that there are. A new one is a file and a line.
func methods() map[string]method {
	return map[string]method{
		"management":   {runManagement, readyServer},
		"oauth_poll":   {runPoll, readyPoll},
		"pkce":         {runPKCE, readyPKCE},
		"device_code":  {runDevice, readyDevice},
		"api_key":      {runKey, always},
		"static_token": {runToken, always},
		"import":       {runImport, readyImport},
		"command":      {runCommand, readyCommand},
	}
}

func always(*signIn) string { return "" }

// signIn is one sign-in under way.
type signIn struct {
	cfg      *config.Config
	env      Environment
	provider Provider
	o        LoginOptions
	lost     error // why the last question about the sign-in had no answer; nil when it had one
}

func chooseMethod(p Provider, asked string) (string, method, error) {
	name := asked
	if name == "" {
		name = p.Methods[0]
	}
	known := methods()
	m, ok := known[name]
	if ok {
		return name, m, nil
	}
	all := slices.Sorted(maps.Keys(known))
	hint := "known: " + strings.Join(all, ", ")
	if near := suggest.Nearest(name, all); near != "" {
		hint = fmt.Sprintf("did you mean %q? %s", near, hint)
	}
	return "", m, fault.Usage("method-unknown", "%s: there is no method %q", p.Name, name).WithHint("%s", hint)
}

func otherwise(p Provider, method string) string {
	others := slices.DeleteFunc(slices.Clone(p.Methods), func(m string) bool { return m == method })
	if len(others) == 0 {
		return "mage auth:list shows what is possible now"
	}
	return "or another way: -method=" + strings.Join(others, ", -method=")
}
