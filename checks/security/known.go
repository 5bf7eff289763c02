package security

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/internal/keyfile"
	"github.com/flowgate-go/flowgate/internal/nesting"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/redact"
	"github.com/flowgate-go/flowgate/internal/regular"
)

// secrets are all values that this installation keeps secret, as far as they can
// be read: its keys, the tokens in its credential files, CLIProxyAPI's keys.
func (s *subject) secrets() []string {
	if s.cfg == nil {
		return nil
	}
	all := policy.Known(s.cfg, s.o.Getenv)
	for _, c := range s.cfg.Credentials {
		if c.Env != "" {
			all = append(all, s.o.Getenv(c.Env))
		}
		if key, _, err := keyfile.Read(c.File); c.File != "" && err == nil {
			all = append(all, key)
		}
	}
	files, _ := filepath.Glob(filepath.Join(s.authFolder(), "*.json"))
	for _, file := range append(slices.Clone(s.cfg.SecretFiles), files...) {
		all = append(all, tokensIn(file)...)
	}
	if s.cfg.CLIProxyConfigFile != "" {
		all = append(all, tokensIn(s.cfg.CLIProxyConfigFile)...)
	}
	all = slices.DeleteFunc(all, func(v string) bool { return len(v) < leastToken || redact.IsReference(v) })
	slices.Sort(all)
	return slices.Compact(all)
}

// authFolder is where CLIProxyAPI loads credential files from.
func (s *subject) authFolder() string {
	return auth.Folder(s.cfg, auth.Environment{Getenv: s.o.Getenv})
}

// Bounds of what is taken for a secret in a file, in bytes.
const (
	leastToken = 12
	mostFile   = 1 << 20
)

// tokensIn are the values of secret-looking keys in a JSON or YAML file.
func tokensIn(file string) (all []string) {
	b, err := regular.Read(file, mostFile)
	if err != nil || !json.Valid(b) && nesting.YAML(b) != nil {
		return nil
	}
	var doc any
	if json.Unmarshal(b, &doc) != nil && yaml.Unmarshal(b, &doc) != nil {
		return nil
	}
	collect(doc, false, &all)
	return all
}

func collect(v any, secret bool, all *[]string) {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			collect(inner, secretName(key), all)
		}
	case []any:
		for _, inner := range v {
			collect(inner, secret, all)
		}
	case string:
		if secret {
			*all = append(*all, v)
		}
	}
}

// secretName reports whether a key of that name holds a token.
func secretName(key string) bool {
	key = strings.ToLower(key)
	if strings.HasSuffix(key, "_type") || strings.HasSuffix(key, "_uri") || strings.HasSuffix(key, "_url") || strings.HasSuffix(key, "_endpoint") {
		return false
	}
	for _, part := range [...]string{"token", "secret", "api-key", "api_key", "apikey", "cookie", "password", "private_key"} {
		if strings.Contains(key, part) {
			return true
		}
	}
	return false
}
