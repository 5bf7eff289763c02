package reply

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/deployment"
)

// Routing is what the headers of a reply tell clients about the attempts that it needed.
type Routing struct {
	Retries     int  // in the group that answered
	RetryBudget int  // how many retries were allowed there
	FellBack    bool // another group, or a higher order, was asked
}

// Header values that replies share; they must not be changed.
var (
	server   = []string{deployment.ServerName} // a router in front of this one recognizes it by this
	jsonType = []string{"application/json"}
	sseType  = []string{"text/event-stream; charset=utf-8"}
	noCache  = []string{"no-cache"}
	no       = []string{"no"}

	estimated = []string{"estimated"}
	digits    = [...][]string{{"0"}, {"1"}, {"2"}, {"3"}, {"4"}, {"5"}, {"6"}, {"7"}, {"8"}, {"9"}}
)

// setHeaders sets the headers that say which deployment answered.
func (w *Writer) setHeaders(a *Answer) {
	h := w.http.Header()
	h["Server"] = server
	h["X-Litellm-Call-Id"] = []string{w.request.ID}
	h["X-Litellm-Model-Id"] = a.Deployment.IDHeader
	h["X-Litellm-Model-Group"] = a.Deployment.GroupHeader
	h["X-Litellm-Model-Name"] = a.Deployment.ModelHeader
	h["X-Litellm-Attempted-Retries"] = numberHeader(w.Routing.Retries)
	h["X-Litellm-Attempted-Fallbacks"] = digits[0]
	if w.Routing.FellBack { // LiteLLM says 1, whatever the number of fallbacks
		h["X-Litellm-Attempted-Fallbacks"] = digits[1]
	}
	if w.Routing.Retries > 0 {
		h["X-Litellm-Max-Retries"] = numberHeader(w.Routing.RetryBudget)
	}
	setDropped(h, a.Dropped)
	if a.UsageEstimated {
		h["X-Flowgate-Usage"] = estimated
	}
	copyUpstreamHeaders(h, a.Header)
	a.Deployment.RedactHeaders(h)
}

// setDropped sets the header with the members of the request that were lost in its translation.
func setDropped(h http.Header, members []string) {
	if len(members) > 0 {
		h["X-Flowgate-Dropped"] = []string{strings.Join(members, ", ")}
	}
}

// numberHeader returns a number as a header value.
func numberHeader(n int) []string {
	if n < len(digits) {
		return digits[n]
	}
	return []string{strconv.Itoa(n)}
}

// copyUpstreamHeaders copies the upstream's headers about limits and about the request: under
// their own names, which clients of a provider read, and with LiteLLM's prefix. Others
// are not copied: they may hold keys, cookies or addresses.
func copyUpstreamHeaders(to, from http.Header) {
	for name, values := range from {
		repeated := isRepeated(name)
		if repeated {
			to[name] = values
		}
		if repeated || isDescriptive(name) {
			to[prefixedName(name)] = values
		}
	}
	if id := from["Request-Id"]; id == nil && from["X-Request-Id"] != nil {
		to["Request-Id"] = from["X-Request-Id"] // Anthropic's SDKs read only this one
	}
}

// isRepeated reports whether clients get a header under its own name.
func isRepeated(name string) bool {
	switch name {
	case "Retry-After", "Retry-After-Ms", "X-Should-Retry", "X-Request-Id", "Request-Id", "X-Reasoning-Included",
		"Ratelimit":
		return true
	}
	for _, prefix := range [...]string{"X-Ratelimit-", "Anthropic-Ratelimit-", "Anthropic-Priority-", "Openai-",
		"X-Codex-", "Ratelimit-"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// isDescriptive reports whether clients get a header with LiteLLM's prefix only.
func isDescriptive(name string) bool {
	switch name {
	case "Content-Type", "Content-Length", "Content-Encoding", "Date", "Server", "Cf-Ray", "Cf-Cache-Status",
		"Apim-Request-Id", "X-Envoy-Upstream-Service-Time":
		return true
	}
	for _, prefix := range [...]string{"Anthropic-", "X-Cpa-", "X-Ms-", "X-Groq-", "Azureml-", "Fireworks-"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// prefixedName returns a header's name with LiteLLM's prefix. For the names that nearly
// every reply has, it allocates no string.
func prefixedName(name string) string {
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
