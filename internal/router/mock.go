package router

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/flowgate-go/flowgate/internal/router/splice"
)

// mocked answers by the deployment's mock_response, without an upstream. Usage
// is LiteLLM's: 10 tokens in, 20 out.
func (c *call) mocked(d *Deployment) (*answer, *failure) {
	reply, events := mockReply(c.dialect, string(quote(*d.mock)), string(c.literal), c.r.opts.Now().Unix(), c.id)
	switch {
	case reply == "":
		f := badRequest("", fmt.Sprintf("deployment %q has a mock_response, which cannot answer %s", d.ID, specs[c.dialect].inbound))
		f.deployment = d
		return nil, f
	case !c.stream || c.dialect == countTokens:
		return &answer{deployment: d, status: http.StatusOK, body: []byte(reply)}, nil
	}
	_, g, release := c.attemptGuard(c.limits(d))
	a := &answer{deployment: d, status: http.StatusOK, events: &splice.Stream{Model: c.literal}, source: io.NopCloser(strings.NewReader("")), guard: g, release: release}
	if cap(c.chunk) == 0 {
		c.chunk = make([]byte, 32<<10)
	}
	c.out = a.events.Append(c.out[:0], []byte(events))
	return a, nil
}

// mockReply gives the reply and the same as a stream. text and model are JSON strings.
func mockReply(d dialect, text, model string, now int64, id string) (reply, events string) {
	const usage = `"usage":{"prompt_tokens":10,"completion_tokens":20,"total_tokens":30}`
	switch d {
	case chat:
		head := fmt.Sprintf(`{"id":"chatcmpl-%s","created":%d,"model":%s,"object":"chat.completion`, id, now, model)
		reply = head + `","choices":[{"finish_reason":"stop","index":0,"message":{"content":` + text + `,"role":"assistant"}}],` + usage + `}`
		events = "data: " + head + `.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":` + text + "}}]}\n\n" +
			"data: " + head + `.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\n"
	case completions:
		head := fmt.Sprintf(`{"id":"cmpl-%s","created":%d,"model":%s,"object":"text_completion","choices":[{"index":0,"text":%s,"logprobs":null,"finish_reason":"stop"}]`, id, now, model, text)
		reply, events = head+","+usage+"}", "data: "+head+"}\n\n"
	case responses:
		head := fmt.Sprintf(`{"id":"resp_%s","object":"response","created_at":%d,"model":%s,"status":"`, id, now, model)
		part := `{"type":"output_text","text":` + text + `,"annotations":[]}`
		item := `{"id":"msg_` + id + `","type":"message","role":"assistant","status":"completed","content":[` + part + `]}`
		reply = head + `completed","output":[` + item + `],"usage":{"input_tokens":10,"output_tokens":20,"total_tokens":30}}`
		events = event("response.created", `"sequence_number":0,"response":`+head+`in_progress","output":[]}`) +
			event("response.output_item.added", `"sequence_number":1,"output_index":0,"item":{"id":"msg_`+id+`","type":"message","role":"assistant","status":"in_progress","content":[]}`) +
			event("response.output_text.delta", `"sequence_number":2,"item_id":"msg_`+id+`","output_index":0,"content_index":0,"delta":`+text) +
			event("response.output_item.done", `"sequence_number":3,"output_index":0,"item":`+item) +
			event("response.completed", `"sequence_number":4,"response":`+reply)
	case messages:
		head := fmt.Sprintf(`{"id":"msg_%s","type":"message","role":"assistant","model":%s,"stop_sequence":null,"usage":{"input_tokens":10,"output_tokens":20}`, id, model)
		reply = head + `,"content":[{"type":"text","text":` + text + `}],"stop_reason":"end_turn"}`
		events = event("message_start", `"message":`+head+`,"content":[],"stop_reason":null}`) +
			event("content_block_start", `"index":0,"content_block":{"type":"text","text":""}`) +
			event("content_block_delta", `"index":0,"delta":{"type":"text_delta","text":`+text+`}`) +
			event("content_block_stop", `"index":0`) +
			event("message_delta", `"delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":20}`) +
			event("message_stop", "")
	}
	return reply, events
}

// event frames one named event whose data repeat the name as their type.
func event(name, members string) string {
	if members != "" {
		members = "," + members
	}
	return "event: " + name + "\ndata: {\"type\":\"" + name + "\"" + members + "}\n\n"
}
