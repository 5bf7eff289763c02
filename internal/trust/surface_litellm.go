package trust

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/hostname"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// codeNames lists parts of the names of LiteLLM settings whose values LiteLLM imports or
// executes: "callbacks", "custom_auth", "post_call_rules", "guardrails".
var codeNames = [...]string{
	"callback", "custom_", "_rules", "guardrail", "include", "prisma", "database_url", "plugin", "hook", "command",
}

// addModelSettings adds the code that a LiteLLM fragment names and the addresses that get
// the keys it refers to. Other settings (groups, retries, fallbacks) are not part of the
// surface. covered is true when an entry for the settings above already has those keys.
func (b *surfaceBuilder) addModelSettings(key string, value any, covered bool) {
	switch v := value.(type) {
	case map[string]any:
		covered = b.addRecipient(key, v, covered)
		for _, name := range slices.Sorted(maps.Keys(v)) {
			at := key + "." + name
			if namesCode(name) || name == environmentSection {
				walkScalars(at, v[name], func(key string, value any) {
					b.Executes = append(b.Executes, newEntry(key, fmt.Sprint(value)))
				})
				continue
			}
			b.addModelSettings(at, v[name], covered)
		}
	case []any:
		for _, inner := range v {
			b.addModelSettings(key, inner, covered)
		}
	}
}

// environmentSection is LiteLLM's section of variables. They say as much as those of a service:
// proxies, token services, files with tokens, where telemetry goes.
const environmentSection = "environment_variables"

// namesCode reports whether the value of a setting with this name is imported or executed.
func namesCode(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(codeNames[:], func(part string) bool { return strings.Contains(name, part) })
}

// addRecipient adds an entry with the addresses in settings and the references to keys that
// are sent there: the references in settings and below, such as in headers. An address without
// a reference gets keys too: those that are written there, and those that LiteLLM and the SDKs of
// clouds find by themselves. Addresses on this machine are left out: they belong to the stack itself or to local
// models. Keys without an address are sent to the model's provider, or to an address that
// LiteLLM knows. It reports whether the keys below settings are covered.
func (b *surfaceBuilder) addRecipient(key string, settings map[string]any, covered bool) bool {
	addresses, references, hasLocal := findDestinations(settings)
	provider := providerOf(settings)
	switch {
	case len(addresses) > 0 && len(references) > 0:
		b.Sends = append(b.Sends, newEntry(key, strings.Join(addresses, " ")+" gets "+strings.Join(references, " ")))
	case len(addresses) > 0:
		b.Sends = append(b.Sends, newEntry(key, strings.Join(addresses, " ")+" gets requests and the keys for them"))
	case hasLocal:
	case provider != "" && len(references) > 0:
		b.Sends = append(b.Sends, newEntry(key, "the provider "+provider+" gets "+strings.Join(references, " ")))
	case provider != "":
	case covered:
		return true
	default:
		beside := directReferences(settings)
		if len(beside) > 0 {
			b.Sends = append(b.Sends, newEntry(key, "its own address gets "+strings.Join(beside, " ")))
		}
		return false
	}
	return true
}

// findDestinations returns the addresses in settings that are not on this machine, the
// references to keys in settings and below, and whether an address is on this machine.
func findDestinations(settings map[string]any) (addresses, references []string, hasLocal bool) {
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
		walkScalars(name, settings[name], func(at string, value any) {
			if text, isText := value.(string); isText && isReference(at, text) {
				references = append(references, at+"="+text)
			}
		})
	}
	if len(addresses) > 0 {
		addresses = append(addresses, findTransport(settings)...)
	}
	slices.Sort(references) // walkScalars visits maps in no order
	return addresses, references, hasLocal
}

// findTransport returns what says besides a host where keys go, and whether others can read them on the way:
// the port of a Redis, and its ssl.
func findTransport(settings map[string]any) (texts []string) {
	for _, name := range [...]string{"port", "redis_port", "ssl"} {
		if value, isSet := settings[name]; isSet {
			texts = append(texts, fmt.Sprintf("%s=%v", name, value))
		}
	}
	if more, isMap := settings["cache_kwargs"].(map[string]any); isMap {
		texts = append(texts, findTransport(more)...)
	}
	return texts
}

// directReferences returns the references to keys in settings themselves, not below, except
// keys that clients send.
func directReferences(settings map[string]any) (references []string) {
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		values, isList := settings[name].([]any)
		if !isList {
			values = []any{settings[name]}
		}
		for _, value := range values {
			if text, isText := value.(string); isText && isReference(name, text) && !isClientKey(name) {
				references = append(references, name+"="+text)
			}
		}
	}
	return references
}

// providerOf returns the provider to which LiteLLM sends the requests of a deployment
// without an address, "" when settings are not those of a deployment.
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

// isClientKey reports whether a setting is the key that clients send to the router, which
// the router does not forward.
func isClientKey(name string) bool { return name == "master_key" || name == "master_key_ref" }

// addressNames lists how the names of settings end that hold an address.
var addressNames = [...]string{"api_base", "url", "uri", "endpoint", "target", "host", "hostname", "address", "server"}

// isAddress reports whether a setting holds the address of a server.
func isAddress(name, value string) bool {
	name = strings.ToLower(name)
	return strings.Contains(value, "://") ||
		slices.ContainsFunc(addressNames[:], func(end string) bool { return strings.HasSuffix(name, end) })
}

// identityNames lists settings that name an identity of AWS's, which is in files of the user.
var identityNames = [...]string{"aws_profile_name", "aws_role_name", "aws_web_identity_token"}

// isReference reports whether a setting refers to a key: to a variable, to an entry of
// credentials, or to an identity of a cloud.
func isReference(key, value string) bool {
	name := strings.ToLower(lastName(key))
	return strings.HasPrefix(value, "os.environ/") || strings.Contains(value, "${") ||
		strings.HasSuffix(name, "_ref") || strings.HasSuffix(name, "credentials") || slices.Contains(identityNames[:], name)
}

// isLocal reports whether address is on this machine.
func isLocal(address string) bool {
	if !strings.Contains(address, "://") {
		address = "//" + address
	}
	u, err := url.Parse(address)
	return err == nil && hostname.IsLoopback(u.Hostname())
}
