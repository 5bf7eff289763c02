package deployment

import (
	"maps"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// isForwarded reports whether the rule forwards a header. name is in canonical form
// (http.CanonicalHeaderKey). It does not matter for headers that isWithheld names.
func isForwarded(rule settings.ForwardRule, name string) bool {
	return rule.All || isProtocolHeader(name) || rule.Identity && isIdentityHeader(name) ||
		rule.LiteLLM && isLiteLLMHeader(name) || rule.Organization && name == "Openai-Organization" ||
		rule.Trace && (name == "Traceparent" || name == "Tracestate")
}

// isProtocolHeader reports whether a header is part of a provider's API.
func isProtocolHeader(name string) bool {
	switch name[0] {
	case 'A':
		return strings.HasPrefix(name, "Anthropic-")
	case 'I':
		return name == "Idempotency-Key"
	case 'O':
		return name == "Openai-Beta"
	}
	return false
}

// isLiteLLMHeader reports whether LiteLLM 1.106.2 forwards a header under
// forward_client_headers_to_llm_api.
func isLiteLLMHeader(name string) bool {
	return strings.HasPrefix(name, "X-") && !strings.HasPrefix(name, "X-Stainless") ||
		strings.HasPrefix(name, "Anthropic-Beta")
}

// isIdentityHeader reports whether coding agents and SDKs name themselves, or the session
// of a request, in a header.
func isIdentityHeader(name string) bool {
	switch name {
	case "User-Agent", "Originator", "Version", "X-App", "X-Title", "X-Initiator", "Http-Referer":
		return true
	}
	for _, prefix := range [...]string{"X-Claude-", "X-Stainless-", "X-Session-", "X-Codex-", "X-Client-",
		"X-Openai-", "X-Opencode-", "X-App-",
		"Session-", "Session_", "Thread-", "Thread_", "Conversation-", "Conversation_", "Originator-", "Copilot-",
		"Editor-"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return strings.HasPrefix(name, "X-") && strings.Contains(name, "-Session-")
}

// isWithheld reports whether a header is never forwarded: keys, cookies, the client's
// addresses, headers of the connection, and headers that describe the body, which the
// router may change.
func isWithheld(name string) bool {
	if strings.IndexByte(name, '_') >= 0 { // many servers treat X_Real_Ip as X-Real-Ip
		name = textproto.CanonicalMIMEHeaderKey(strings.ReplaceAll(name, "_", "-"))
	}
	switch name {
	case "Authorization", "X-Authorization", "X-Auth-Token", "X-Access-Token", "X-Amz-Security-Token",
		"X-Local-Password",
		"Cookie", "Cookie2", "Set-Cookie", "Set-Cookie2",
		"Forwarded", "Via", "X-Remote-Addr", "X-Remote-User", "X-Envoy-External-Address", "X-Original-Host",
		"Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Http2-Settings", "Expect",
		"Host", "Content-Length", "Content-Type", "Content-Encoding", "Accept-Encoding", "Content-Md5", "Digest",
		"Content-Digest", "Repr-Digest":
		return true
	}
	for _, prefix := range [...]string{"X-Litellm-", "X-Forwarded-", "Proxy-"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	for _, suffix := range [...]string{"Api-Key", "Apikey", "Subscription-Key", "Management-Key", "-Ip", "Forwarded-For"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return name == "X-Forwarded"
}

// HeaderFor returns the header of a request in a dialect: the deployment's own header, and
// the client's headers that are forwarded. A header that contains clientKey, the key that
// clients send, is not forwarded. The result is shared, and must not be changed.
func (d *Deployment) HeaderFor(in dialect.Dialect, client http.Header, clientKey string) http.Header {
	own := d.header
	if in.IsAnthropic() {
		own = d.anthropicHeader
	} else if in.IsGoogle() {
		own = d.googleHeader
	}
	header := own
	copied := false
	connection := client["Connection"]
	for name, values := range client {
		if name == "" || !isForwarded(d.ForwardRule, name) || isWithheld(name) ||
			connection != nil && isConnectionOption(connection, name) || containsKey(values, clientKey) {
			continue
		}
		if !copied {
			header = make(http.Header, len(own)+len(client))
			maps.Copy(header, own)
			copied = true
		}
		header[name] = values
	}
	return header
}

// isConnectionOption reports whether the values of a Connection header name another header.
func isConnectionOption(connection []string, name string) bool {
	for _, value := range connection {
		for option := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(option), name) {
				return true
			}
		}
	}
	return false
}

// containsKey reports whether one of the values contains key, the key that clients send. A
// client may put it into any header, and upstreams must not get it.
func containsKey(values []string, key string) bool {
	return slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, key) })
}

// maxQueryValue is the longest value of a query parameter that is forwarded, in bytes.
const maxQueryValue = 256

// ForwardedQuery returns the part of a client's query string that is forwarded: the
// parameter beta of Anthropic's API. Other parameters may hold keys under many names. A
// value that is too long or contains clientKey is left out.
func ForwardedQuery(query, clientKey string) string {
	if query == "" || query == "beta=true" {
		return query
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return ""
	}
	kept := url.Values{}
	for _, value := range values["beta"] {
		if len(value) <= maxQueryValue && !strings.Contains(value, clientKey) {
			kept.Add("beta", value)
		}
	}
	return kept.Encode()
}
