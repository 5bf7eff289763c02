package redact

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Keys returns a deep copy of v, which consists of maps, lists and scalars. In the
// copy, values under secret-looking keys and texts that look like keys are shortened.
// References are unchanged.
func Keys(v any) any { return redactTree("", v) }

// redactTree does what Keys does, for the value under the key name.
func redactTree(name string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		if v == nil {
			return v
		}
		out := make(map[string]any, len(v))
		for key, inner := range v {
			if _, isMap := inner.(map[string]any); isMap && isEnvironmentKey(key) {
				out[key] = redactEnvironment(inner.(map[string]any))
				continue
			}
			out[key] = redactTree(inheritName(name, key), inner)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, inner := range v {
			out[i] = redactTree(name, inner)
		}
		return out
	case string:
		return NamedValue(name, v)
	case int, int64, uint64, float64:
		if isSecretName(name) {
			return Value(fmt.Sprint(v))
		}
	}
	return v
}

// isEnvironmentKey reports whether the mapping under that key is the environment of a
// program: a service's, or LiteLLM's environment_variables.
func isEnvironmentKey(key string) bool {
	return key == "env" || key == "environment" || key == "environment_variables"
}

// redactEnvironment shortens the values of an environment whatever their names, since
// any of them may be a secret. Short texts and numbers are shortened only when the name
// is that of a secret, references never.
func redactEnvironment(vars map[string]any) map[string]any {
	out := make(map[string]any, len(vars))
	for name, value := range vars {
		text, isText := value.(string)
		switch {
		case !isText:
			out[name] = redactTree(name, value)
		case len(text) < minSecretLength || IsReference(text):
			out[name] = NamedValue(name, text)
		default:
			out[name] = Value(text)
		}
	}
	return out
}

// redactJSON does what Keys does, for a text that is a JSON object or list, as
// vertex_credentials may be; false when it is not, or has no secret.
func redactJSON(text string) (string, bool) {
	trimmed := strings.TrimSpace(text)
	if !strings.HasPrefix(trimmed, "{") && !strings.HasPrefix(trimmed, "[") {
		return "", false
	}
	var doc any
	if json.Unmarshal([]byte(trimmed), &doc) != nil {
		return "", false
	}
	before, errBefore := json.Marshal(doc)
	after, errAfter := json.Marshal(Keys(doc))
	return string(after), errBefore == nil && errAfter == nil && !bytes.Equal(before, after)
}

// inheritName returns the name under which the entry key of the map outer is judged:
// entries of a secret map are secret too, as in `secrets: {a: …}`.
func inheritName(outer, key string) string {
	if isSecretName(outer) && (!isReferenceName(key) || strings.HasSuffix(strings.ToLower(outer), "headers")) {
		return outer
	}
	return key
}

// NamedValue shortens value when name is the name of a secret or value looks like a
// key, unless value is a reference.
func NamedValue(name, value string) string {
	switch {
	case value == "" || IsReference(value):
		return value
	case isSecretName(name):
		return Value(value)
	}
	if shown, ok := redactJSON(value); ok {
		return shown
	}
	return redactText(value)
}

// Args redacts a command line: --api-key=K, --api-key K and keys as arguments.
func Args(args []string) []string {
	if args == nil {
		return nil
	}
	out := make([]string, len(args))
	previous := ""
	for i, arg := range args {
		flag, value, joined := strings.Cut(arg, "=")
		switch {
		case joined:
			out[i] = flag + "=" + NamedValue(strings.TrimLeft(flag, "-"), value)
		case strings.HasPrefix(arg, "-"):
			out[i] = redactText(arg)
		default:
			out[i] = NamedValue(previous, arg)
		}
		previous = ""
		if strings.HasPrefix(arg, "-") && !joined {
			previous = strings.TrimLeft(arg, "-")
		}
	}
	return out
}

// isSecretName reports whether the key of that name holds a secret rather than the
// place of one.
func isSecretName(name string) bool {
	name = strings.ToLower(strings.ReplaceAll(name, "-", "_"))
	if strings.Contains(name, "webhook") || strings.HasSuffix(name, "headers") {
		return true // the URL of a webhook is a key itself; a header may hold anything
	}
	if isReferenceName(name) || strings.HasSuffix(name, "_tokens") {
		return false // max_tokens and similar settings are numbers
	}
	for _, part := range [...]string{"api_key", "apikey", "master_key", "secret", "password", "passwd", "passphrase",
		"private_key", "access_key", "salt_key", "authorization", "cookie"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return name == "token" || name == "key" || strings.HasSuffix(name, "_token") || strings.HasSuffix(name, "_key")
}

// isReferenceName reports whether the key of that name holds the place or the name of
// something.
func isReferenceName(name string) bool {
	for _, end := range [...]string{"_ref", "_file", "_files", "_path", "_dir", "_url", "_uri", "_endpoint", "_env",
		"_name", "_header"} {
		if strings.HasSuffix(strings.ToLower(name), end) {
			return true
		}
	}
	return false
}
