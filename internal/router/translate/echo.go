package translate

import "strconv"

// echo is what a reply of the Responses API repeats of its request. Its values
// are raw JSON.
type echo struct {
	values [len(echoedMembers)][]byte
}

// echoedMembers are the members of a response that repeat the request, each with
// the API's own default for requests without it. OpenAI's schema requires most of
// them.
var echoedMembers = [...]struct{ name, standard string }{
	{"instructions", "null"},
	{"max_output_tokens", "null"},
	{"max_tool_calls", "null"},
	{"parallel_tool_calls", "true"},
	{"reasoning", `{"effort":null,"summary":null}`},
	{"temperature", "1"},
	{"text", `{"format":{"type":"text"}}`},
	{"tool_choice", `"auto"`},
	{"tools", "[]"},
	{"top_p", "1"},
	{"top_logprobs", "0"},
	{"presence_penalty", "0"},
	{"frequency_penalty", "0"},
	{"truncation", `"disabled"`},
	{"user", "null"},
	{"safety_identifier", "null"},
	{"prompt_cache_key", "null"},
	{"metadata", "{}"},
}

// note copies a member of the request, when it is one that the reply repeats.
func (e *echo) note(key, value []byte) {
	if isNull(value) {
		return
	}
	for i := range echoedMembers {
		if echoedMembers[i].name == string(key) {
			e.values[i] = onOneLine(value)
		}
	}
}

// onOneLine returns a copy of a value without line ends, which the data of an
// event must not contain. In JSON, line ends occur only between tokens.
func onOneLine(value []byte) []byte {
	value = clone(value)
	for i, c := range value {
		if c == '\n' || c == '\r' {
			value[i] = ' '
		}
	}
	return value
}

// append appends the repeated members, and those that are the same in every reply.
func (e *echo) append(dst []byte) []byte {
	for i := range echoedMembers {
		dst = appendKey(dst, echoedMembers[i].name)
		if e.values[i] != nil {
			dst = append(dst, e.values[i]...)
			continue
		}
		dst = append(dst, echoedMembers[i].standard...)
	}
	// Nothing is stored or done in the background, and no service tier was chosen.
	return append(dst, `,"previous_response_id":null,"store":false,"background":false,"service_tier":"default"`...)
}

// replyID returns the id of a reply: the upstream's own if it has the prefix of the
// client's dialect, else one made of the prefix and Options.ID.
func (c *Call) replyID(r *reply, prefix string) []byte {
	if len(r.id) > len(prefix) && string(r.id[:len(prefix)]) == prefix {
		return r.id
	}
	return append([]byte(prefix), c.opts.ID...)
}

// replyModel returns the model that a reply names, as a text.
func (c *Call) replyModel(r *reply) []byte {
	if c.opts.Model != "" {
		return escapeString(c.opts.Model)
	}
	return r.model
}

// appendCreated appends the time of the reply in seconds since 1970 (Unix time).
func (c *Call) appendCreated(dst []byte, r *reply) []byte {
	if r.created != nil {
		return append(dst, r.created...)
	}
	return strconv.AppendInt(dst, c.opts.Created.Unix(), 10)
}
