package affinity

// Marks are the members of a request by which it belongs to others: a session, or state
// that an upstream keeps. They are parts of the body, nil where it has none.
type Marks struct {
	PreviousResponse []byte // responses
	Conversation     []byte // responses
	Container        []byte // messages: where code runs
	CacheKey         []byte // prompt_cache_key
	SessionID        []byte // session_id, or LiteLLM's own
	Metadata         []byte

	Messages, System, Tools []byte // what a prompt consists of, in chat and messages
}

// Note notes a member.
func (m *Marks) Note(key, value []byte) {
	switch string(key) {
	case "previous_response_id":
		m.PreviousResponse = value
	case "conversation":
		m.Conversation = value
	case "container":
		m.Container = value
	case "prompt_cache_key":
		m.CacheKey = value
	case "session_id", "litellm_session_id":
		m.SessionID = value
	case "metadata":
		m.Metadata = value
	case "messages":
		m.Messages = value
	case "system":
		m.System = value
	case "tools":
		m.Tools = value
	}
}
