// Package provider describes the providers that people sign in to: the built-in ones
// (providers.yaml), overridden and extended by the configuration. All lists them, Find
// returns one.
package provider

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// builtin holds the settings of the built-in providers.
//
//go:embed providers.yaml
var builtin []byte

// Provider is a service that issues credentials. Everything that differs between
// providers is in its settings: no code branches on a name.
type Provider struct {
	Name     string
	Methods  []string // ways to sign in; the first is the default
	Settings Settings
	Written  bool // the configuration has settings for it
}

// Settings are the built-in settings of a provider, overridden by
// auth.providers.NAME. docs/auth.md says which key belongs to which method.
type Settings struct {
	Method  string   `json:"method"`
	Methods []string `json:"methods"`

	FileType  string `json:"file_type"`   // "type" in its credential files; the provider's name when empty
	FileName  string `json:"file_name"`   // pattern of a new file's name; see draft.Draft.FileName
	Lasting   bool   `json:"lasting"`     // its credentials do not expire
	SingleUse bool   `json:"single_use"`  // a refresh token can be used once: two holders sign each other out
	PlusOnly  bool   `json:"plus_only"`   // CLIProxyAPI 7 does not load its files; the Plus family does
	ImportDoc string `json:"import_from"` // what auth:import finds, shown by auth:list

	managementSettings
	pollSettings
	oauthSettings
	keySettings
	commandSettings
}

// managementSettings are the settings of sign-ins through CLIProxyAPI.
type managementSettings struct {
	Login       string            `json:"login"`        // X in /v0/management/X-auth-url; the provider's name when empty
	Callback    string            `json:"callback"`     // X in /X/callback of older servers; Login when empty
	Query       map[string]string `json:"query"`        // sent with the request for the URL
	RedirectURL string            `json:"redirect_url"` // where the browser comes back to; for pkce too
}

// pollSettings are the settings of oauth_poll, the pair of endpoints of old
// configurations.
type pollSettings struct {
	AuthURLEndpoint string `json:"auth_url_endpoint"`
	StatusEndpoint  string `json:"status_endpoint"`
	BaseURL         string `json:"base_url"`   // default: the cliproxyapi_plus service
	KeyHeader       string `json:"key_header"` // default Authorization, then as "Bearer KEY"
	KeyFile         string `json:"key_file"`   // default .router/secrets/management.key
	KeyEnv          string `json:"key_env"`
}

// oauthSettings are the settings of pkce, device_code and auth:refresh.
type oauthSettings struct {
	AuthURL         string            `json:"auth_url"`
	TokenURL        string            `json:"token_url"`
	DeviceURL       string            `json:"device_url"`
	ClientID        string            `json:"client_id"`
	ClientSecretEnv string            `json:"client_secret_env"`
	Scopes          []string          `json:"scopes"`
	AuthParams      map[string]string `json:"auth_params"`    // further parameters of the authorization request
	TokenEncoding   string            `json:"token_encoding"` // form (RFC 6749) or json
	DevicePKCE      bool              `json:"device_pkce"`    // the device flow wants a code challenge
}

// keySettings are the settings of api_key and static_token.
type keySettings struct {
	APIKeyProvider string   `json:"api_key_provider"` // the provider that an API key in its tool's file belongs to
	APIKeyEnv      string   `json:"api_key_env"`      // the variable that api_key reads by default
	KeyList        string   `json:"key_list"`         // CLIProxyAPI's list of API keys of the provider
	KeyBaseURL     string   `json:"key_base_url"`     // the address that goes with a key there
	KeyModels      []string `json:"key_models"`       // the models of openai-compatibility
	TokenFile      string   `json:"token_file"`       // of static_token
}

// commandSettings are the settings of command.
type commandSettings struct {
	Command   []string `json:"command"`    // what to run; {config} and {dir} are replaced
	LoginFlag string   `json:"login_flag"` // of the server's own program, used when Command is empty
}

// Type returns the "type" of the provider's credential files.
func (p Provider) Type() string {
	if p.Settings.FileType != "" {
		return p.Settings.FileType
	}
	return p.Name
}

