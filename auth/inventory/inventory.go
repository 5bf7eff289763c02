// Package inventory lists the values that an installation keeps secret. Logs, reports
// and checks must show none of them.
package inventory

import (
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/keyfile"
	"github.com/flowgate-go/flowgate/internal/nesting"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// Bounds of a secret value and of a file with secrets, in bytes.
const (
	minTokenBytes = 12
	maxFileBytes  = 1 << 20
)

// Secrets returns all values that the installation keeps secret and that can be read:
// its keys, the tokens in its credential files, CLIProxyAPI's keys, the values that
// its configuration hides when it is shown, and the variables that it refers to.
func Secrets(cfg *config.Config, getenv func(string) string) []string {
	all := policy.KnownSecrets(cfg, getenv)
	for _, c := range cfg.Credentials {
		if c.Env != "" {
			all = append(all, getenv(c.Env))
		}
		if key, _, err := keyfile.Read(c.File); c.File != "" && err == nil {
			all = append(all, key)
		}
	}
	keys, _ := filepath.Glob(filepath.Join(cfg.Paths.Secrets(), "*.key"))
	for _, file := range keys {
		if key, _, err := keyfile.Read(file); err == nil {
			all = append(all, key)
		}
	}
	files, _ := filepath.Glob(filepath.Join(auth.Folder(cfg, auth.Environment{Getenv: getenv}), "*.json"))
	for _, file := range append(append(files, cfg.SecretFiles...), cfg.CLIProxyConfigFile) {
		all = append(all, readTokens(file)...)
	}
	all = append(all, configuredSecrets(cfg, getenv)...)
	all = slices.DeleteFunc(all, func(v string) bool { return len(v) < minTokenBytes || redact.IsReference(v) })
	slices.Sort(all)
	return slices.Compact(all)
}

// configuredSecrets returns the secrets in the configuration, and the values of the
// variables that it refers to or that providers' programs read.
func configuredSecrets(cfg *config.Config, getenv func(string) string) (all []string) {
	take := func(hidden bool, text string) {
		name, isRef := strings.CutPrefix(text, "os.environ/")
		switch {
		case isRef:
			all = append(all, getenv(name))
		case redact.IsReference(text):
			all = append(all, getenv(strings.Trim(text, "${}")))
		case hidden:
			all = append(all, secretParts(text)...)
		}
	}
	walkTexts(cfg.Base, redact.Keys(cfg.Base), take)
	for _, maps := range []map[string]map[string]any{cfg.Profiles, cfg.Providers} {
		for _, m := range maps {
			walkTexts(m, redact.Keys(m), take)
		}
	}
	for _, svc := range cfg.Services {
		for name, value := range svc.Env {
			take(redact.NamedValue(name, value) != value || redact.LooksRandom(value), value)
		}
	}
	for _, name := range providerVariables {
		all = append(all, getenv(name))
	}
	return all
}

// secretParts returns a secret text and the secrets in it: the credentials after a scheme
// as in "Bearer KEY", user, password and query values of an address.
func secretParts(text string) []string {
	parts := []string{text}
	if _, credentials, ok := strings.Cut(text, " "); ok && !strings.Contains(credentials, " ") {
		parts = append(parts, credentials)
	}
	at, err := url.Parse(text)
	if err != nil || at.Host == "" {
		return parts
	}
	password, _ := at.User.Password()
	parts = append(parts, password, at.User.Username())
	for _, values := range at.Query() {
		parts = append(parts, values...)
	}
	return parts
}

// providerVariables are the variables in which providers' programs expect a key.
var providerVariables = [...]string{
	"OPENAI_API_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN", "GEMINI_API_KEY",
	"GOOGLE_API_KEY", "OPENROUTER_API_KEY", "AZURE_API_KEY",
	"MISTRAL_API_KEY", "GROQ_API_KEY", "XAI_API_KEY", "DEEPSEEK_API_KEY", "DASHSCOPE_API_KEY", "GITHUB_TOKEN", "GH_TOKEN",
	"HF_TOKEN", "LITELLM_MASTER_KEY",
	"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "FLOWGATE_GATEWAY_KEY",
}

// walkTexts calls take for every string of a document, and for those in a JSON text
// that the redacted copy shown changes; hidden reports whether the copy hides the string.
func walkTexts(v, shown any, take func(hidden bool, text string)) {
	switch v := v.(type) {
	case map[string]any:
		other, _ := shown.(map[string]any)
		for key, inner := range v {
			walkTexts(inner, other[key], take)
		}
	case []any:
		other, _ := shown.([]any)
		for i, inner := range v {
			if i < len(other) {
				walkTexts(inner, other[i], take)
			}
		}
	case string:
		take(fmt.Sprint(shown) != v, v)
		var inside, insideShown any
		if text, _ := shown.(string); text != v && json.Unmarshal([]byte(v), &inside) == nil &&
			json.Unmarshal([]byte(text), &insideShown) == nil {
			if _, scalar := inside.(string); !scalar {
				walkTexts(inside, insideShown, take)
			}
		}
	}
}

// readTokens returns the values of secret-looking keys in a JSON or YAML file.
func readTokens(file string) (all []string) {
	b, err := safefile.Read(file, maxFileBytes)
	if err != nil || !json.Valid(b) && nesting.CheckYAML(b) != nil {
		return nil
	}
	var doc any
	if json.Unmarshal(b, &doc) != nil && yaml.Unmarshal(b, &doc) != nil {
		return nil
	}
	collectTokens(doc, false, &all)
	walkTexts(doc, redact.Keys(doc), func(hidden bool, text string) {
		if hidden {
			all = append(all, secretParts(text)...)
		}
	})
	return all
}

// collectTokens adds the strings below secret-looking keys to all.
func collectTokens(v any, secret bool, all *[]string) {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			collectTokens(inner, isTokenName(key) || secret && !isPlainName(key), all)
		}
	case []any:
		for _, inner := range v {
			collectTokens(inner, secret, all)
		}
	case string:
		if secret {
			*all = append(*all, v)
		}
	}
}

// isPlainName reports whether a key below a secret one holds a value that is not
// secret: a type, time or address of the token.
func isPlainName(key string) bool {
	key = strings.ToLower(key)
	for _, end := range [...]string{"type", "uri", "url", "endpoint", "scope", "expiry", "expired", "expires_at", "email",
		"region", "name"} {
		if strings.HasSuffix(key, end) {
			return true
		}
	}
	return false
}

// isTokenName reports whether a key of that name holds a token.
func isTokenName(key string) bool {
	key = strings.ToLower(key)
	if strings.HasSuffix(key, "_type") || strings.HasSuffix(key, "_uri") || strings.HasSuffix(key, "_url") ||
		strings.HasSuffix(key, "_endpoint") {
		return false
	}
	for _, part := range [...]string{"token", "secret", "api-key", "api_key", "apikey", "cookie", "password",
		"private_key"} {
		if strings.Contains(key, part) {
			return true
		}
	}
	return false
}
