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
// (http.CanonicalHeaderKey). Headers that isWithheld names are not forwarded anyway.
func isForwarded(rule settings.ForwardRule, name string) bool {
	return rule.All || isProtocolHeader(name) || rule.Identity && isIdentityHeader(name) ||
		rule.LiteLLM && isLiteLLMHeader(name) || rule.Organization && name == "Openai-Organization"
}

// isProtocolHeader reports whether a header is part of the providers' interfaces.
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

// isIdentityHeader reports whether a header is one by which coding agents and SDKs
// name themselves and the session of a request.
func isIdentityHeader(name string) bool {
	switch name {
	case "User-Agent", "Originator", "Version", "X-App", "X-Title", "X-Initiator", "Http-Referer":
		return true
	}
	for _, family := range [...]string{"X-Claude-", "X-Stainless-", "X-Session-", "X-Codex-", "X-Client-",
		"X-Openai-", "X-Opencode-", "X-App-",
		"Session-", "Session_", "Thread-", "Thread_", "Conversation-", "Conversation_", "Originator-", "Copilot-",
		"Editor-"} {
		if strings.HasPrefix(name, family) {
			return true
		}
	}
	return strings.HasPrefix(name, "X-") && strings.Contains(name, "-Session-")
}

// isWithheld reports whether no upstream gets a header: keys, cookies, addresses of
// the client, what belongs to one connection, and what describes the body, which the
// router may change.
func isWithheld(name string) bool {
	if strings.IndexByte(name, '_') >= 0 { // many servers take X_Real_Ip for X-Real-Ip
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
	for _, family := range [...]string{"X-Litellm-", "X-Forwarded-", "Proxy-"} {
		if strings.HasPrefix(name, family) {
			return true
		}
	}
	for _, end := range [...]string{"Api-Key", "Apikey", "Subscription-Key", "Management-Key", "-Ip", "Forwarded-For"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return name == "X-Forwarded"
}

// HeaderFor returns the header of a request in a dialect: the deployment's own, and
// what is forwarded of the client's. A value that contains clientKey, the key that
// clients send, is not forwarded. The header is shared, and must not be changed.
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
			connection != nil && isListed(connection, name) || containsKey(values, clientKey) {
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

// isListed reports whether a Connection header names another header.
func isListed(connection []string, name string) bool {
	for _, value := range connection {
		for option := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(option), name) {
				return true
			}
		}
	}
	return false
}

// containsKey reports whether one of the values contains the key that clients send: a
// client that puts it into a header of its own must not give it away.
func containsKey(values []string, key string) bool {
	return slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, key) })
}

// maxQueryValue is the longest value of a query parameter that is forwarded, in bytes.
const maxQueryValue = 256

// ForwardedQuery returns what is forwarded of a client's query string: the parameter
// beta, which Anthropic's interface has. Other parameters may hold keys under many names.
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
