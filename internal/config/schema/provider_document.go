package schema

import "reflect"

// Methods returns the methods that auth.providers.NAME.method can name; package auth
// implements them.
func Methods() []string {
	return []string{"management", "oauth_poll", "pkce", "device_code", "api_key", "static_token", "import", "command"}
}

// provider is the keys of auth.providers.NAME whose wrong type makes the whole file invalid,
// as in every version. It is open: package config checks the other keys (ProviderFields).
type provider struct {
	Method          string `json:"method,omitempty" jsonschema:"minLength=1"`
	AuthURLEndpoint string `json:"auth_url_endpoint,omitempty"`
	StatusEndpoint  string `json:"status_endpoint,omitempty"`
}

// open reports that keys besides those of the struct are allowed.
func (provider) open() bool { return true }

// ProviderFields is auth.providers.NAME with all its keys. A mistake in it is
// reported with its place, and the rest of the file is used nevertheless, because
// the mistake concerns one sign-in and not the router.
type ProviderFields struct {
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

// ProviderKeys returns the keys that auth.providers.NAME can have.
func ProviderKeys() []string {
	var keys []string
	for _, m := range membersOf(reflect.ValueOf(ProviderFields{})) {
		keys = append(keys, m.key)
	}
	return keys
}
