package trust

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// runsCode are parts of names of LiteLLM settings whose values LiteLLM imports or
// executes: "callbacks", "custom_auth", "post_call_rules", "guardrails".
var runsCode = [...]string{"callback", "custom_", "_rules", "guardrail", "include", "prisma", "database_url", "plugin", "hook", "command"}

// model notes what a LiteLLM fragment imports, and where it sends keys that it
// refers to. Everything else in it (groups, retries, fallbacks) is an ordinary
// edit. covered says that the settings above say where the keys in it are sent.
func (b *surfaceBuilder) model(key string, value any, covered bool) {
	switch v := value.(type) {
	case map[string]any:
		covered = b.recipient(key, v, covered)
		for _, name := range slices.Sorted(maps.Keys(v)) {
			at := key + "." + name
			if isCode(name) {
				walk(at, v[name], func(key string, value any) { b.Executes = append(b.Executes, entry(key, fmt.Sprint(value))) })
				continue
			}
			b.model(at, v[name], covered)
		}
	case []any:
		for _, inner := range v {
			b.model(key, inner, covered)
		}
	}
}

func isCode(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(runsCode[:], func(part string) bool { return strings.Contains(name, part) })
}

// recipient notes the addresses in settings with the references to keys that
// are sent there: those beside them and those below, such as headers. Addresses
// on this machine are those of the stack itself and of local models. Keys without
// an address go to the provider of the model, or to where the setting's program
// sends them by itself. It reports whether it is said where the keys are sent.
func (b *surfaceBuilder) recipient(key string, settings map[string]any, covered bool) bool {
	addresses, references, hasLocal := destinations(settings)
	provider := providerOf(settings)
	switch {
	case len(addresses) > 0 && len(references) > 0:
		b.Sends = append(b.Sends, entry(key, strings.Join(addresses, " ")+" gets "+strings.Join(references, " ")))
	case len(addresses) > 0 || hasLocal:
	case provider != "" && len(references) > 0:
		b.Sends = append(b.Sends, entry(key, "the provider "+provider+" gets "+strings.Join(references, " ")))
	case provider != "":
	case covered:
		return true
	default:
		beside := keysBeside(settings)
		if len(beside) > 0 {
			b.Sends = append(b.Sends, entry(key, "its own address gets "+strings.Join(beside, " ")))
		}
		return false
	}
	return true
}

// destinations returns the addresses in settings that are not on this machine,
// whether there are others, and the references to keys in them and below.
func destinations(settings map[string]any) (addresses, references []string, hasLocal bool) {
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		text, isText := settings[name].(string)
		isLocalAddress := isText && isAddress(name, text) && isLocal(text)
		hasLocal = hasLocal || isLocalAddress
		if isText && isAddress(name, text) && !isLocalAddress {
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
	slices.Sort(references) // walk goes over maps
	return addresses, references, hasLocal
}

// keysBeside returns the references to keys that stand in settings themselves,
// not in settings below, and that are sent somewhere.
func keysBeside(settings map[string]any) (references []string) {
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		values, isList := settings[name].([]any)
		if !isList {
			values = []any{settings[name]}
		}
		for _, value := range values {
			if text, isText := value.(string); isText && isReference(name, text) && !staysHere(name) {
				references = append(references, name+"="+text)
			}
		}
	}
	return references
}

// providerOf names the provider that LiteLLM sends the requests of a deployment
// without an address to, "" when settings are not a deployment's.
func providerOf(settings map[string]any) string {
	model, isDeployment := settings["model"].(string)
	if !isDeployment {
		return ""
	}
	if name, isText := settings["custom_llm_provider"].(string); isText && name != "" {
		return name
	}
	if name, _, hasPrefix := strings.Cut(model, "/"); hasPrefix {
		return name
	}
	return "of " + model
}

// staysHere reports whether a setting is a key that clients send to the router,
// and that the router does not send on.
func staysHere(name string) bool { return name == "master_key" || name == "master_key_ref" }

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

// isLoopback reports whether only this machine reaches a host that is listened on.
func isLoopback(host string) bool {
	return host == "" || host == "localhost" || net.ParseIP(host).IsLoopback()
}

func isLocal(address string) bool {
	if !strings.Contains(address, "://") {
		address = "//" + address
	}
	u, err := url.Parse(address)
	return err == nil && (u.Hostname() == "127.0.0.1" || u.Hostname() == "::1" || u.Hostname() == "localhost")
}
