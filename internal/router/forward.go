package router

import (
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

// forwarding says which of a client's headers a deployment gets. The zero
// value is the list that every upstream gets: see isProtocolHeader.
type forwarding struct {
	all          bool // CLIProxyAPI: every header that isWithheld does not name
	identity     bool // what names the client and its session: see isIdentityHeader
	litellm      bool // what LiteLLM's forward_client_headers_to_llm_api passes
	organization bool // OpenAI-Organization, as LiteLLM's forward_openai_org_id does
}

// passes reports whether a header goes to the upstream. name is in canonical
// form (http.CanonicalHeaderKey). What isWithheld names does not go anyway.
func (f forwarding) passes(name string) bool {
	return f.all || isProtocolHeader(name) || f.identity && isIdentityHeader(name) ||
		f.litellm && isLiteLLMHeader(name) || f.organization && name == "Openai-Organization"
}

// isProtocolHeader names the headers that are part of the providers' interfaces.
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

// isLiteLLMHeader is LiteLLM 1.106.2's rule for forward_client_headers_to_llm_api.
func isLiteLLMHeader(name string) bool {
	return strings.HasPrefix(name, "X-") && !strings.HasPrefix(name, "X-Stainless") || strings.HasPrefix(name, "Anthropic-Beta")
}

// isIdentityHeader names the headers by which coding agents and SDKs say who
// they are and which session a request belongs to.
func isIdentityHeader(name string) bool {
	switch name {
	case "User-Agent", "Originator", "Version", "X-App", "X-Title", "X-Initiator", "Http-Referer":
		return true
	}
	for _, family := range [...]string{"X-Claude-", "X-Stainless-", "X-Session-", "X-Codex-", "X-Client-", "X-Openai-", "X-Opencode-", "X-App-",
		"Session-", "Session_", "Thread-", "Thread_", "Conversation-", "Conversation_", "Originator-", "Copilot-", "Editor-"} {
		if strings.HasPrefix(name, family) {
			return true
		}
	}
	return strings.HasPrefix(name, "X-") && strings.Contains(name, "-Session-")
}

// isWithheld names the headers that no upstream gets: keys, cookies, addresses
// of the client, what belongs to one connection, and what describes the body,
// which the router may change.
func isWithheld(name string) bool {
	if strings.IndexByte(name, '_') >= 0 { // many servers take X_Real_Ip for X-Real-Ip
		name = textproto.CanonicalMIMEHeaderKey(strings.ReplaceAll(name, "_", "-"))
	}
	switch name {
	case "Authorization", "X-Authorization", "X-Auth-Token", "X-Access-Token", "X-Amz-Security-Token", "X-Local-Password",
		"Cookie", "Cookie2", "Set-Cookie", "Set-Cookie2",
		"Forwarded", "Via", "X-Remote-Addr", "X-Remote-User", "X-Envoy-External-Address", "X-Original-Host",
		"Connection", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Http2-Settings", "Expect",
		"Host", "Content-Length", "Content-Type", "Content-Encoding", "Accept-Encoding", "Content-Md5", "Digest", "Content-Digest", "Repr-Digest":
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

// headerFor is the header of a request to d: the deployment's own, and what
// passes of the client's. It is shared, and never written to, when nothing passes.
func (c *call) headerFor(d *Deployment) http.Header {
	own := d.wire.header
	if c.dialect.anthropic() {
		own = d.wire.headerMessages
	}
	header := own
	copied := false
	hops := c.req.Header["Connection"]
	for name, values := range c.req.Header {
		if name == "" || !d.forward.passes(name) || isWithheld(name) || hops != nil && isListed(hops, name) || c.holdsKey(values) {
			continue
		}
		if !copied {
			header = make(http.Header, len(own)+len(c.req.Header))
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

// holdsKey reports whether the key that clients present stands in one of the
// values: a client that puts it into a header of its own must not give it away.
func (c *call) holdsKey(values []string) bool {
	return slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, c.r.settings.masterKey) })
}
