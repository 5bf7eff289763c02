package router

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/flowgate-go/flowgate/internal/router/splice"
)

// wholeReply is what an unstreamed reply shows about itself.
type wholeReply struct {
	failed   bool // it says so: "type": "error", "object": "error", "status": "failed"
	hasError bool
	answered bool   // it holds an answer: content, output, data
	choices  []byte // the answer of a chat
}

// note looks at one top-level member of the reply.
func (w *wholeReply) note(key, value []byte) {
	switch string(key) {
	case "type", "object":
		w.failed = w.failed || string(value) == `"error"`
	case "status":
		w.failed = w.failed || string(value) == `"failed"`
	case "error", "errors":
		w.hasError = w.hasError || !splice.IsEmpty(value)
	case "choices":
		w.failed = w.failed || splice.ChoiceFailed(value)
		w.choices = value
	case "content", "output", "data":
		w.answered = w.answered || !splice.IsEmpty(value)
	}
}

// firstElement returns the first element of a list, body itself when it is not a list.
func firstElement(body []byte) []byte {
	first := body
	_ = splice.Elements(body, func(start, end int) bool { // an error: it is not a list
		first = body[start:end]
		return false
	})
	return first
}

// isErrorObject reports whether a document is an object that tells an error.
func isErrorObject(doc []byte) bool {
	var about wholeReply
	err := splice.Members(doc, func(key []byte, start, end int) bool {
		about.note(key, doc[start:end])
		return true
	})
	return err == nil && about.isError()
}

// isError reports whether the reply is an error in spite of its status.
func (w *wholeReply) isError() bool {
	return w.failed || w.hasError && !w.answered && (splice.IsEmpty(w.choices) || splice.AreHollowChoices(w.choices))
}

// innerError is where an error may stand in a body: the document itself, its
// error, its response's error, or its choices' errors.
type innerError struct {
	Type       string          `json:"type"`
	Object     string          `json:"object"`
	Error      json.RawMessage `json:"error"`
	Errors     []json.RawMessage
	Code       any             `json:"code"`
	Status     any             `json:"status"`
	StatusCode any             `json:"status_code"`
	HTTPCode   any             `json:"http_code"`
	Response   json.RawMessage `json:"response"`
	Choices    []innerError    `json:"choices"`
}

// innerFailure is the failure that an error inside of a successful reply
// tells. Its status is the one given inside, 500 when there is none.
func (c *call) innerFailure(a *answer, body []byte) *failure {
	if deniesRoute(body) {
		return c.routeMissing(a.deployment, http.StatusOK, body)
	}
	detail, text := errorDetail(body), string(body)
	status := innerStatus(body)
	if detail != nil {
		text = `{"error":` + string(detail) + `}`
	}
	if status == 0 {
		status = innerStatus(detail)
	}
	if status == 0 {
		status = http.StatusInternalServerError
	}
	f := c.classify(a.deployment, status, text)
	f.retryAfter, f.window = readWait(a.header, status, c.r.opts.Now())
	obeyShouldRetry(f, a.header.Get("X-Should-Retry"))
	return f
}

// errorDetail finds the error in body: an object or a string, nil when there is none.
func errorDetail(body []byte) []byte {
	var e innerError
	_ = json.Unmarshal(body, &e) // members of other types stay empty
	switch {
	case !splice.IsEmpty(e.Error):
		return e.Error
	case len(e.Errors) > 0:
		return e.Errors[0]
	case !splice.IsEmpty(e.Response):
		return errorDetail(e.Response)
	}
	for _, choice := range e.Choices {
		if !splice.IsEmpty(choice.Error) {
			return choice.Error
		}
	}
	if e.Type == "error" || e.Object == "error" {
		return body
	}
	return nil
}

// innerStatus finds the status code that an error gives: as a number, or by a
// word that stands for one; 0 when it gives none.
func innerStatus(object []byte) int {
	var e innerError
	_ = json.Unmarshal(object, &e) // members of other types stay empty
	for _, v := range []any{e.StatusCode, e.HTTPCode, e.Code, e.Status} {
		if n := errorNumber(v); n > 0 {
			return n
		}
	}
	for _, v := range []any{e.Code, e.Type, e.Status} {
		if word, _ := v.(string); wordStatus(word) > 0 {
			return wordStatus(word)
		}
	}
	return 0
}

// errorNumber returns v, a JSON number or a number in a string, when it is the
// status code of an error, else 0.
func errorNumber(v any) int {
	n := 0
	switch v := v.(type) {
	case float64:
		n = int(v)
	case string:
		n, _ = strconv.Atoi(v)
	}
	if n < 400 || n > 599 {
		return 0
	}
	return n
}
