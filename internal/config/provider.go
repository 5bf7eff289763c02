package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/suggest"
)

// Methods are the ways to sign in that auth.providers.NAME.method can name;
// package auth has them all.
func Methods() []string {
	return []string{"management", "oauth_poll", "pkce", "device_code", "api_key", "static_token", "import", "command"}
}

// provider is what every version has refused when it is of a wrong type. It is
// open: the other keys are looked at by resolver.provider.
type provider struct {
	Method          string `json:"method,omitempty" jsonschema:"minLength=1"`
	AuthURLEndpoint string `json:"auth_url_endpoint,omitempty"`
	StatusEndpoint  string `json:"status_endpoint,omitempty"`
}

func (provider) open() bool { return true }

// providerFields is auth.providers.NAME with all its keys. A mistake in it is
// reported with its place and does not keep the rest of the file from being
// used: it concerns one sign-in, and not the router.
type providerFields struct {
	Method          string            `json:"method,omitempty" jsonschema:"minLength=1,enum=management,enum=oauth_poll,enum=pkce,enum=device_code,enum=api_key,enum=static_token,enum=import,enum=command,description=How it signs in; the first built-in one when missing"`
	Methods         []string          `json:"methods,omitempty" jsonschema:"description=All methods; the first is the default"`
	FileType        string            `json:"file_type,omitempty" jsonschema:"description=The type in its credential files; the provider's name when missing"`
	FileName        string            `json:"file_name,omitempty" jsonschema:"description=Pattern of a new file's name"`
	Lasting         boolean           `json:"lasting,omitempty" jsonschema:"description=Its credentials have no end of their own"`
	SingleUse       boolean           `json:"single_use,omitempty" jsonschema:"description=A refresh token works once"`
	PlusOnly        boolean           `json:"plus_only,omitempty" jsonschema:"description=Only CLIProxyAPIPlus loads its files"`
	ImportFrom      string            `json:"import_from,omitempty"`
	Login           string            `json:"login,omitempty" jsonschema:"description=The word in the server's paths"`
	Callback        string            `json:"callback,omitempty"`
	Query           map[string]string `json:"query,omitempty"`
	RedirectURL     string            `json:"redirect_url,omitempty"`
	AuthURLEndpoint string            `json:"auth_url_endpoint,omitempty"`
	StatusEndpoint  string            `json:"status_endpoint,omitempty"`
	BaseURL         string            `json:"base_url,omitempty"`
	KeyHeader       string            `json:"key_header,omitempty"`
	KeyFile         string            `json:"key_file,omitempty"`
	KeyEnv          string            `json:"key_env,omitempty"`
	AuthURL         string            `json:"auth_url,omitempty"`
	TokenURL        string            `json:"token_url,omitempty"`
	DeviceURL       string            `json:"device_url,omitempty"`
	ClientID        string            `json:"client_id,omitempty"`
	ClientSecretEnv string            `json:"client_secret_env,omitempty"`
	Scopes          []string          `json:"scopes,omitempty"`
	AuthParams      map[string]string `json:"auth_params,omitempty"`
	TokenEncoding   string            `json:"token_encoding,omitempty" jsonschema:"enum=form,enum=json"`
	DevicePKCE      boolean           `json:"device_pkce,omitempty"`
	APIKeyProvider  string            `json:"api_key_provider,omitempty"`
	APIKeyEnv       string            `json:"api_key_env,omitempty"`
	KeyList         string            `json:"key_list,omitempty" jsonschema:"enum=claude-api-key,enum=gemini-api-key,enum=codex-api-key,enum=xai-api-key,enum=openai-compatibility,description=Where CLIProxyAPI keeps its API keys"`
	KeyBaseURL      string            `json:"key_base_url,omitempty" jsonschema:"description=The address that goes with an API key in CLIProxyAPI"`
	KeyModels       []string          `json:"key_models,omitempty" jsonschema:"description=The models of an entry of openai-compatibility"`
	TokenFile       string            `json:"token_file,omitempty"`
	Command         []string          `json:"command,omitempty"`
	LoginFlag       string            `json:"login_flag,omitempty"`
}

// ProviderKeys are the keys that auth.providers.NAME can have.
func ProviderKeys() []string {
	var keys []string
	for _, m := range membersOf(reflect.ValueOf(providerFields{})) {
		keys = append(keys, m.key)
	}
	return keys
}

// resolveProviders takes the providers as written, without what is wrong in them.
func (r *resolver) resolveProviders(keys ...string) {
	f, ok := r.root.lookup(keys...)
	if !ok || f.value.kind != mapKind {
		return
	}
	if r.cfg.Providers == nil {
		r.cfg.Providers = make(map[string]map[string]any, len(f.value.fields))
	}
	for _, p := range f.value.fields {
		settings, ok := p.value.goValue().(map[string]any)
		if !ok || strings.HasPrefix(p.key, "_comment") {
			continue
		}
		path := joinPath(strings.Join(keys, "."), p.key)
		found := r.checkProvider(p, path)
		if !isProviderName(p.key) {
			continue
		}
		for key := range settings {
			wrong := func(q Problem) bool { return isBelow(q.Path, joinPath(path, key)) }
			if slices.Contains(ProviderKeys(), key) && slices.ContainsFunc(found, wrong) {
				delete(settings, key)
			}
		}
		r.cfg.Providers[p.key] = settings
	}
}

// checkProvider looks at one provider's keys and returns what is wrong with them.
func (r *resolver) checkProvider(p field, path string) []Problem {
	own := newDiagnosis(r.d.file)
	if !isProviderName(p.key) {
		own.add(p.at, path, "letters, digits, - and _ make a name: it becomes part of file names", "%q cannot be the name of a provider", redactForMessage(p.key, "key"))
	}
	var fields providerFields
	own.decode(p.value, reflect.ValueOf(&fields).Elem(), p.at, path, limits{})
	own.problems = slices.DeleteFunc(own.problems, func(q Problem) bool { return isNote(q.Path, path) })
	if methods, ok := p.value.field("methods"); ok {
		for i, item := range methods.value.items {
			if name, ok := item.value.(string); ok && !slices.Contains(Methods(), name) {
				own.add(item.at, fmt.Sprintf("%s.methods[%d]", path, i), suggest.Hint(name, Methods()), "%q is not a method; there are %s", truncateLine(name), strings.Join(Methods(), ", "))
			}
		}
	}
	own.checkAddresses(p.value, path)
	r.d.providerProblems = append(r.d.providerProblems, own.problems...)
	if len(own.problems) > 0 {
		if r.cfg.ProviderProblems == nil {
			r.cfg.ProviderProblems = map[string][]Problem{}
		}
		r.cfg.ProviderProblems[p.key] = append(r.cfg.ProviderProblems[p.key], own.problems...)
	}
	return own.problems
}

// isBelow reports whether a problem is at a key, or below it.
func isBelow(problem, key string) bool {
	rest, below := strings.CutPrefix(problem, key)
	return below && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// isNote reports an unknown key that is near no known one: old configurations
// have notes of their own there.
func isNote(problem, provider string) bool {
	key := strings.TrimPrefix(problem, provider+".")
	return !slices.Contains(ProviderKeys(), key) && !strings.ContainsAny(key, ".[") && key != problem && suggest.Nearest(key, ProviderKeys()) == ""
}

// isProviderName reports whether a name can be part of file names.
func isProviderName(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
}
