package trust

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/secret/redact"
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

// recipient notes the addresses in settings with the references to keys that
// are sent there: those beside them and those below, such as headers. Addresses
// on this machine are those of the stack itself and of local models.
func (b *surfaceBuilder) recipient(key string, settings map[string]any) {
	var addresses, references []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		text, isText := settings[name].(string)
		if isText && isAddress(name, text) && !isLocal(text) {
			addresses = append(addresses, text)
			if redact.IsReference(text) || strings.Contains(text, "${") {
				references = append(references, name)
			}
			continue
		}
		walk(name, settings[name], func(at string, value any) {
			if text, isText := value.(string); isText && isReference(at, text) {
				references = append(references, at+"="+text)
			}
		})
	}
	if len(addresses) == 0 || len(references) == 0 {
		return
	}
	slices.Sort(references) // walk goes over maps
	b.Sends = append(b.Sends, entry(key, strings.Join(addresses, " ")+" gets "+strings.Join(references, " ")))
}

// addressNames end the names of settings that say where requests go.
var addressNames = [...]string{"api_base", "url", "uri", "endpoint", "target", "host", "hostname", "address", "server"}

func isAddress(name, value string) bool {
	name = strings.ToLower(name)
	return strings.Contains(value, "://") || slices.ContainsFunc(addressNames[:], func(end string) bool { return strings.HasSuffix(name, end) })
}

// isReference reports whether a setting names a key that lies elsewhere.
func isReference(key, value string) bool {
	name := strings.ToLower(lastOf(key))
	return strings.HasPrefix(value, "os.environ/") || strings.Contains(value, "${") || strings.HasSuffix(name, "_ref") || strings.HasSuffix(name, "credentials")
}

func isLocal(address string) bool {
	if !strings.Contains(address, "://") {
		address = "//" + address
	}
	u, err := url.Parse(address)
	return err == nil && (u.Hostname() == "127.0.0.1" || u.Hostname() == "::1" || u.Hostname() == "localhost")
}
