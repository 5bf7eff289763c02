package echo

import "fmt"

// responseReply is a response, the reply of the Responses API.
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

// responsePart is a text in a message.
type responsePart struct {
	Type        string     `json:"type"`
	Text        string     `json:"text"`
	Annotations []struct{} `json:"annotations"`
	Logprobs    []struct{} `json:"logprobs"`
}

// responseUsage counts tokens in the Responses API.
type responseUsage struct {
	InputTokens         int             `json:"input_tokens"`
	InputTokensDetails  cachedTokens    `json:"input_tokens_details"`
	OutputTokens        int             `json:"output_tokens"`
	OutputTokensDetails reasoningTokens `json:"output_tokens_details"`
	TotalTokens         int             `json:"total_tokens"`
}

// cachedTokens is the member "input_tokens_details" of a responseUsage.
type cachedTokens struct {
	CachedTokens int `json:"cached_tokens"`
}

// reasoningTokens is the member "output_tokens_details" of a responseUsage.
type reasoningTokens struct {
	ReasoningTokens int `json:"reasoning_tokens"`
}

// answerResponses answers POST /v1/responses.
func answerResponses(c *call) error {
	if len(c.req.Input) == 0 {
		return missingError("input")
	}
	items, err := c.req.parseItems()
	if err != nil {
		return fmt.Errorf("input: %w", err)
	}
	a := c.chooseAnswer(items)
	if c.req.Stream {
		c.streamResponse(a)
		return nil
	}
	c.writeReply(c.newCompletedResponse(a))
	return nil
}

// newResponseReply returns a response without output.
func (c *call) newResponseReply(status string) responseReply {
	return responseReply{
		ID: "resp_" + c.digest, Object: "response", CreatedAt: c.created, Status: status, Model: c.req.Model,
		Metadata: map[string]string{}, Output: []responseItem{}, ParallelToolCalls: true,
		Temperature: 1, ToolChoice: "auto", Tools: []struct{}{}, TopP: 1,
	}
}

// newCompletedResponse returns the whole response, as a reply or for the end of a stream.
func (c *call) newCompletedResponse(a answer) responseReply {
	r := c.newResponseReply("completed")
	r.Output = []responseItem{c.newResponseItem(a)}
	r.Usage = &responseUsage{InputTokens: a.in, OutputTokens: a.out, TotalTokens: a.in + a.out}
	return r
}

// newResponseItem returns an answer as an item.
func (c *call) newResponseItem(a answer) responseItem {
	if a.tool != nil {
		return responseItem{
			ID: "fc_" + c.digest, Type: "function_call", Status: "completed",
			CallID: "call_" + c.digest, Name: a.tool.name, Arguments: &a.tool.arguments,
		}
	}
	return responseItem{
		ID: "msg_" + c.digest, Type: "message", Status: "completed", Role: "assistant",
		Content: []responsePart{newTextPart(a.text)},
	}
}

// newTextPart returns a text as a part.
func newTextPart(text string) responsePart {
	return responsePart{Type: "output_text", Text: text, Annotations: []struct{}{}, Logprobs: []struct{}{}}
}

// withoutContent returns the item as a stream announces it: in progress and without content.
func (i responseItem) withoutContent() responseItem {
	i.Status = "in_progress"
	if i.Arguments != nil {
		i.Arguments = new("")
	} else {
		i.Content = []responsePart{}
	}
	return i
}
