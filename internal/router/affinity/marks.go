package affinity

// Marks are the members of a request that tell which session it belongs to, and which
// state of an upstream it refers to. They are parts of the body; an absent one is nil.
type Marks struct {
	PreviousResponse []byte // responses
	Conversation     []byte // responses
	Container        []byte // messages: the container in which code runs
	CacheKey         []byte // prompt_cache_key
	SessionID        []byte // session_id, or LiteLLM's own
	Metadata         []byte

	Messages, System, Tools []byte // the parts of a prompt in chat and messages
}

// Note keeps value when key is that of a mark, and ignores other members.
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