// All returns the built-in providers and those of the configuration, sorted by
// name. Fault: provider-invalid, for an invalid name or a setting of the wrong type in
// the configuration.
func All(cfg *config.Config) ([]Provider, error) {
	table, err := readBuiltin()
	if err != nil {
		return nil, err
	}
	names := lo.Union(lo.Keys(table), lo.Keys(cfg.Providers))
	slices.Sort(names)
	var all []Provider
	for _, name := range names {
		p, err := mergeSettings(name, table[name], cfg.Providers[name])
		if err != nil {
			return nil, err
		}
		_, p.Written = cfg.Providers[name]
		all = append(all, p)
	}
	return all, nil
}

// readBuiltin returns the built-in table; it is read once and never changed.
var readBuiltin = sync.OnceValues(func() (map[string]map[string]any, error) {
	var table map[string]map[string]any
	if err := yaml.Unmarshal(builtin, &table); err != nil {
		return nil, fmt.Errorf("read the built-in providers: %w", err)
	}
	return table, nil
})

// mergeSettings merges the configuration's settings over the built-in ones.
func mergeSettings(name string, base, written map[string]any) (Provider, error) {
	p := Provider{Name: name}
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" || name == "" {
		return p, fault.Usage("provider-invalid", "auth.providers.%q cannot be the name of a provider", name).
			WithHint("use letters, digits, - and _: the name becomes part of file names")
	}
	merged := maps.Clone(base)
	if merged == nil {
		merged = map[string]any{}
	}
	maps.Copy(merged, written)
	text, err := json.Marshal(merged)
	if err == nil {
		err = json.NewDecoder(bytes.NewReader(text)).Decode(&p.Settings)
	}
	if err != nil {
		return p, fault.Usage("provider-invalid", "auth.providers.%s: %w", name, err).
			WithHint("docs/auth.md says which keys there are")
	}
	p.Methods = p.Settings.Methods
	if m := p.Settings.Method; m != "" {
		p.Methods = append([]string{m}, slices.DeleteFunc(slices.Clone(p.Methods),
			func(other string) bool { return other == m })...)
	}
	if len(p.Methods) == 0 {
		p.Methods = []string{guessMethod(p.Settings)}
	}
	return p, nil
}

// guessMethod returns the method of a provider that names none: the one that its
// settings belong to, else management.
func guessMethod(s Settings) string {
	switch {
	case s.AuthURLEndpoint != "":
		return "oauth_poll"
	case s.DeviceURL != "":
		return "device_code"
	case s.AuthURL != "":
		return "pkce"
	case len(s.Command) > 0 || s.LoginFlag != "":
		return "command"
	case s.TokenFile != "":
		return "static_token"
	case s.APIKeyEnv != "":
		return "api_key"
	}
	return "management"
}

// CheckSettings refuses a provider whose settings in the configuration have
// mistakes. Fault: provider-invalid, with all problems as its detail.
func CheckSettings(cfg *config.Config, p Provider) error {
	problems := cfg.ProviderProblems[p.Name]
	if len(problems) == 0 {
		return nil
	}
	first := problems[0]
	hint := lo.CoalesceOrEmpty(first.Hint, program.Text("mage config:validate lists all problems"))
	first.Hint = ""
	return fault.Usage("provider-invalid", "%s", first.String()).WithHint("%s", hint).
		WithDetail(yamlnode.Problems{Problems: problems})
}

// Find returns the provider with that name. Faults: provider-unknown, whose hint
// names the nearest and all known ones; provider-invalid.
func Find(cfg *config.Config, name string) (Provider, error) {
	all, err := All(cfg)
	if err != nil {
		return Provider{}, err
	}
	names := make([]string, len(all))
	for i, p := range all {
		if p.Name == name {
			return p, nil
		}
		names[i] = p.Name
	}
	hint := "known: " + strings.Join(names, ", ") + "; auth.providers adds others"
	return Provider{}, fault.Usage("provider-unknown", "unknown provider %q", name).
		WithHint("%s", suggest.HintBefore(hint, name, names))
}

// OfType returns the provider whose credential files have that type.
func OfType(providers []Provider, fileType string) (Provider, bool) {
	i := slices.IndexFunc(providers, func(p Provider) bool { return p.Type() == fileType })
	if i < 0 {
		return Provider{}, false
	}
	return providers[i], true
}
