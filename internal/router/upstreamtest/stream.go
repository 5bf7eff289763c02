package upstreamtest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// stream answers in server-sent events, five pieces of text 10 ms apart.
func (p *play) stream() {
	p.w.Header().Set("Content-Type", "text/event-stream")
	p.w.WriteHeader(http.StatusOK)
	p.flush()
	if ms, ok := param(p.Model, "ttfb"); ok && !p.wait(ms) {
		return
	}
	if p.says("cut0") {
		panic(http.ErrAbortHandler)
	}
	model := strconv.Quote(p.Model)
	switch path := p.r.URL.Path; {
	case strings.HasSuffix(path, "/messages"):
		p.anthropic(model)
	case strings.HasSuffix(path, "/responses"):
		p.named("response.created", `"sequence_number":0,"response":`+p.response("in_progress", ""))
		p.pieces(func(i int) {
			p.named("response.output_text.delta", fmt.Sprintf(`"sequence_number":%d,"item_id":"msg_1",`+
				`"output_index":0,"content_index":0,"delta":"w%d "`, i+1, i))
		})
		p.named("response.completed", `"sequence_number":6,"response":`+p.response("completed", "hello from upstream"))
	default:
		p.openai(model, strings.HasSuffix(path, "/chat/completions"))
	}
}

func (p *play) anthropic(model string) {
	if p.says("errfirst") {
		p.named("error", `"error":{"type":"overloaded_error","message":"upstream overloaded"}`)
		return
	}
	p.named("message_start", `"message":{"content":[],"id":"msg_1","model":`+model+
		`,"role":"assistant","stop_reason":null,"stop_sequence":null,"type":"message","usage":{"input_tokens":3,`+
		`"output_tokens":1}}`)
	p.named("content_block_start", `"content_block":{"text":"","type":"text"},"index":0`)
	p.named("ping", "")
	if !p.pieces(func(i int) {
		p.named("content_block_delta", fmt.Sprintf(`"delta":{"text":"w%d ","type":"text_delta"},"index":0`, i))
	}) {
		p.named("error", `"error":{"type":"overloaded_error","message":"upstream overloaded"}`)
		return
	}
	p.named("content_block_stop", `"index":0`)
	p.named("message_delta", `"delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":5}`)
	p.named("message_stop", "")
}

func (p *play) openai(model string, chat bool) {
	object, piece, last := "text_completion", `"text":"w%d "`, `"text":""`
	if chat {
		object, piece, last = "chat.completion.chunk", `"delta":{"role":"assistant","content":"w%d "}`, `"delta":{}`
	}
	head := `{"id":"c1","object":"` + object + `","created":1,"model":` + model + `,"choices":[{"index":0,`
	if p.says("errfirst") {
		p.data(`{"error":{"message":"upstream overloaded","type":"server_error","code":503}}`)
		return
	}
	if !p.pieces(func(i int) { p.data(head + fmt.Sprintf(piece, i) + `,"finish_reason":null}]}`) }) {
		p.data(`{"error":{"message":"upstream overloaded","type":"server_error","code":503}}`)
		return
	}
	p.data(head + last + `,"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":5,` +
		`"total_tokens":8}}`)
	if !p.says("nodone") {
		p.data("[DONE]")
	}
}

// pieces sends five pieces, unless the script says otherwise; false when an error event is to follow.
func (p *play) pieces(send func(i int)) bool {
	for i := range 5 {
		send(i)
		switch {
		case i == 1 && p.says("errstream"):
			return false
		case i == 2 && p.says("cut"):
			panic(http.ErrAbortHandler)
		case i == 2 && p.says("pausemid"):
			p.wait(4000)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return true
}

func (p *play) named(event, members string) {
	if members != "" {
		members = "," + members
	}
	fmt.Fprintf(p.w, "event: %s\n", event)
	p.data(`{"type":"` + event + `"` + members + `}`)
}

func (p *play) data(s string) {
	fmt.Fprintf(p.w, "data: %s\n\n", s)
	p.flush()
}

func (p *play) flush() {
	if f, ok := p.w.(http.Flusher); ok {
		f.Flush()
	}
}
