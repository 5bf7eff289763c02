package echo

import (
	"encoding/json"
	"errors"
	"net/http"
)

// messageReply is an Anthropic message; a stream starts with one without content.
type messageReply struct {
	ID           string         `json:"id"`
	Type         string         `json:"type"`
	Role         string         `json:"role"`
	Model        string         `json:"model"`
	Content      []messageBlock `json:"content"`
	StopReason   *string        `json:"stop_reason"`
	StopSequence *string        `json:"stop_sequence"`
	Usage        messageUsage   `json:"usage"`
}

// messageBlock is a text (Text set) or a tool_use (the rest set).
type messageBlock struct {
	Type  string          `json:"type"`
	Text  *string         `json:"text,omitempty"`
	ID    string          `json:"id,omitempty"`
	Name  string          `json:"name,omitempty"`
	Input json.RawMessage `json:"input,omitempty"`
}

// messageUsage counts tokens in Anthropic's dialect.
type messageUsage struct {
	InputTokens              int `json:"input_tokens"`
	CacheCreationInputTokens int `json:"cache_creation_input_tokens"`
	CacheReadInputTokens     int `json:"cache_read_input_tokens"`
	OutputTokens             int `json:"output_tokens"`
}

// answerMessages answers POST /v1/messages.
func answerMessages(c *call) error {
	switch {
	case len(c.req.Messages) == 0:
		return errors.New("messages: Field required")
	case c.req.MaxTokens == nil:
		return errors.New("max_tokens: Field required")
	}
	a := c.chooseAnswer(c.req.Messages)
	if c.req.Stream {
		c.streamMessage(a)
		return nil
	}
	reply := c.newMessageReply(a.in, a.out)
	reply.Content, reply.StopReason = []messageBlock{c.newMessageBlock(a)}, new(messageStopReason(a))
	c.writeReply(reply)
	return nil
}

// newMessageReply returns a message without content, with the tokens of the request and of the answer.
func (c *call) newMessageReply(in, out int) messageReply {
	return messageReply{
		ID: "msg_" + c.digest, Type: "message", Role: "assistant", Model: c.req.Model,
		Content: []messageBlock{}, Usage: messageUsage{InputTokens: in, OutputTokens: out},
	}
}

// newMessageBlock returns an answer as a content block.
func (c *call) newMessageBlock(a answer) messageBlock {
	if a.tool == nil {
		return messageBlock{Type: "text", Text: &a.text}
	}
	return messageBlock{Type: "tool_use", ID: "toolu_" + c.digest, Name: a.tool.name,
		Input: json.RawMessage(a.tool.arguments)}
}

// messageStopReason returns the stop reason of an answer.
func messageStopReason(a answer) string {
	if a.tool != nil {
		return "tool_use"
	}
	return "end_turn"
}

// countTokens answers POST /v1/messages/count_tokens.
func countTokens(c *call) error {
	if len(c.req.Messages) == 0 {
		return errors.New("messages: Field required")
	}
	writeJSON(c.w, http.StatusOK, struct {
		InputTokens int `json:"input_tokens"`
	}{c.req.tokens(c.req.Messages)})
	return nil
}
