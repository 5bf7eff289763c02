package router

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"
)

// scanner picks what the router needs out of a request body while splice.Members walks it.
type scanner struct {
	call    *call
	tail    int      // end of the member before, or just behind the opening brace
	kept    bool     // a member that stays has been seen
	headCut bool     // the first members were cut: the next one's comma has to go too
	seen    []string // of the members that some dialect insists on
	named   bool     // a member that names the model has been seen
	problem *failure
}

// control is what a client may ask of the router. Each is bounded by the configuration.
type control struct {
	retries     *int // at most the configured number counts
	timeout     time.Duration
	fallbacks   []string
	noFallbacks bool
	mockFailure bool // mock_testing_fallbacks, when the configuration allows it
}

// member looks at one top-level member. Members meant for the router are cut
// out: no upstream knows them and some refuse them.
func (s *scanner) member(key []byte, start, end int) bool {
	c := s.call
	value := c.body[start:end]
	stay := true
	switch string(key) {
	case "model":
		s.model(value, start, end)
	case "stream":
		c.stream = string(value) == "true"
	case "messages", "input", "max_tokens":
		s.need(string(key), value)
	case "system", "tools":
		s.estimate(value)
	case "api_base", "base_url", "api_key":
		s.fault(badRequest(string(key), fmt.Sprintf("%s is not allowed in requests: deployments have their own", key)))
	case "num_retries", "fallbacks", "disable_fallbacks", "timeout":
		stay = false
		s.setting(string(key), value)
	case "max_retries", "mock_response", "context_window_fallbacks", "stream_timeout":
		stay = false
	default:
		if bytes.EqualFold(key, []byte("model")) { // upstreams written in Go read it as model
			s.nameModel()
		}
		stay = !bytes.HasPrefix(key, []byte("mock_testing_"))
		if !stay {
			s.mockTesting(string(key), value)
		}
	}
	s.keep(stay, start, end)
	return true
}

// keep notes what is to be cut, commas included.
func (s *scanner) keep(stay bool, start, end int) {
	c := s.call
	switch {
	case !stay:
		c.edits = append(c.edits, edit{s.tail, end, cut})
		s.headCut = s.headCut || !s.kept
	case s.headCut && !s.kept:
		comma := s.tail + bytes.IndexByte(c.body[s.tail:start], ',') + 1
		at := len(c.edits)
		if at > 0 && c.edits[at-1].start == start { // the model's own edit comes after the comma
			at--
		}
		c.edits = append(c.edits, edit{})
		copy(c.edits[at+1:], c.edits[at:])
		c.edits[at] = edit{s.tail, comma, cut}
	}
	s.kept = s.kept || stay
	s.tail = end
}

func (s *scanner) model(value []byte, start, end int) {
	c := s.call
	if !s.nameModel() {
		return
	}
	name, ok := decode(value)
	if !ok {
		return
	}
	c.model, c.literal = name, value
	c.edits = append(c.edits, edit{start, end, replaceModel})
}

// nameModel notes a member that names the model, and refuses a second one: the
// upstream might use the other.
func (s *scanner) nameModel() bool {
	if s.named {
		s.fault(badRequest("model", "The body names 'model' twice"))
		return false
	}
	s.named = true
	return true
}

func (s *scanner) need(key string, value []byte) {
	if string(value) == "null" {
		return
	}
	s.seen = append(s.seen, key)
	if key == "messages" {
		s.estimate(value)
		if value[0] != '[' {
			s.fault(badRequest("", "Invalid request format: 'messages' must be a list"))
		}
	}
}

// estimate adds a part of the prompt whose tokens are to be counted.
func (s *scanner) estimate(part []byte) {
	if s.call.dialect == countTokens {
		s.call.tokens += promptBytes("", part, maxEstimateDepth)
	}
}

// fault notes the first thing wrong with the request; nil is nothing wrong.
func (s *scanner) fault(f *failure) {
	if s.problem == nil {
		s.problem = f
	}
}

func (s *scanner) setting(key string, value []byte) {
	ctl := &s.call.control
	if string(value) == "null" {
		return
	}
	switch key {
	case "num_retries":
		s.fault(ctl.setRetries(string(value)))
	case "timeout":
		s.fault(ctl.setTimeout(string(value)))
	case "disable_fallbacks":
		ctl.noFallbacks = string(value) == "true"
	case "fallbacks":
		if json.Unmarshal(value, &ctl.fallbacks) != nil {
			s.fault(badRequest("fallbacks", "fallbacks must be a list of model names"))
		}
	}
}

func (s *scanner) fault2(f *failure) {
	if f != nil {
		s.fault(f)
	}
}

func (s *scanner) mockTesting(key string, value []byte) {
	if !s.call.r.settings.allowMocks {
		f := badRequest("", "Mock testing request params are disabled on this proxy: "+key+". An admin can enable them by setting "+
			"`general_settings.dangerously_allow_mock_testing_request_params: true` in config.yaml. This setting cannot be changed from the Admin UI or the API.")
		f.repeat = true
		s.fault(f)
		return
	}
	if key == "mock_testing_fallbacks" {
		s.call.control.mockFailure = string(value) == "true"
	}
}

func (ctl *control) setRetries(value string) *failure {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 {
		return badRequest("num_retries", "num_retries must be a whole number from 0")
	}
	ctl.retries = &n
	return nil
}

func (ctl *control) setTimeout(value string) *failure {
	s, err := strconv.ParseFloat(value, 64)
	if err != nil || !(s > 0) || math.IsInf(s, 0) {
		return badRequest("timeout", "timeout must be seconds above 0")
	}
	ctl.timeout = time.Duration(min(s, 1e9) * float64(time.Second))
	return nil
}

// readControlHeaders reads the headers that say the same as body members; they win.
func (c *call) readControlHeaders() *failure {
	if v := c.req.Header["X-Litellm-Num-Retries"]; len(v) > 0 {
		if f := c.control.setRetries(v[0]); f != nil {
			return f
		}
	}
	if v := c.req.Header["X-Litellm-Timeout"]; len(v) > 0 {
		return c.control.setTimeout(v[0])
	}
	return nil
}

// unknownModel is LiteLLM's answer for a model that no group has.
func (c *call) unknownModel() *failure {
	name := "None"
	if c.literal != nil {
		name = shorten(c.model)
	}
	f := badRequest("", fmt.Sprintf("%s: Invalid model name passed in model=%s. Call `/v1/models` to view available models for your key.", specs[c.dialect].name, name))
	f.status, f.repeat = http.StatusBadRequest, true
	return f
}
