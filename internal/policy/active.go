package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/nesting"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
	"github.com/goccy/go-yaml"
)

// YAML returns the configuration as YAML with sorted keys, so that equal configurations give
// equal bytes. It quotes texts that YAML 1.1, which LiteLLM reads, could take for
// something else (yes, 12:30, 2026-01-01).
func (a Active) YAML() ([]byte, error) {
	source := a.Source
	if source == "" {
		source = "the built-in default"
	}
	body, err := yaml.MarshalWithOptions(a.Config, yaml.IndentSequence(true), yaml.CustomMarshaler(marshalText))
	if err != nil {
		return nil, fmt.Errorf("encode profile %q: %w", a.Profile, err)
	}
	header := fmt.Sprintf(
		generatedBy+"from %s, profile %s. Do not edit: the next profile:set replaces it.\n",
		joinLines(source),
		joinLines(a.Profile),
	)
	return append([]byte(header), body...), nil
}

// marshalText returns a text without quotes when every version of YAML reads it as that
// text, else as a JSON string, which is YAML too.
func marshalText(s string) ([]byte, error) {
	if isPlainWord(s) {
		return []byte(s), nil
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return nil, err
	}
	return []byte(strings.TrimSuffix(b.String(), "\n")), nil
}

// isPlainWord reports whether every version of YAML reads s without quotes as the text s.
func isPlainWord(s string) bool {
	isLetter := func(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
	if s == "" || !isLetter(s[0]) {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && (c < '0' || c > '9') && !strings.ContainsRune("_-./", rune(c)) {
			return false
		}
	}
	return !slices.Contains([]string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}, strings.ToLower(s))
}

// joinLines returns s on one line, with single spaces.
func joinLines(s string) string { return strings.Join(strings.Fields(s), " ") }

// EnvReferences returns the sorted names of the environment variables that a's
// os.environ/NAME references read.
func (a Active) EnvReferences() []string {
	names := map[string]bool{}
	CollectReferences(a.Config, names)
	return slices.Sorted(maps.Keys(names))
}

// MasterKey returns the key that clients present to the router; a reference is
// looked up with getenv. It is a secret.
func (a Active) MasterKey(getenv func(string) string) string {
	general, _ := a.Config["general_settings"].(map[string]any)
	key, _ := general["master_key"].(string)
	if name, ok := strings.CutPrefix(key, envReference); ok {
		return getenv(name)
	}
	return key
}

// Secrets returns every secret in a for a redact.Scrubber; it looks up references with
// getenv.
func (a Active) Secrets(getenv func(string) string) []string {
	found := map[string]bool{}
	collectSecrets(a.Config, found, getenv)
	delete(found, "")
	return slices.Sorted(maps.Keys(found))
}

// collectSecrets adds the secrets in v to found.
func collectSecrets(v any, found map[string]bool, getenv func(string) string) {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			text, ok := inner.(string)
			if !ok {
				collectSecrets(inner, found, getenv)
				continue
			}
			if key != "api_key" && key != "master_key" && redact.NamedValue(key, text) == text {
				continue
			}
			if name, isRef := strings.CutPrefix(text, envReference); isRef {
				text = getenv(name)
			}
			found[text] = true
		}
	case []any:
		for _, inner := range v {
			collectSecrets(inner, found, getenv)
		}
	}
}

// Load reads the active configuration that Write wrote. Faults: active-missing;
// active-invalid when the file cannot be read or is not a YAML map.
func Load(cfg *config.Config) (Active, error) {
	data, err := safefile.Read(cfg.Paths.ActiveConfig, safefile.DocumentLimit)
	if errors.Is(err, fs.ErrNotExist) {
		return Active{}, fault.New("active-missing", "no profile is active: %w", err).
			WithHint("choose one with `mage profile:set NAME`, or `mage start`")
	}
	if err != nil {
		return Active{}, fault.New("active-invalid", "read the active configuration: %w", err)
	}
	a := Active{Source: cfg.File}
	if err := nesting.CheckLongYAML(data); err != nil {
		return Active{}, fault.New("active-invalid", "%s: %w", cfg.Paths.ActiveConfig, err).
			WithHint("write it again with `mage profile:set NAME`")
	}
	if err := yaml.Unmarshal(data, &a.Config); err != nil {
		return Active{}, fault.New("active-invalid", "%s is damaged", cfg.Paths.ActiveConfig).
			WithHint("write it again with `mage profile:set NAME`")
	}
	a.Profile, _ = Current(cfg)
	return a, nil
}
