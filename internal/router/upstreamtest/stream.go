package upstreamtest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// stream answers with server-sent events: five pieces of text, 10 ms apart.
func (p *play) stream() {
	p.w.Header().Set("Content-Type", "text/event-stream")
	p.w.WriteHeader(http.StatusOK)
	p.flush()
	if ms, ok := parseParam(p.Model, "ttfb"); ok && !p.wait(ms) {
		return
	}
	if p.hasWord("cut0") {
		panic(http.ErrAbortHandler)
	}
	model := strconv.Quote(p.Model)
	switch path := p.r.URL.Path; {
	case strings.HasSuffix(path, "/messages"):
		p.streamMessages(model)
	case strings.HasSuffix(path, "/responses"):
		p.sendNamed("response.created", `"sequence_number":0,"response":`+p.responseReply("in_progress", ""))
		p.sendPieces(func(i int) {
			p.sendNamed("response.output_text.delta", fmt.Sprintf(`"sequence_number":%d,"item_id":"msg_1",`+
				`"output_index":0,"content_index":0,"delta":"w%d "`, i+1, i))
		})
		p.sendNamed("response.completed",
			`"sequence_number":6,"response":`+p.responseReply("completed", "hello from upstream"))
	default:
		p.streamOpenAI(model, strings.HasSuffix(path, "/chat/completions"))
	}
}

// streamMessages sends a stream of the Messages API.
func (p *play) streamMessages(model string) {
	if p.hasWord("errfirst") {
		p.sendNamed("error", `"error":{"type":"overloaded_error","message":"upstream overloaded"}`)
		return
	}
	p.sendNamed("message_start", `"message":{"content":[],"id":"msg_1","model":`+model+
		`,"role":"assistant","stop_reason":null,"stop_sequence":null,"type":"message","usage":{"input_tokens":3,`+
		`"output_tokens":1}}`)
	p.sendNamed("content_block_start", `"content_block":{"text":"","type":"text"},"index":0`)
	p.sendNamed("ping", "")
	if !p.sendPieces(func(i int) {
		p.sendNamed("content_block_delta", fmt.Sprintf(`"delta":{"text":"w%d ","type":"text_delta"},"index":0`, i))
	}) {
		p.sendNamed("error", `"error":{"type":"overloaded_error","message":"upstream overloaded"}`)
		return
	}
	p.sendNamed("content_block_stop", `"index":0`)
	p.sendNamed("message_delta", `"delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":5}`)
	p.sendNamed("message_stop", "")
}

// streamOpenAI sends a stream of chat completions, or of completions.
func (p *play) streamOpenAI(model string, isChat bool) {
	object, piece, last := "text_completion", `"text":"w%d "`, `"text":""`
	if isChat {
		object, piece, last = "chat.completion.chunk", `"delta":{"role":"assistant","content":"w%d "}`, `"delta":{}`
	}
	head := `{"id":"c1","object":"` + object + `","created":1,"model":` + model + `,"choices":[{"index":0,`
	if p.hasWord("errfirst") {
		p.sendData(`{"error":{"message":"upstream overloaded","type":"server_error","code":503}}`)
		return
	}
	if !p.sendPieces(func(i int) { p.sendData(head + fmt.Sprintf(piece, i) + `,"finish_reason":null}]}`) }) {
		p.sendData(`{"error":{"message":"upstream overloaded","type":"server_error","code":503}}`)
		return
	}
	p.sendData(head + last + `,"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":5,` +
		`"total_tokens":8}}`)
	if !p.hasWord("nodone") {
		p.sendData("[DONE]")
	}
}

// sendPieces sends five pieces, unless the script says otherwise. It returns false when an
// error event has to follow.
func (p *play) sendPieces(send func(i int)) bool {
	for i := range 5 {
		send(i)
		switch {
		case i == 1 && p.hasWord("errstream"):
			return false
		case i == 2 && p.hasWord("cut"):
			panic(http.ErrAbortHandler)
		case i == 2 && p.hasWord("pausemid"):
			p.wait(4000)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return true
}

// sendNamed sends an event with a name, whose data have that type and members.
func (p *play) sendNamed(event, members string) {
	if members != "" {
		members = "," + members
	}
	fmt.Fprintf(p.w, "event: %s\n", event)
	p.sendData(`{"type":"` + event + `"` + members + `}`)
}

// sendData sends an event without a name.
func (p *play) sendData(data string) {
	fmt.Fprintf(p.w, "data: %s\n\n", data)
	p.flush()
}

// flush sends the bytes that were written.
func (p *play) flush() {
	if f, ok := p.w.(http.Flusher); ok {
		f.Flush()
	}
}
