package router

import (
	"net/http"
	"strings"
)

// repeatHeaders gives a client the upstream's headers about limits and about
// the request: under their own names, which clients of a provider read, and
// under LiteLLM's prefix. All others stay here: they may hold keys, cookies or
// addresses.
func repeatHeaders(to, from http.Header) {
	for name, values := range from {
		own := isRepeated(name)
		if own {
			to[name] = values
		}
		if own || isDescriptive(name) {
			to[prefixed(name)] = values
		}
	}
	if id := from["Request-Id"]; id == nil && from["X-Request-Id"] != nil {
		to["Request-Id"] = from["X-Request-Id"] // Anthropic's SDKs read this one only
	}
}

// isRepeated names the headers that clients get under their own names.
func isRepeated(name string) bool {
	switch name {
	case "Retry-After", "Retry-After-Ms", "X-Should-Retry", "X-Request-Id", "Request-Id", "X-Reasoning-Included", "Ratelimit":
		return true
	}
	for _, family := range [...]string{"X-Ratelimit-", "Anthropic-Ratelimit-", "Anthropic-Priority-", "Openai-", "X-Codex-", "Ratelimit-"} {
		if strings.HasPrefix(name, family) {
			return true
		}
	}
	return false
}

// isDescriptive names the headers that clients get under LiteLLM's prefix only.
func isDescriptive(name string) bool {
	switch name {
	case "Content-Type", "Content-Length", "Content-Encoding", "Date", "Server", "Cf-Ray", "Cf-Cache-Status", "Apim-Request-Id", "X-Envoy-Upstream-Service-Time":
		return true
	}
	for _, family := range [...]string{"Anthropic-", "X-Cpa-", "X-Ms-", "X-Groq-", "Azureml-", "Fireworks-"} {
		if strings.HasPrefix(name, family) {
			return true
		}
	}
	return false
}

// prefixed is a header's name under LiteLLM's prefix; of the names that nearly
// every reply has without making a new string.
func prefixed(name string) string {
	switch name {
	case "Content-Type":
		return "Llm_provider-Content-Type"
	case "Content-Length":
		return "Llm_provider-Content-Length"
	case "Date":
		return "Llm_provider-Date"
	case "Server":
		return "Llm_provider-Server"
	case "X-Request-Id":
		return "Llm_provider-X-Request-Id"
	}
	return "Llm_provider-" + name
}
