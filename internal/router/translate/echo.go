package translate

import "strconv"

// echo is what a reply of the Responses API repeats of its request. Its values
// are raw.
type echo struct {
	values [len(echoed)][]byte
}

// echoed are the members of a response that repeat the request, with the value
// where the request has none: the API's own defaults. OpenAI's schema demands
// most of them.
var echoed = [...]struct{ name, absent string }{
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

// note copies a member of the request that is to be repeated.
func (e *echo) note(key, value []byte) {
	if isNull(value) {
		return
	}
	for i := range echoed {
		if echoed[i].name == string(key) {
			e.values[i] = onOneLine(value)
		}
	}
}

// onOneLine returns a copy of a value without line ends, which an event's data
// must not have. In JSON they only stand between values.
func onOneLine(value []byte) []byte {
	value = clone(value)
	for i, c := range value {
		if c == '\n' || c == '\r' {
			value[i] = ' '
		}
	}
	return value
}

func (e *echo) append(dst []byte) []byte {
	for i := range echoed {
		dst = appendKey(dst, echoed[i].name)
		if e.values[i] != nil {
			dst = append(dst, e.values[i]...)
			continue
		}
		dst = append(dst, echoed[i].absent...)
	}
	// Nothing is stored or done later, and a service tier was not chosen.
	return append(dst, `,"previous_response_id":null,"store":false,"background":false,"service_tier":"default"`...)
}

// replyID returns the id of a reply: the upstream's, where that has the client's
// prefix.
func (c *Call) replyID(r *reply, prefix string) []byte {
	if len(r.id) > len(prefix) && string(r.id[:len(prefix)]) == prefix {
		return r.id
	}
	return append([]byte(prefix), c.opts.ID...)
}

// replyModel returns the model that a reply names, a text.
func (c *Call) replyModel(r *reply) []byte {
	if c.opts.Model != "" {
		return escapeString(c.opts.Model)
	}
	return r.model
}

// appendCreated appends the time of the reply, in seconds since 1970.
func (c *Call) appendCreated(dst []byte, r *reply) []byte {
	if r.created != nil {
		return append(dst, r.created...)
	}
	return strconv.AppendInt(dst, c.opts.Created.Unix(), 10)
}
