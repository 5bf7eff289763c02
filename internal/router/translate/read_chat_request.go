package translate

// readChat reads a request to /v1/chat/completions.
func (r *request) readChat(s *scan) {
	var oldLimit []byte // max_tokens, which max_completion_tokens has replaced
	ok := s.object(func(key []byte) {
		switch string(key) {
		case "model":
			r.model = s.raw()
		case "messages":
			if !s.array(func() { r.readChatMessage(s) }) {
				r.refuse("messages", "expected a list")
			}
		case "tools":
			s.array(func() { r.readChatTool(s) })
		case "tool_choice":
			r.readChatChoice(s)
		case "parallel_tool_calls":
			r.parallel = s.raw()
		case "max_completion_tokens":
			r.maxTokens = s.raw()
		case "max_tokens":
			oldLimit = s.raw()
		case "stream":
			r.stream = string(s.raw()) == "true"
		case "stream_options":
			r.readStreamOptions(s)
		case "reasoning_effort":
			r.readEffort(s, "reasoning_effort")
		case "response_format":
			r.readResponseFormat(s)
		default:
			r.readOther(s, key)
		}
	})
	if isNull(r.maxTokens) {
		r.maxTokens = oldLimit
	}
	if !ok {
		r.refuse("body", "expected a JSON object")
	}
	r.moveLeadingSystem()
}

func (r *request) readStreamOptions(s *scan) {
	s.object(func(key []byte) {
		switch string(key) {
		case "include_usage":
			r.usage = string(s.raw()) == "true"
		default:
			if !isNull(s.raw()) {
				r.drop("stream_options.", string(key))
			}
		}
	})
}

func (r *request) readResponseFormat(s *scan) {
	var kind []byte
	s.object(func(key []byte) {
		switch string(key) {
		case "type":
			kind, _ = s.text()
		case "json_schema":
			s.object(func(key []byte) { r.readFormatMember(s, "response_format.json_schema.", string(key)) })
		default:
			r.drop("response_format.", string(key))
		}
	})
	r.format.setType(string(kind))
}
