package echo

import (
	"fmt"
)

// responseReply is a response of the Responses API.
type responseReply struct {
	ID                string            `json:"id"`
	Object            string            `json:"object"`
	CreatedAt         int64             `json:"created_at"`
	Status            string            `json:"status"` // in_progress, completed
	Error             *struct{}         `json:"error"`
	IncompleteDetails *struct{}         `json:"incomplete_details"`
	Instructions      *string           `json:"instructions"`
	Metadata          map[string]string `json:"metadata"`
	Model             string            `json:"model"`
	Output            []responseItem    `json:"output"`
	ParallelToolCalls bool              `json:"parallel_tool_calls"`
	Temperature       float64           `json:"temperature"`
	ToolChoice        string            `json:"tool_choice"`
	Tools             []struct{}        `json:"tools"`
	TopP              float64           `json:"top_p"`
	Usage             *responseUsage    `json:"usage"` // null until completed
}

// responseItem is a message (Role and Content set) or a function_call (the rest set).
type responseItem struct {
	ID        string         `json:"id"`
	Type      string         `json:"type"`
	Status    string         `json:"status"`
	Role      string         `json:"role,omitempty"`
	Content   []responsePart `json:"content,omitzero"`
	CallID    string         `json:"call_id,omitempty"`
	Name      string         `json:"name,omitempty"`
	Arguments *string        `json:"arguments,omitempty"`
}

type responsePart struct {
	Type        string     `json:"type"`
	Text        string     `json:"text"`
	Annotations []struct{} `json:"annotations"`
	Logprobs    []struct{} `json:"logprobs"`
}

type responseUsage struct {
	InputTokens         int             `json:"input_tokens"`
	InputTokensDetails  cachedTokens    `json:"input_tokens_details"`
	OutputTokens        int             `json:"output_tokens"`
	OutputTokensDetails reasoningTokens `json:"output_tokens_details"`
	TotalTokens         int             `json:"total_tokens"`
}

type cachedTokens struct {
	CachedTokens int `json:"cached_tokens"`
}

type reasoningTokens struct {
	ReasoningTokens int `json:"reasoning_tokens"`
}

// responses answers POST /v1/responses.
func responses(c *call) error {
	if len(c.req.Input) == 0 {
		return missing("input")
	}
	items, err := c.req.items()
	if err != nil {
		return fmt.Errorf("input: %w", err)
	}
	a := c.answer(items)
	if c.req.Stream {
		c.responseStream(a)
		return nil
	}
	c.reply(c.completed(a))
	return nil
}

func (c *call) responseReply(status string) responseReply {
	return responseReply{
		ID: "resp_" + c.digest, Object: "response", CreatedAt: c.created, Status: status, Model: c.req.Model,
		Metadata: map[string]string{}, Output: []responseItem{}, ParallelToolCalls: true,
		Temperature: 1, ToolChoice: "auto", Tools: []struct{}{}, TopP: 1,
	}
}

// completed is the whole response, as a reply or at the end of a stream.
func (c *call) completed(a answer) responseReply {
	r := c.responseReply("completed")
	r.Output = []responseItem{c.responseItem(a)}
	r.Usage = &responseUsage{InputTokens: a.in, OutputTokens: a.out, TotalTokens: a.in + a.out}
	return r
}

func (c *call) responseItem(a answer) responseItem {
	if a.tool != nil {
		return responseItem{
			ID: "fc_" + c.digest, Type: "function_call", Status: "completed",
			CallID: "call_" + c.digest, Name: a.tool.name, Arguments: &a.tool.arguments,
		}
	}
	return responseItem{
		ID: "msg_" + c.digest, Type: "message", Status: "completed", Role: "assistant",
		Content: []responsePart{textPart(a.text)},
	}
}

func textPart(text string) responsePart {
	return responsePart{Type: "output_text", Text: text, Annotations: []struct{}{}, Logprobs: []struct{}{}}
}

// begun is an item as it is announced: in progress and empty.
func (i responseItem) begun() responseItem {
	i.Status = "in_progress"
	if i.Arguments != nil {
		i.Arguments = new("")
	} else {
		i.Content = []responsePart{}
	}
	return i
}
