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

// chatChoice is one choice of a reply (Message set) or of a chunk (Delta set).
type chatChoice struct {
	Index        int          `json:"index"`
	Message      *chatMessage `json:"message,omitempty"`
	Delta        *chatMessage `json:"delta,omitempty"`
	Logprobs     *struct{}    `json:"logprobs"`
	FinishReason *string      `json:"finish_reason"`
}

// chatMessage is a message or a delta. Content is absent beside tool calls.
type chatMessage struct {
	Role      string         `json:"role,omitempty"`
	Content   *string        `json:"content,omitempty"`
	ToolCalls []chatToolCall `json:"tool_calls,omitempty"`
}

// chatToolCall is a call of a tool in a message or a delta.
type chatToolCall struct {
	Index    *int         `json:"index,omitempty"` // deltas only
	ID       string       `json:"id,omitempty"`
	Type     string       `json:"type,omitempty"`
	Function chatFunction `json:"function"`
}

// chatFunction is the function that a tool call names.
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

// newUsage returns the usage of a request with in tokens and a reply with out tokens.
func newUsage(in, out int) *usage { return &usage{in, out, in + out} }

// answerChat answers POST /v1/chat/completions.
func answerChat(c *call) error {
	if len(c.req.Messages) == 0 {
		return missingError("messages")
	}
	a := c.chooseAnswer(c.req.Messages)
	if c.req.Stream {
		c.streamChat(a)
		return nil
	}
	m := &chatMessage{Role: "assistant", Content: &a.text}
	if a.tool != nil {
		m.Content, m.ToolCalls = nil, []chatToolCall{c.newChatToolCall(a.tool)}
	}
	reply := c.newChatReply("chat.completion", chatChoice{Message: m, FinishReason: new(chatFinishReason(a))})
	reply.Usage = newUsage(a.in, a.out)
	c.writeReply(reply)
	return nil
}

// chatFinishReason returns the finish reason of an answer.
func chatFinishReason(a answer) string {
	if a.tool != nil {
		return "tool_calls"
	}
	return "stop"
}

// newChatReply returns a reply or a chunk with those choices; object says which.
func (c *call) newChatReply(object string, choices ...chatChoice) chatReply {
	if choices == nil {
		choices = []chatChoice{} // the usage chunk has an empty list
	}
	return chatReply{
		ID: "chatcmpl-" + c.digest, Object: object, Created: c.created, Model: c.req.Model,
		SystemFingerprint: "fp_flowgate_echo", Choices: choices,
	}
}

// newChatToolCall returns a tool call in the form of chat completions.
func (c *call) newChatToolCall(t *toolCall) chatToolCall {
	return chatToolCall{ID: "call_" + c.digest, Type: "function", Function: chatFunction{t.name, t.arguments}}
}

// streamChat sends the role, the deltas, the finish reason, the usage if the client asks for it, and [DONE].
func (c *call) streamChat(a answer) {
	st := c.beginStream()
	sendChunk := func(delta chatMessage, finish *string) {
		st.send("", c.newChatReply("chat.completion.chunk", chatChoice{Delta: &delta, FinishReason: finish}))
	}
	sendError := func(message string) { st.send("", openAI.errorBody(503, message)) }
	text, sendPiece := a.text, func(piece string) { sendChunk(chatMessage{Content: &piece}, nil) }
	first := chatMessage{Role: "assistant", Content: new("")}
	if a.tool != nil {
		head := c.newChatToolCall(a.tool)
		head.Index, head.Function.Arguments = new(0), ""
		first = chatMessage{Role: "assistant", ToolCalls: []chatToolCall{head}}
		text, sendPiece = a.tool.arguments, func(piece string) {
			part := chatToolCall{Index: new(0), Function: chatFunction{Arguments: piece}}
			sendChunk(chatMessage{ToolCalls: []chatToolCall{part}}, nil)
		}
	}
	sendChunk(first, nil)
	if !st.sendDeltas(text, sendPiece, sendError) {
		return
	}
	sendChunk(chatMessage{}, new(chatFinishReason(a)))
	if c.req.StreamOptions.IncludeUsage {
		last := c.newChatReply("chat.completion.chunk")
		last.Usage = newUsage(a.in, a.out)
		st.send("", last)
	}
	st.sendDone()
}
