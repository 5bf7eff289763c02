package trust

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// runsCode are parts of names of LiteLLM settings whose values LiteLLM imports or
// executes: "callbacks", "custom_auth", "post_call_rules", "guardrails".
var runsCode = [...]string{"callback", "custom_", "_rules", "guardrail", "include", "prisma", "database_url", "plugin", "hook", "command"}

// model notes what a LiteLLM fragment imports, and where it sends keys that it
// refers to. Everything else in it (groups, retries, fallbacks) is an ordinary edit.
func (b *surfaceBuilder) model(key string, value any) {
	switch v := value.(type) {
	case map[string]any:
		b.recipient(key, v)
		for _, name := range slices.Sorted(maps.Keys(v)) {
			at := key + "." + name
			if isCode(name) {
				walk(at, v[name], func(key string, value any) { b.Executes = append(b.Executes, entry(key, fmt.Sprint(value))) })
				continue
			}
			b.model(at, v[name])
		}
	case []any:
		for _, inner := range v {
			b.model(key, inner)
		}
	}
}

func isCode(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(runsCode[:], func(part string) bool { return strings.Contains(name, part) })
}

// recipient notes an address with the reference to the key that is sent there.
// Addresses on this machine are those of the stack itself and of local models.
func (b *surfaceBuilder) recipient(key string, settings map[string]any) {
	address, reference := "", ""
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		text, isText := settings[name].(string)
		lower := strings.ToLower(name)
		switch {
		case !isText:
		case lower == "api_base" || lower == "base_url" || strings.HasSuffix(lower, "_url") || strings.HasSuffix(lower, "endpoint"):
			address += text + " "
		case strings.HasPrefix(text, "os.environ/") || strings.Contains(text, "${") || strings.HasSuffix(lower, "_ref") || strings.HasSuffix(lower, "credentials"):
			reference += name + "=" + text + " "
		}
	}
	if address == "" || reference == "" || isLocal(strings.TrimSpace(address)) {
		return
	}
	b.Sends = append(b.Sends, entry(key, address+"gets "+strings.TrimSpace(reference)))
}

func isLocal(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Hostname() == "127.0.0.1" || u.Hostname() == "::1" || u.Hostname() == "localhost")
}
