package inventory

import (
	"net/url"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// HasWrittenSecret reports whether the configuration itself holds a secret: a value
// whose name says so, or a random value where secrets are expected.
func HasWrittenSecret(cfg *config.Config) bool {
	for _, maps := range []map[string]map[string]any{{"": cfg.Base}, cfg.Profiles, cfg.Providers} {
		for _, m := range maps {
			if hasSecret("", m, redact.Keys(m)) {
				return true
			}
		}
	}
	for _, svc := range cfg.Services {
		for name, value := range svc.Env {
			if isWrittenSecret(name, value, redact.Value(value)) {
				return true
			}
		}
	}
	return false
}

// hasSecret reports whether a document differs from its redacted copy by a secret.
func hasSecret(name string, v, shown any) bool {
	switch v := v.(type) {
	case map[string]any:
		other, _ := shown.(map[string]any)
		for key, inner := range v {
			if hasSecret(key, inner, other[key]) {
				return true
			}
		}
	case []any:
		other, _ := shown.([]any)
		for i, inner := range v {
			if i < len(other) && hasSecret(name, inner, other[i]) {
				return true
			}
		}
	case string:
		text, _ := shown.(string)
		return isWrittenSecret(name, v, text)
	}
	return false
}

// isWrittenSecret reports whether a value is a secret: its redacted copy differs, and
// its name, its randomness or a password in its address shows that it is not just a
// word in a place that is always redacted, such as a header.
func isWrittenSecret(name, value, shown string) bool {
	if value == shown || redact.IsReference(value) {
		return false
	}
	const word = "ordinary-word"
	if redact.NamedValue(name, word) != word || redact.Words(value) != value || redact.LooksRandom(value) {
		return true
	}
	at, err := url.Parse(value)
	if err != nil || at.User == nil {
		return false
	}
	_, hasPassword := at.User.Password()
	return hasPassword
}
