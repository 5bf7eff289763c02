package echo

// chatReply is a chat completion, or a chunk of one.
type chatReply struct {
	ID                string       `json:"id"`
	Object            string       `json:"object"`
	Created           int64        `json:"created"`
	Model             string       `json:"model"`
	SystemFingerprint string       `json:"system_fingerprint"`
	Choices           []chatChoice `json:"choices"`
	Usage             *usage       `json:"usage,omitempty"`
}

type chatChoice struct {
	Index        int          `json:"index"`
	Message      *chatMessage `json:"message,omitempty"`
	Delta        *chatMessage `json:"delta,omitempty"`
	Logprobs     *struct{}    `json:"logprobs"`
	FinishReason *string      `json:"finish_reason"`
}

// chatMessage is a message or a delta. Content is null beside tool calls.
type chatMessage struct {
	Role      string         `json:"role,omitempty"`
	Content   *string        `json:"content,omitempty"`
	ToolCalls []chatToolCall `json:"tool_calls,omitempty"`
}

type chatToolCall struct {
	Index    *int         `json:"index,omitempty"` // deltas only
	ID       string       `json:"id,omitempty"`
	Type     string       `json:"type,omitempty"`
	Function chatFunction `json:"function"`
}

type chatFunction struct {
	Name      string `json:"name,omitempty"`
	Arguments string `json:"arguments"`
}

// usage counts tokens in the OpenAI dialect of chat and completions.
type usage struct {
	PromptTokens     int `json:"prompt_tokens"`
	CompletionTokens int `json:"completion_tokens"`
	TotalTokens      int `json:"total_tokens"`
}

func newUsage(in, out int) *usage { return &usage{in, out, in + out} }

// chat answers POST /v1/chat/completions.
func chat(c *call) error {
	if len(c.req.Messages) == 0 {
		return missing("messages")
	}
	a := c.answer(c.req.Messages)
	if c.req.Stream {
		c.chatStream(a)
		return nil
	}
	m := &chatMessage{Role: "assistant", Content: &a.text}
	if a.tool != nil {
		m.Content, m.ToolCalls = nil, []chatToolCall{c.chatToolCall(a.tool)}
	}
	reply := c.chatReply("chat.completion", chatChoice{Message: m, FinishReason: new(chatFinish(a))})
	reply.Usage = newUsage(a.in, a.out)
	c.reply(reply)
	return nil
}

func chatFinish(a answer) string {
	if a.tool != nil {
		return "tool_calls"
	}
	return "stop"
}

func (c *call) chatReply(object string, choices ...chatChoice) chatReply {
	if choices == nil {
		choices = []chatChoice{} // the usage chunk has an empty list
	}
	return chatReply{
		ID: "chatcmpl-" + c.digest, Object: object, Created: c.created, Model: c.req.Model,
		SystemFingerprint: "fp_flowgate_echo", Choices: choices,
	}
}

func (c *call) chatToolCall(t *toolCall) chatToolCall {
	return chatToolCall{ID: "call_" + c.digest, Type: "function", Function: chatFunction{t.name, t.arguments}}
}

// chatStream sends role, deltas, finish reason, the usage if asked for, [DONE].
func (c *call) chatStream(a answer) {
	st := c.stream()
	chunk := func(delta chatMessage, finish *string) {
		st.send("", c.chatReply("chat.completion.chunk", chatChoice{Delta: &delta, FinishReason: finish}))
	}
	failed := func(message string) { st.send("", openAI.errorBody(503, message)) }
	text, emit := a.text, func(piece string) { chunk(chatMessage{Content: &piece}, nil) }
	first := chatMessage{Role: "assistant", Content: new("")}
	if a.tool != nil {
		head := c.chatToolCall(a.tool)
		head.Index, head.Function.Arguments = new(0), ""
		first = chatMessage{Role: "assistant", ToolCalls: []chatToolCall{head}}
		text, emit = a.tool.arguments, func(piece string) {
			part := chatToolCall{Index: new(0), Function: chatFunction{Arguments: piece}}
			chunk(chatMessage{ToolCalls: []chatToolCall{part}}, nil)
		}
	}
	chunk(first, nil)
	if !st.deltas(text, emit, failed) {
		return
	}
	chunk(chatMessage{}, new(chatFinish(a)))
	if c.req.StreamOptions.IncludeUsage {
		last := c.chatReply("chat.completion.chunk")
		last.Usage = newUsage(a.in, a.out)
		st.send("", last)
	}
	st.done()
}
