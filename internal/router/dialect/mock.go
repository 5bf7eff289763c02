package dialect

import "fmt"

// MockReply returns a reply with the text of a mock_response, and the same reply as a
// stream. Both are empty for a dialect whose replies have no text. text and model are JSON
// string literals, now is in seconds since 1970. The usage is the same as in LiteLLM: 10
// tokens of input and 20 of output.
func MockReply(d Dialect, text, model string, now int64, id string) (reply, events string) {
	switch d {
	case Chat:
		return mockChat(text, model, now, id)
	case Completions:
		return mockCompletion(text, model, now, id)
	case Responses:
		return mockResponse(text, model, now, id)
	case Messages:
		return mockMessage(text, model, id)
	case Gemini:
		return mockGemini(text, model, id)
	}
	return "", ""
}

// mockUsage is the usage of chat and completions replies.
const mockUsage = `"usage":{"prompt_tokens":10,"completion_tokens":20,"total_tokens":30}`

// mockChat returns a chat reply, and the same reply as a stream.
func mockChat(text, model string, now int64, id string) (reply, events string) {
	head := fmt.Sprintf(`{"id":"chatcmpl-%s","created":%d,"model":%s,"object":"chat.completion`, id, now, model)
	reply = head + `","choices":[{"finish_reason":"stop","index":0,"message":{"content":` + text +
		`,"role":"assistant"}}],` + mockUsage + `}`
	events = "data: " + head + `.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":` + text +
		"}}]}\n\n" +
		"data: " + head + `.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\n"
	return reply, events
}

// mockCompletion returns a completions reply, and the same reply as a stream.
func mockCompletion(text, model string, now int64, id string) (reply, events string) {
	head := fmt.Sprintf(`{"id":"cmpl-%s","created":%d,"model":%s,"object":"text_completion",`+
		`"choices":[{"index":0,"text":%s,"logprobs":null,"finish_reason":"stop"}]`, id, now, model, text)
	reply, events = head+","+mockUsage+"}", "data: "+head+"}\n\n"
	return reply, events
}

// mockResponse returns a reply of the Responses API, and the same reply as a stream.
func mockResponse(text, model string, now int64, id string) (reply, events string) {
	head := fmt.Sprintf(`{"id":"resp_%s","object":"response","created_at":%d,"model":%s,"status":"`, id, now, model)
	part := `{"type":"output_text","text":` + text + `,"annotations":[]}`
	item := `{"id":"msg_` + id + `","type":"message","role":"assistant","status":"completed","content":[` +
		part + `]}`
	reply = head + `completed","output":[` + item +
		`],"usage":{"input_tokens":10,"output_tokens":20,"total_tokens":30}}`
	events = namedEvent("response.created", `"sequence_number":0,"response":`+head+`in_progress","output":[]}`) +
		namedEvent("response.output_item.added", `"sequence_number":1,"output_index":0,"item":{"id":"msg_`+id+
			`","type":"message","role":"assistant","status":"in_progress","content":[]}`) +
		namedEvent("response.output_text.delta", `"sequence_number":2,"item_id":"msg_`+id+
			`","output_index":0,"content_index":0,"delta":`+text) +
		namedEvent("response.output_item.done", `"sequence_number":3,"output_index":0,"item":`+item) +
		namedEvent("response.completed", `"sequence_number":4,"response":`+reply)
	return reply, events
}

// mockMessage returns a reply of the Messages API, and the same reply as a stream.
func mockMessage(text, model, id string) (reply, events string) {
	head := fmt.Sprintf(`{"id":"msg_%s","type":"message","role":"assistant","model":%s,"stop_sequence":null,`+
		`"usage":{"input_tokens":10,"output_tokens":20}`, id, model)
	reply = head + `,"content":[{"type":"text","text":` + text + `}],"stop_reason":"end_turn"}`
	events = namedEvent("message_start", `"message":`+head+`,"content":[],"stop_reason":null}`) +
		namedEvent("content_block_start", `"index":0,"content_block":{"type":"text","text":""}`) +
		namedEvent("content_block_delta", `"index":0,"delta":{"type":"text_delta","text":`+text+`}`) +
		namedEvent("content_block_stop", `"index":0`) +
		namedEvent("message_delta", `"delta":{"stop_reason":"end_turn","stop_sequence":null},`+
			`"usage":{"output_tokens":20}`) +
		namedEvent("message_stop", "")
	return reply, events
}

// mockGemini returns a reply of Google's API, and the same reply as a stream.
func mockGemini(text, model, id string) (reply, events string) {
	reply = `{"candidates":[{"content":{"parts":[{"text":` + text + `}],"role":"model"},"finishReason":"STOP",` +
		`"index":0}],"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":20,"totalTokenCount":30},` +
		`"modelVersion":` + model + `,"responseId":"` + id + `"}`
	events = "data: " + reply + "\n\n"
	return reply, events
}
