package redact

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// IsWritten reports whether the value under a key is a secret that is written out: Keys would hide it, and it is
// neither a word that stands for no key nor an address whose query only says which version is meant.
func IsWritten(key, value string) bool {
	if NamedValue(key, value) == value {
		return false
	}
	return key == "master_key" || !IsPlaceholder(value) && !isPlainAddress(key, value)
}

// placeholders are words that people write as the key of a server that needs none.
var placeholders = map[string]bool{"none": true, "null": true, "no-key": true, "empty": true, "dummy": true,
	"fake": true, "ollama": true, "vllm": true, "not-needed": true, "no-key-required": true,
	"sk-no-key-required": true, "lm-studio": true, "lmstudio": true, "anything": true, "placeholder": true,
	"fake-key": true, "sk-1234": true, "sk-fake": true, "dummy-key": true, "sk-dummy": true, "unused": true}

// IsPlaceholder reports whether a value is a word that people write as the key of a server that needs none. As the
// key of this gateway such a word is a key that everybody knows.
func IsPlaceholder(value string) bool { return placeholders[strings.ToLower(strings.TrimSpace(value))] }

// isPlainAddress reports whether the value under a key is an address that Keys hides a part of only because it has
// a query, and whose query has no secret, as in https://host/v1?api-version=2024-10-21.
func isPlainAddress(key, value string) bool {
	path, query, hasQuery := strings.Cut(value, "?")
	if !hasQuery || !strings.Contains(path, "://") || NamedValue(key, path) != path || strings.ContainsAny(query, "# ") {
		return false
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return false
	}
	for name, all := range values {
		if isSecretName(name) || slices.ContainsFunc(all, func(v string) bool { return looksLikeKey(v) || LooksRandom(v) }) {
			return false
		}
	}
	return true
}

// FindWritten calls note with the path of each value in v, which is at path, that IsWritten reports.
func FindWritten(v any, path string, note func(string)) {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			at := path + "." + key
			if text, ok := inner.(string); ok {
				if IsWritten(key, text) {
					note(at)
				}
				continue
			}
			FindWritten(inner, at, note)
		}
	case []any:
		for i, inner := range v {
			FindWritten(inner, fmt.Sprintf("%s[%d]", path, i), note)
		}
	}
}
