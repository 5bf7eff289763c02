package translate

// param is a parameter whose value is copied unchanged when both dialects have it.
type param uint8

const (
	temperature param = iota
	topP
	topK
	stop
	seed
	presencePenalty
	frequencyPenalty
	choices
	logitBias
	logprobs
	topLogprobs
	user
	store
	metadata
	serviceTier
	promptCacheKey
	safetyIdentifier
	verbosity
	paramCount
)

// paramNames has each parameter's name by dialect, "" where a dialect lacks it.
// Anthropic's service_tier and metadata are missing, because they mean something
// else: its metadata name the user's account and session.
var paramNames = [paramCount][dialectCount]string{
	temperature: {Chat: "temperature", Messages: "temperature", Responses: "temperature", Gemini: "temperature",
		Converse: "temperature"},
	topP:             {Chat: "top_p", Messages: "top_p", Responses: "top_p", Gemini: "topP", Converse: "topP"},
	topK:             {Messages: "top_k", Gemini: "topK"},
	stop:             {Chat: "stop", Messages: "stop_sequences", Gemini: "stopSequences", Converse: "stopSequences"},
	seed:             {Chat: "seed", Gemini: "seed"},
	presencePenalty:  {Chat: "presence_penalty", Gemini: "presencePenalty"},
	frequencyPenalty: {Chat: "frequency_penalty", Gemini: "frequencyPenalty"},
	choices:          {Chat: "n"},
	logitBias:        {Chat: "logit_bias"},
	logprobs:         {Chat: "logprobs"},
	topLogprobs:      {Chat: "top_logprobs", Responses: "top_logprobs"},
	user:             {Chat: "user", Responses: "user"},
	store:            {Chat: "store", Responses: "store"},
	metadata:         {Chat: "metadata", Responses: "metadata"},
	serviceTier:      {Chat: "service_tier", Responses: "service_tier"},
	promptCacheKey:   {Chat: "prompt_cache_key", Responses: "prompt_cache_key"},
	safetyIdentifier: {Chat: "safety_identifier", Responses: "safety_identifier"},
	verbosity:        {Chat: "verbosity"}, // Responses: text.verbosity
}

// isOpenAIOnly reports whether only OpenAI itself knows a parameter of the chat
// dialect: most other upstreams that speak chat refuse it.
func (p param) isOpenAIOnly() bool { return p >= store }

// readParam reads the value of a member if it is a parameter, and reports whether it is.
func (r *request) readParam(s *scan, key []byte) bool {
	for p := range paramCount {
		if name := paramNames[p][r.from]; name != "" && name == string(key) {
			r.params[p] = s.raw()
			return true
		}
	}
	return false
}

// readOther reads a member that is a parameter; it drops one that no other dialect has.
func (r *request) readOther(s *scan, key []byte) {
	if !r.readParam(s, key) && !isNull(s.raw()) {
		r.drop("", string(key))
	}
}

// appendParams appends the parameters that the upstream's dialect has, and leaves
// out the others.
func (r *request) appendParams(dst []byte) []byte {
	for p, value := range r.params {
		if isNull(value) {
			continue
		}
		p := param(p)
		name := paramNames[p][r.to]
		if name == "" || r.to == Chat && p.isOpenAIOnly() {
			r.leaveOutParam(p, value)
			continue
		}
		dst = appendKey(dst, name)
		if p == stop && value[0] == '"' {
			dst = append(append(append(dst, '['), value...), ']')
			continue
		}
		dst = append(dst, value...)
	}
	return dst
}

// leaveOutParam drops a parameter that the upstream's dialect lacks. A value that asks
// for nothing is not worth naming.
func (r *request) leaveOutParam(p param, value []byte) {
	switch {
	case p == choices && string(value) == "1", p == logprobs && string(value) == "false":
		return
	case p == verbosity && r.to == Responses: // the member text has it
		return
	}
	r.dropParam(r.memberPath(p))
}

// memberPath returns the path of a parameter in the client's request.
func (r *request) memberPath(p param) string {
	switch {
	case r.from == Gemini:
		return configPath + paramNames[p][r.from]
	case p == verbosity && r.from == Responses:
		return "text.verbosity"
	}
	return paramNames[p][r.from]
}

// dropParam notes that the upstream does not get a parameter. With drop_params: false
// in the router's configuration, it refuses the request instead.
func (r *request) dropParam(name string) {
	if r.opts.Strict {
		r.refuse(name, "the upstream has no such parameter; leave it out, or set drop_params: true")
		return
	}
	r.drop("", name)
}
