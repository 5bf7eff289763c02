package affinity

import (
	"net/http"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/splice"
)

// The shortest and the longest id of a session, in bytes. Shorter ones are not likely to
// be the id of one session only.
const (
	minSessionID = 8
	maxSessionID = 512
)

// SessionOf returns the id of the session that a request belongs to, as its client names
// it: in a header, as LiteLLM looks for it, else in the body. It is empty when the client
// names none.
func SessionOf(header http.Header, m *Marks) string {
	if id := sessionInHeader(header); id != "" {
		return id
	}
	for _, value := range [...][]byte{m.SessionID, m.Metadata, m.CacheKey, m.Conversation} {
		if id := sessionIn(value); id != "" {
			return id
		}
	}
	return ""
}

// sessionInHeader returns the id of the session that a header names: LiteLLM's own
// headers, X-…-Session-Id of coding agents, the older names that Codex uses, then those
// without a vendor.
func sessionInHeader(header http.Header) string {
	for _, name := range [...]string{"X-Litellm-Trace-Id", "X-Litellm-Session-Id"} {
		if id := checkSessionID(header.Get(name)); id != "" {
			return id
		}
	}
	first := ""
	for name := range header { // of several ones the first by name, so that the choice is always the same
		if isVendorSession(name) && (first == "" || name < first) && checkSessionID(header.Get(name)) != "" {
			first = name
		}
	}
	if first != "" {
		return header.Get(first)
	}
	for _, name := range [...]string{"Session-Id", "Session_id", "Thread-Id", "Conversation_id", "Conversation-Id",
		"X-Session-Id", "X-Session-Affinity"} {
		if values := header[name]; len(values) > 0 && checkSessionID(values[0]) != "" {
			return values[0]
		}
	}
	return ""
}

// isVendorSession reports whether a header is like X-Claude-Code-Session-Id. name is in
// canonical form.
func isVendorSession(name string) bool {
	return strings.HasPrefix(name, "X-") && strings.HasSuffix(name, "-Session-Id") && len(name) > len("X-Session-Id")
}

// checkSessionID returns id if it may be that of a session, else nothing.
func checkSessionID(id string) string {
	if len(id) < minSessionID || len(id) > maxSessionID {
		return ""
	}
	return id
}

// sessionIn returns the id of the session in a member of the body: a text; an object with
// session_id, user_id (of Claude Code) or id.
func sessionIn(value []byte) string {
	switch {
	case len(value) < 2:
		return ""
	case value[0] == '"':
		id, _ := dialect.UnquoteJSON(value)
		return checkSessionID(id)
	case value[0] != '{':
		return ""
	}
	var id, user string
	_ = splice.Members(value, func(key []byte, start, end int) bool { // what is not well-formed names nothing
		switch inner := value[start:end]; string(key) {
		case "session_id", "id":
			id = sessionIn(inner)
		case "user_id":
			user = sessionOfUser(inner)
		}
		return true
	})
	if id != "" {
		return id
	}
	return user
}

// sessionOfUser returns the session in Anthropic's metadata.user_id as Claude Code fills
// it: user_…_session_ID, or an object, also as a text, that has session_id.
func sessionOfUser(value []byte) string {
	if value[0] == '{' {
		return sessionIn(value)
	}
	text, _ := dialect.UnquoteJSON(value)
	if strings.HasPrefix(text, "{") {
		return sessionIn([]byte(text))
	}
	const mark = "_session_"
	if at := strings.LastIndex(text, mark); at >= 0 {
		return checkSessionID(text[at+len(mark):])
	}
	return ""
}
