package request

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/failure"
	"github.com/flowgate-go/flowgate/internal/router/form"
)

// formScanner collects what the router needs from a form while form.Parts walks it.
type formScanner struct {
	request    *Request
	allowMocks bool
	hasModel   bool
	problem    *failure.Failure // the first error of the request; nil when there is none
}

// readBoundary reads the boundary of a body that is a form.
func (q *Request) readBoundary() *failure.Failure {
	if !q.Dialect.TakesForms() {
		return nil
	}
	boundary, err := form.Boundary(q.HTTP.Header.Get("Content-Type"))
	if err != nil {
		return failure.BadRequest("content-type", "Invalid form: "+err.Error())
	}
	q.boundary = boundary
	return nil
}

// ContentType returns the Content-Type of the body; empty for JSON.
func (q *Request) ContentType() string {
	if q.boundary == "" {
		return ""
	}
	return q.HTTP.Header.Get("Content-Type")
}

// acceptForm reads what the router needs from a body that is a form. pathModel is the model
// that the path names; it takes precedence over the form's.
func (q *Request) acceptForm(r *Reader, pathModel string) *failure.Failure {
	s := &formScanner{request: q, allowMocks: r.AllowMocks}
	end, err := form.Parts(q.body, q.boundary, s.readPart)
	if err != nil {
		return failure.BadRequest("request_body", "Invalid form: "+err.Error())
	}
	q.formEnd = end
	if pathModel != "" {
		q.setModelName(pathModel)
	}
	if s.problem != nil {
		return s.problem
	}
	return q.readControlHeaders()
}

// readPart reads one part. Parts meant for the router are cut out, as members of JSON are.
func (s *formScanner) readPart(p form.Part) {
	q := s.request
	q.names, q.parts = append(q.names, []byte(p.Name)), append(q.parts, edit{p.Begin, p.After, cut})
	value := q.body[p.Start:p.End]
	stays := true
	switch p.Name {
	case "model":
		s.readModel(p, value)
	case "api_base", "base_url", "api_key":
		s.fail(memberRefusal(p.Name))
	case "num_retries", "fallbacks", "disable_fallbacks", "timeout":
		stays = false
		s.fail(q.Control.set(p.Name, bytes.TrimSpace(value)))
	case "max_retries", "mock_response", "context_window_fallbacks", "stream_timeout":
		stays = false
	default:
		if strings.EqualFold(p.Name, "model") {
			s.fail(failure.BadRequest("model", fmt.Sprintf("The form names 'model' as %.40q", p.Name)))
		}
		stays = !strings.HasPrefix(p.Name, "mock_testing_")
		if !stays && !s.allowMocks {
			s.fail(mockTestingRefusal(p.Name))
		}
	}
	if !stays {
		q.edits = append(q.edits, edit{p.Begin, p.After, cut})
	}
}

// readModel reads the model's name and adds the edit that replaces it.
func (s *formScanner) readModel(p form.Part, value []byte) {
	q := s.request
	switch {
	case s.hasModel:
		s.fail(failure.BadRequest("model", "The form names 'model' twice"))
	case p.IsFile:
		s.fail(failure.BadRequest("model", "The form's 'model' is a file"))
	case len(value) > 0:
		q.setModelName(string(value))
		q.edits = append(q.edits, edit{p.Start, p.End, replaceModel})
	default:
		q.edits = append(q.edits, edit{p.Begin, p.After, cut})
	}
	s.hasModel = true
}

// fail keeps f if it is the first error of the request; a nil f is not an error.
func (s *formScanner) fail(f *failure.Failure) {
	if s.problem == nil {
		s.problem = f
	}
}

// setModelName sets the model that is asked for.
func (q *Request) setModelName(name string) {
	q.Model = name
	q.ModelLiteral, _ = json.Marshal(name) // a string always marshals
}

// formEdits returns the edits, and those that cut the parts with the names in dropped, in
// the order of the body.
func (q *Request) formEdits(dropped []string) []edit {
	if len(dropped) == 0 {
		return q.edits
	}
	all := slices.Clone(q.edits)
	for i, part := range q.parts {
		if slices.Contains(dropped, string(q.names[i])) && !slices.Contains(q.edits, part) {
			all = append(all, part)
		}
	}
	slices.SortFunc(all, func(a, b edit) int { return a.start - b.start })
	return all
}

// appendFormPieces appends the client's form with the edits applied, and without the parts
// that the deployment does not get. The model, if only the path names it, and the defaults
// that the client did not send become parts at its end.
func (q *Request) appendFormPieces(list pieces, c Changes) pieces {
	at, hasModel := 0, false
	for _, e := range q.formEdits(c.Dropped) {
		list = list.with(q.body[at:e.start])
		if e.kind == replaceModel {
			hasModel = true
			list = list.with([]byte(c.ModelName))
		}
		at = e.end
	}
	list = list.with(q.body[at:q.formEnd])
	var added []byte
	if !hasModel {
		added = form.AppendField(added, q.boundary, "model", c.ModelName)
	}
	for i := range c.Defaults {
		if !slices.ContainsFunc(q.names, c.Defaults[i].SaysSame) {
			added = form.AppendField(added, q.boundary, c.Defaults[i].Name, fieldValue(c.Defaults[i]))
		}
	}
	return list.with(added).with(q.body[q.formEnd:])
}

// fieldValue returns the value of a member in the form of a field: a string without its
// quotes, anything else as JSON.
func fieldValue(m dialect.Member) string {
	if text, ok := dialect.UnquoteJSON(m.Value); ok {
		return text
	}
	return string(m.Value)
}
