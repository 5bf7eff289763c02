package upstream

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/failure"
	"github.com/flowgate-go/flowgate/internal/router/reply"
	"github.com/flowgate-go/flowgate/internal/router/request"
	"github.com/flowgate-go/flowgate/internal/router/splice"
)

// compactPrompt asks a model for the summary that takes the place of a conversation.
//
//go:embed compact_prompt.md
var compactPrompt string

// summaryMark is the beginning of the message with a summary.
const summaryMark = "Another model worked on this task before you. Its handover:\n\n"

// maxKept is how many bytes of the user's last messages stay beside the summary.
const maxKept = 80_000

// isCompacting reports whether the conversation is shortened by asking for a summary,
// because the upstream has no /responses/compact.
func (x *Exchange) isCompacting() bool {
	return x.request.Dialect == dialect.Compact && x.out != dialect.Compact
}

// prepareCompaction makes the body that asks d for a summary, in the dialect x.out.
func (x *Exchange) prepareCompaction(d *deployment.Deployment) *failure.Failure {
	changes := request.Changes{Model: d.ModelLiteral}
	if x.out == dialect.Messages {
		changes.Defaults = d.BeforeMessages[dialect.Responses]
	}
	body, f := x.copyBody(changes)
	if f == nil {
		if body = askForSummary(body); x.hasDroppedMember(d) {
			body = withoutDropped(d, body)
		}
		f = x.hold(len(body))
	}
	switch {
	case f != nil:
		return f
	case x.out == dialect.Responses:
		x.rewritten = addDefaults(body, d.Defaults[dialect.Responses])
		return nil
	}
	return x.translateBody(d, body)
}

// askForSummary turns the body of a request to /responses/compact into that of a request to
// /responses, which asks for a summary of the same conversation without calling tools. The
// other members stay, except stream.
func askForSummary(compaction []byte) []byte {
	body := []byte{'{'}
	var input []byte
	_ = splice.Members(compaction, func(key []byte, start, end int) bool { // the request was accepted: it is an object
		value := compaction[start:end]
		switch string(key) {
		case "input":
			input = value
			return true
		case "stream":
			return true
		case "tool_choice":
			value = []byte(`"none"`)
		}
		body = append(append(append(append(body, dialect.EncodeJSON(string(key))...), ':'), value...), ',')
		return true
	})
	body = append(body, `"input":[`...)
	for _, item := range inputItems(input) {
		body = append(append(body, item...), ',')
	}
	return append(append(body, userMessage(compactPrompt)...), "]}"...)
}

// inputItems returns the items of a conversation. A plain text becomes one message of the
// user.
func inputItems(input []byte) []json.RawMessage {
	var items []json.RawMessage
	switch text, isText := dialect.UnquoteJSON(input); {
	case isText:
		return []json.RawMessage{userMessage(text)}
	case json.Unmarshal(input, &items) != nil:
		return nil // the upstream gets the prompt alone, and its summary will say so
	}
	return items
}

// userMessage returns a text as an item of a conversation: a message of the user.
func userMessage(text string) json.RawMessage {
	return slices.Concat([]byte(`{"type":"message","role":"user","content":[{"type":"input_text","text":`),
		dialect.EncodeJSON(text), []byte("}]}"))
}

// summary is the part of an upstream's reply that is read when it gives a summary.
type summary struct {
	ID        string          `json:"id"`
	CreatedAt int64           `json:"created_at"`
	Usage     json.RawMessage `json:"usage"`
	Output    []struct {
		Type    string `json:"type"`
		Content []struct {
			Text string `json:"text"`
		} `json:"content"`
	} `json:"output"`
}

// text returns the text of the summary, without white space around it.
func (s *summary) text() string {
	var b strings.Builder
	for _, item := range s.Output {
		if item.Type != "message" {
			continue
		}
		for _, part := range item.Content {
			b.WriteString(part.Text)
		}
	}
	return strings.TrimSpace(b.String())
}

// finishCompaction turns a reply of /responses into one of /responses/compact: the user's
// last messages, and the summary as one more message.
func (x *Exchange) finishCompaction(a *reply.Answer) *failure.Failure {
	var s summary
	if json.Unmarshal(a.Body, &s) != nil || s.text() == "" {
		return failure.InvalidReply(a.Deployment, a.Body, x.sender.Strict)
	}
	client, _ := x.request.UneditedBody(request.Changes{})
	var input []byte
	_ = splice.Members(client, func(key []byte, start, end int) bool { // the request was accepted: it is an object
		if string(key) == "input" {
			input = client[start:end]
		}
		return true
	})
	output := append(keptMessages(inputItems(input)), userMessage(summaryMark+s.text()))
	a.Body = dialect.EncodeJSON(struct {
		ID        string            `json:"id"`
		Object    string            `json:"object"`
		CreatedAt int64             `json:"created_at"`
		Output    []json.RawMessage `json:"output"`
		Usage     json.RawMessage   `json:"usage,omitempty"`
	}{s.ID, "response.compaction", s.CreatedAt, output, s.Usage})
	a.ModelStart, a.ModelEnd = 0, 0
	if x.loan.Take(int64(len(a.Body))) != nil {
		return failure.MemoryExhausted()
	}
	return nil
}

// keptMessages returns the user's last messages, up to maxKept bytes in total. It leaves
// out messages with an earlier summary.
func keptMessages(items []json.RawMessage) []json.RawMessage {
	kept, size := []json.RawMessage{}, 0
	mark := bytes.Trim(dialect.EncodeJSON(summaryMark), `"`)
	for _, item := range slices.Backward(items) {
		var m struct {
			Type string `json:"type"`
			Role string `json:"role"`
		}
		if json.Unmarshal(item, &m) != nil || m.Role != "user" || m.Type != "" && m.Type != "message" ||
			bytes.Contains(item, mark) {
			continue
		}
		if size += len(item); size > maxKept {
			break
		}
		kept = append(kept, item)
	}
	slices.Reverse(kept)
	return kept
}
