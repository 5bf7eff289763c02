package affinity

import (
	"net/http"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/splice"
)

// The shortest and the longest id of a session, in bytes. A shorter id is unlikely to
// be unique.
const (
	minSessionID = 8
	maxSessionID = 512
)

// SessionOf returns the id of the session that a request belongs to: from a header, where
// LiteLLM looks for it, else from the body. It is empty when the client sent none.
func SessionOf(header http.Header, m *Marks) string {
	if id := sessionFromHeader(header); id != "" {
		return id
	}
	for _, value := range [...][]byte{m.SessionID, m.Metadata, m.CacheKey, m.Conversation} {
		if id := sessionFromValue(value); id != "" {
			return id
		}
	}
	return ""
}

// sessionFromHeader returns the id of the session in the first header that has one: LiteLLM's
// own headers, X-…-Session-Id of coding agents, the older names that Codex uses, then
// names without a vendor.
func sessionFromHeader(header http.Header) string {
	first, best := "", noSession
	for name, values := range header { // once through all is faster than to look for each name
		rank := rankSessionHeader(name)
		if rank == noSession || rank > best || len(values) == 0 || validSessionID(values[0]) == "" {
			continue
		}
		if rank < best || name < first { // of several vendors the first, so that the choice is always the same
			first, best = name, rank
		}
	}
	if best == noSession {
		return ""
	}
	return header[first][0]
}

// noSession is the rank of headers without the id of a session.
const noSession = 100

// rankSessionHeader returns which headers with the id of a session take precedence, the lowest
// first. name is in canonical form.
func rankSessionHeader(name string) int {
	if end := name[max(0, len(name)-1):]; end != "d" && end != "y" {
		return noSession // as nearly all headers of a request
	}
	switch name {
	case "X-Litellm-Trace-Id":
		return 0
	case "X-Litellm-Session-Id":
		return 1
	case "Session-Id":
		return 3
	case "Session_id":
		return 4
	case "Thread-Id":
		return 5
	case "Conversation_id":
		return 6
	case "Conversation-Id":
		return 7
	case "X-Session-Id":
		return 8
	case "X-Session-Affinity":
		return 9
	}
	if isVendorSessionHeader(name) {
		return 2
	}
	return noSession
}

// isVendorSessionHeader reports whether a header's name has the form of
// X-Claude-Code-Session-Id. name is in canonical form.
func isVendorSessionHeader(name string) bool {
	return strings.HasPrefix(name, "X-") && strings.HasSuffix(name, "-Session-Id") && len(name) > len("X-Session-Id")
}

// validSessionID returns id if its length is that of a session's id, else "".
func validSessionID(id string) string {
	if len(id) < minSessionID || len(id) > maxSessionID {
		return ""
	}
	return id
}

// sessionFromValue returns the id of the session in the value of a member: a string, or an
// object with session_id, id or user_id (of Claude Code).
func sessionFromValue(value []byte) string {
	switch {
	case len(value) < 2:
		return ""
	case value[0] == '"':
		id, _ := dialect.UnquoteJSON(value)
		return validSessionID(id)
	case value[0] != '{':
		return ""
	}
	var id, user string
	_ = splice.Members(value, func(key []byte, start, end int) bool { // a malformed object names no session
		switch inner := value[start:end]; string(key) {
		case "session_id", "id":
			id = sessionFromValue(inner)
		case "user_id":
			user = sessionFromUserID(inner)
		}
		return true
	})
	if id != "" {
		return id
	}
	return user
}

// sessionFromUserID returns the id of the session in Anthropic's metadata.user_id as Claude
// Code fills it: user_…_session_ID, or an object with session_id, which may be encoded as
// a string.
func sessionFromUserID(value []byte) string {
	if value[0] == '{' {
		return sessionFromValue(value)
	}
	text, _ := dialect.UnquoteJSON(value)
	if strings.HasPrefix(text, "{") {
		return sessionFromValue([]byte(text))
	}
	const mark = "_session_"
	if at := strings.LastIndex(text, mark); at >= 0 {
		return validSessionID(text[at+len(mark):])
	}
	return ""
}
