package request

import (
	"bytes"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/failure"
)

// scanner collects what the router needs from a body while splice.Members walks it.
type scanner struct {
	request    *Request
	allowMocks bool
	measures   bool             // the prompt may have to be weighed
	tail       int              // end of the previous member, or the place after the opening brace
	keeps      bool             // a member that stays has been seen
	isHeadCut  bool             // the first members were cut: the comma before the next one must be cut too
	seen       []string         // the members with a value that some dialect requires
	hasModel   bool             // a member that names the model has been seen
	problem    *failure.Failure // the first error of the request; nil when there is none
}

// visitMember reads one top-level member. Members meant for the router are cut out:
// upstreams do not know them, and some refuse them.
func (s *scanner) visitMember(key []byte, start, end int) bool {
	q := s.request
	q.names = append(q.names, key)
	stays := s.readMember(key, start, end)
	before := s.tail
	s.cutMember(stays, start, end)
	if name := renamedMember(q.Dialect); name != "" && string(key) == name {
		s.renameMember(name, before, start)
	}
	return true
}

// readMember reads a member that the router needs. It reports whether the member stays in
// the body.
func (s *scanner) readMember(key []byte, start, end int) (stays bool) {
	q := s.request
	value := q.body[start:end]
	q.Marks.Note(key, value)
	switch string(key) {
	case "model":
		if q.Dialect.IsGoogle() { // the path names the model
			return false
		}
		s.readModel(value, start, end)
	case "stream":
		q.Stream = string(value) == "true" && !q.Dialect.IsGoogle() || q.Stream
	case "messages", "input", "max_tokens", "contents":
		s.noteRequired(string(key), value)
	case "system", "tools", "instructions", "prompt", "systemInstruction", "system_instruction",
		"generateContentRequest":
		s.keepPrompt(value)
	case "api_base", "base_url", "api_key":
		s.fail(memberRefusal(string(key)))
	case "num_retries", "fallbacks", "disable_fallbacks", "timeout":
		s.fail(q.Control.set(string(key), value))
		return false
	case "max_retries", "mock_response", "context_window_fallbacks", "stream_timeout", "litellm_session_id",
		"litellm_trace_id":
		return false
	default:
		if bytes.EqualFold(key, []byte("model")) { // upstreams written in Go treat it as model
			s.noteModel()
		}
		if bytes.HasPrefix(key, []byte("mock_testing_")) {
			s.readMockTesting(string(key), value)
			return false
		}
	}
	return true
}

// renamedMember returns the member of a dialect's requests that some upstreams know by
// another name: the limit of a chat reply, which OpenAI renamed and others did not, and the
// limit of a ranking. It is empty for other dialects.
func renamedMember(d dialect.Dialect) string {
	switch d {
	case dialect.Chat:
		return "max_completion_tokens"
	case dialect.Rerank:
		return "top_n"
	}
	return ""
}

// renameMember adds the edit that gives a member its other name. The name is between
// before, the end of the previous member, and start, the beginning of the value.
func (s *scanner) renameMember(name string, before, start int) {
	q := s.request
	if at := bytes.Index(q.body[before:start], []byte(`"`+name+`"`)); at >= 0 {
		q.edits = append(q.edits, edit{before + at, before + at + len(`"`+name+`"`), rename})
	}
}

// cutMember adds the edits that cut a member with its comma, unless it stays. It also cuts
// the comma before the first member that stays when all before it were cut.
func (s *scanner) cutMember(stays bool, start, end int) {
	q := s.request
	switch {
	case !stays:
		q.edits = append(q.edits, edit{s.tail, end, cut})
		s.isHeadCut = s.isHeadCut || !s.keeps
	case s.isHeadCut && !s.keeps:
		comma := s.tail + bytes.IndexByte(q.body[s.tail:start], ',') + 1
		at := len(q.edits)
		if at > 0 && q.edits[at-1].start == start { // the model's own edit comes after the comma
			at--
		}
		q.edits = append(q.edits, edit{})
		copy(q.edits[at+1:], q.edits[at:])
		q.edits[at] = edit{s.tail, comma, cut}
	}
	s.keeps = s.keeps || stays
	s.tail = end
}

// readModel reads the model's name and adds the edit that replaces it.
func (s *scanner) readModel(value []byte, start, end int) {
	if !s.noteModel() {
		return
	}
	name, ok := dialect.UnquoteJSON(value)
	if !ok {
		return
	}
	s.request.Model, s.request.ModelLiteral = name, value
	s.request.edits = append(s.request.edits, edit{start, end, replaceModel})
}

// noteModel notes a member that names the model. It refuses a second one, because the
// upstream might use that, and returns false then.
func (s *scanner) noteModel() bool {
	if s.hasModel {
		s.fail(failure.BadRequest("model", "The body names 'model' twice"))
		return false
	}
	s.hasModel = true
	return true
}

// noteRequired notes a member that some dialect requires, and keeps it if it is a prompt.
func (s *scanner) noteRequired(key string, value []byte) {
	if string(value) == "null" {
		return
	}
	s.seen = append(s.seen, key)
	switch key {
	case "input":
		s.keepPrompt(value)
	case "messages", "contents":
		s.keepPrompt(value)
		if value[0] != '[' {
			s.fail(failure.BadRequest("", "Invalid request format: '"+key+"' must be a list"))
		}
	}
}

// keepPrompt keeps a part of the prompt for PromptWeight.
func (s *scanner) keepPrompt(part []byte) {
	if s.measures {
		s.request.prompt = append(s.request.prompt, part)
	}
}

// fail keeps f if it is the first error of the request; a nil f is not an error.
func (s *scanner) fail(f *failure.Failure) {
	if s.problem == nil {
		s.problem = f
	}
}

// readMockTesting reads a member with which LiteLLM's tests ask for failures.
func (s *scanner) readMockTesting(key string, value []byte) {
	if !s.allowMocks {
		s.fail(mockTestingRefusal(key))
		return
	}
	if key == "mock_testing_fallbacks" {
		s.request.Control.MockFailure = string(value) == "true"
	}
}

// mockTestingRefusal returns LiteLLM's failure for a member that asks for a failure.
func mockTestingRefusal(key string) *failure.Failure {
	f := failure.BadRequest("", "Mock testing request params are disabled on this proxy: "+key+
		". An admin can enable them by setting "+
		"`general_settings.dangerously_allow_mock_testing_request_params: true` in config.yaml. This setting "+
		"cannot be changed from the Admin UI or the API.")
	f.Repeat = true
	return f
}

// memberRefusal returns the failure of a member that would replace a deployment's address
// or key.
func memberRefusal(key string) *failure.Failure {
	return failure.BadRequest(key, key+" is not allowed in requests: deployments have their own")
}
