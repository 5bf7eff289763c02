package dialect

import (
	"encoding/json"
	"strconv"

	"github.com/flowgate-go/flowgate/internal/router/splice"
)

// ReplyScan decides from the top-level members of an unstreamed reply whether it is an error
// in spite of its status. Call Member for each member, then IsError.
type ReplyScan struct {
	failed    bool   // a member says so: "type": "error", "object": "error", "status": "failed", a choice
	hasError  bool   // error or errors is not empty
	hasAnswer bool   // content, output or data is not empty
	choices   []byte // the answer of a chat
}

// Member notes what a top-level member says of an error.
func (s *ReplyScan) Member(key, value []byte) {
	switch string(key) {
	case "type", "object":
		s.failed = s.failed || string(value) == `"error"`
	case "status":
		s.failed = s.failed || string(value) == `"failed"`
	case "error", "errors":
		s.hasError = s.hasError || !splice.IsEmpty(value)
	case "choices":
		s.failed = s.failed || splice.HasFailedChoice(value)
		s.choices = value
	case "content", "output", "data":
		s.hasAnswer = s.hasAnswer || !splice.IsEmpty(value)
	}
}

// IsError reports whether the reply is an error in spite of its status.
func (s *ReplyScan) IsError() bool {
	return s.failed || s.hasError && !s.hasAnswer && (splice.IsEmpty(s.choices) || splice.AreEmptyChoices(s.choices))
}

// FirstElement returns the first element of body if that is a JSON list with elements, else
// body itself. Google sends errors as lists.
func FirstElement(body []byte) []byte {
	first := body
	_ = splice.Elements(body, func(start, end int) bool { // an error means that it is not a list
		first = body[start:end]
		return false
	})
	return first
}

// IsErrorObject reports whether a document is a JSON object that is an error.
func IsErrorObject(document []byte) bool {
	var scan ReplyScan
	err := splice.Members(document, func(key []byte, start, end int) bool {
		scan.Member(key, document[start:end])
		return true
	})
	return err == nil && scan.IsError()
}

// errorDocument has every place of a body where an error may stand: the document itself, its
// error, its response's error, its choices' errors.
type errorDocument struct {
	Type       string          `json:"type"`
	Object     string          `json:"object"`
	Error      json.RawMessage `json:"error"`
	Errors     []json.RawMessage
	Code       any             `json:"code"`
	Status     any             `json:"status"`
	StatusCode any             `json:"status_code"`
	HTTPCode   any             `json:"http_code"`
	Response   json.RawMessage `json:"response"`
	Choices    []errorDocument `json:"choices"`
}

// ErrorIn returns the error in body, which is a JSON object or string; nil when there is none.
func ErrorIn(body []byte) []byte {
	var e errorDocument
	_ = json.Unmarshal(body, &e) // members of other types stay empty
	switch {
	case !splice.IsEmpty(e.Error):
		return e.Error
	case len(e.Errors) > 0:
		return e.Errors[0]
	case !splice.IsEmpty(e.Response):
		return ErrorIn(e.Response)
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

// ErrorStatus returns the HTTP status that an error object names, as a number or by a word
// that stands for one; 0 when it names none.
func ErrorStatus(object []byte) int {
	var e errorDocument
	_ = json.Unmarshal(object, &e) // members of other types stay empty
	for _, v := range []any{e.StatusCode, e.HTTPCode, e.Code, e.Status} {
		if n := statusNumber(v); n > 0 {
			return n
		}
	}
	for _, v := range []any{e.Code, e.Type, e.Status} {
		if word, _ := v.(string); StatusOfWord(word) > 0 {
			return StatusOfWord(word)
		}
	}
	return 0
}

// statusNumber returns the number v, or the number in the string v, if it is the status of
// an error (400 to 599), else 0.
func statusNumber(v any) int {
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

// ErrorFields are the members of an upstream's error that the dialects share.
type ErrorFields struct {
	Message string `json:"message"`
	Type    string `json:"type"`
	Code    any    `json:"code"`
}

// ParseError reads {"error":{…}} or {"error":"text"}. It returns the zero value for any other body.
func ParseError(body []byte) ErrorFields {
	var e struct {
		Error json.RawMessage `json:"error"`
	}
	var out ErrorFields
	if json.Unmarshal(body, &e) == nil && json.Unmarshal(e.Error, &out) != nil {
		_ = json.Unmarshal(e.Error, &out.Message) // {"error":"text"}; anything else stays empty
	}
	return out
}
