package echo

import (
	"bytes"
	"encoding/json"
	"strings"
)

// request has the fields that the routes read from a body; one type serves all routes.
// Other fields are accepted and have no effect.
type request struct {
	Model         string `json:"model"`
	Stream        bool   `json:"stream"`
	StreamOptions struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`

	Messages     []message       `json:"messages"`     // chat completions, messages
	Input        json.RawMessage `json:"input"`        // responses (text or items), embeddings (text, texts or tokens)
	Prompt       json.RawMessage `json:"prompt"`       // completions
	System       content         `json:"system"`       // messages
	Instructions content         `json:"instructions"` // responses
	MaxTokens    *int            `json:"max_tokens"`   // messages: required

	Tools      []tool          `json:"tools"`
	ToolChoice json.RawMessage `json:"tool_choice"`

	EncodingFormat string `json:"encoding_format"` // embeddings: float or base64
	Dimensions     int    `json:"dimensions"`      // embeddings

	N              int               `json:"n"`               // pictures
	Images         []json.RawMessage `json:"images"`          // edits: the pictures, when they are not files of a form
	ResponseFormat json.RawMessage   `json:"response_format"` // pictures, transcripts; in chat an object
	files          []file            // the files of a form

	Query           string            `json:"query"` // rerank
	Documents       []json.RawMessage `json:"documents"`
	TopN            int               `json:"top_n"`
	ReturnDocuments bool              `json:"return_documents"`
}

// format returns the format of the reply that the client asks for. It is empty when the
// client asks for none, or for a chat reply with a schema.
func (r *request) format() string {
	var name string
	_ = json.Unmarshal(r.ResponseFormat, &name) // an object is a schema
	return name
}

// message is a chat message, an Anthropic message, or an item of a responses input.
type message struct {
	Type    string  `json:"type"` // responses: message, function_call_output …
	Role    string  `json:"role"`
	Content content `json:"content"`
	Output  content `json:"output"` // responses: the result of a tool
}

// content is a text or a list of blocks; both are read as a list.
type content []block

// block is one block of a content.
type block struct {
	Type    string  `json:"type"`
	Text    string  `json:"text"`
	Content content `json:"content"` // tool_result
}

// UnmarshalJSON reads a string, a list of blocks, one block, or null.
func (c *content) UnmarshalJSON(b []byte) error {
	switch b[0] {
	case '"':
		*c = content{{Type: "text"}}
		return json.Unmarshal(b, &(*c)[0].Text)
	case '[':
		return json.Unmarshal(b, (*[]block)(c))
	case '{':
		*c = make(content, 1)
		return json.Unmarshal(b, &(*c)[0])
	}
	*c = nil
	return nil
}

// text returns all the text of the blocks, tool results included.
func (c content) text() string {
	var b strings.Builder
	for _, block := range c {
		b.WriteString(block.Text)
		b.WriteString(block.Content.text())
	}
	return b.String()
}

// parseItems reads the input of /v1/responses; an input that is a text is one message of the user.
func (r *request) parseItems() ([]message, error) {
	raw := bytes.TrimSpace(r.Input)
	if len(raw) > 0 && raw[0] == '"' {
		m := message{Role: "user"}
		err := json.Unmarshal(raw, &m.Content)
		return []message{m}, err
	}
	var items []message
	err := json.Unmarshal(raw, &items)
	return items, err
}
