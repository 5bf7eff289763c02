package upstreamtest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// play is the script of one reply while it runs.
type play struct {
	w http.ResponseWriter
	r *http.Request
	request
	n int // the number of this request among those for its model, from 1
}

// hasWord reports whether the model's name contains a word of the script.
func (p *play) hasWord(word string) bool { return strings.Contains(p.Model, word) }

// run answers as the model's name says.
func (p *play) run() {
	if ms, ok := parseParam(p.Model, "sleep"); ok && !p.wait(ms) {
		return
	}
	if m := regexp.MustCompile(`failfirst(\d+)-(\d{3})`).FindStringSubmatch(p.Model); m != nil {
		times, _ := strconv.Atoi(m[1])
		if p.n <= times {
			p.writeError(m[2])
			return
		}
	} else if m := regexp.MustCompile(`fail-(\d{3})`).FindStringSubmatch(p.Model); m != nil {
		p.writeError(m[1])
		return
	}
	switch {
	case p.hasWord("html"):
		p.w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(p.w, "<html><body>not json</body></html>")
	case p.hasWord("badjson"):
		p.writeJSON(http.StatusOK, `{"id":"c1","choices":[{`)
	case p.hasWord("emptybody"):
		p.writeJSON(http.StatusOK, "")
	case p.hasWord("reset"):
		panic(http.ErrAbortHandler)
	case p.hasWord("redirect"):
		http.Redirect(p.w, p.r, "http://127.0.0.1:1/elsewhere", http.StatusFound)
	case p.hasWord("nopath"):
		p.writeJSON(http.StatusNotFound, `{"detail":"Not Found"}`)
	case p.Stream:
		p.stream()
	default:
		p.answerWhole()
	}
}

// wait waits for ms milliseconds, and reports whether the client is still there.
func (p *play) wait(ms int) bool {
	select {
	case <-time.After(time.Duration(ms) * time.Millisecond):
		return true
	case <-p.r.Context().Done():
		return false
	}
}

// writeJSON answers with a JSON document.
func (p *play) writeJSON(status int, body string) {
	p.w.Header().Set("Content-Type", "application/json")
	p.w.WriteHeader(status)
	fmt.Fprint(p.w, body)
}

// writeError answers with the error that the script asks for.
func (p *play) writeError(code string) {
	status, _ := strconv.Atoi(code)
	if s, ok := parseParam(p.Model, "-ra"); ok {
		p.w.Header().Set("Retry-After", strconv.Itoa(s))
	}
	switch {
	case p.hasWord("html"):
		p.w.Header().Set("Content-Type", "text/html")
		p.w.WriteHeader(status)
		fmt.Fprintf(p.w, "<html><body><h1>%s from a proxy</h1></body></html>", code)
	case strings.Contains(p.r.URL.Path, "/messages"):
		p.writeJSON(status, `{"type":"error","error":{"type":"api_error","message":"upstream says `+code+`"}}`)
	case p.hasWord("ctx"):
		p.writeJSON(status, `{"error":{"message":"This model's maximum context length is 10 tokens. However,`+
			` your messages resulted in 20 tokens.","type":"invalid_request_error","param":"messages",`+
			`"code":"context_length_exceeded"}}`)
	case p.hasWord("nomodel"):
		p.writeJSON(status, `{"error":{"message":"The model does not exist or you do not have access to it.",`+
			`"type":"invalid_request_error","param":null,"code":"model_not_found"}}`)
	case p.hasWord("policy"):
		p.writeJSON(status, `{"error":{"message":"Your request was rejected as a result of our safety system.",`+
			`"type":"invalid_request_error","param":null,"code":"content_policy_violation"}}`)
	default:
		p.writeJSON(status, `{"error":{"message":"upstream says `+code+
			`","type":"upstream_error","param":null,"code":"x`+code+`"}}`)
	}
}

// answerWhole answers without streaming.
func (p *play) answerWhole() {
	content := "hello from upstream"
	if p.hasWord("big") {
		content = strings.Repeat("0123456789abcdef", 131072)
	}
	if p.hasWord("cookie") {
		p.w.Header().Set("Set-Cookie", "upstream=1")
	}
	reply := p.conversationReply(content)
	if reply == "" {
		reply = p.otherReply()
	}
	if reply == "" {
		p.writeJSON(http.StatusNotFound, `{"error":{"message":"no such path","type":"not_found","param":null,"code":"404"}}`)
		return
	}
	if p.hasWord("gzip") {
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		_, _ = w.Write([]byte(reply)) // cannot fail: a bytes.Buffer takes every write
		_ = w.Close()
		p.w.Header().Set("Content-Encoding", "gzip")
		reply = z.String()
	}
	p.writeJSON(http.StatusOK, reply)
}

// responseReply returns a reply of the Responses API.
func (p *play) responseReply(status, content string) string {
	text, _ := json.Marshal(content)
	return `{"id":"resp_1","object":"response","created_at":1,"status":"` + status + `","model":` +
		strconv.Quote(p.Model) +
		`,"output":[{"id":"msg_1","type":"message","role":"assistant","status":"completed",` +
		`"content":[{"type":"output_text","text":` + string(text) +
		`,"annotations":[]}]}],"usage":{"input_tokens":3,"output_tokens":5,"total_tokens":8}}`
}

// conversationReply returns the reply of a route of conversations; "" for another route.
func (p *play) conversationReply(content string) string {
	const usage = `"usage":{"prompt_tokens":3,"completion_tokens":5,"total_tokens":8}`
	model := strconv.Quote(p.Model)
	switch path := p.r.URL.Path; {
	case strings.HasSuffix(path, "/converse"):
		return `{"output":{"message":{"role":"assistant","content":[{"text":"` + content + `"}]}},"stopReason":"end_turn",` +
			`"usage":{"inputTokens":3,"outputTokens":5,"totalTokens":8}}`
	case strings.HasSuffix(path, "/messages"), strings.HasSuffix(path, "/invoke"), strings.HasSuffix(path, ":rawPredict"):
		return `{"content":[{"text":"` + content + `","type":"text"}],"id":"msg_1","model":` + model +
			`,"role":"assistant","stop_reason":"end_turn","stop_sequence":null,"type":"message",` +
			`"usage":{"input_tokens":3,"output_tokens":5}}`
	case strings.HasSuffix(path, "/responses"):
		return p.responseReply("completed", content)
	case strings.HasSuffix(path, "/chat/completions"):
		return `{"choices":[{"finish_reason":"stop","index":0,"message":{"content":"` + content +
			`","role":"assistant"}}],"created":1,"id":"c1","model":` + model +
			`,"object":"chat.completion","system_fingerprint":"fp_1",` + usage + `,"x_unknown":"kept?"}`
	case strings.HasSuffix(path, "/completions"):
		return `{"choices":[{"finish_reason":"stop","index":0,"text":"` + content +
			`"}],"created":1,"id":"c1","model":` + model + `,"object":"text_completion",` + usage + `}`
	case strings.HasSuffix(path, ":generateContent"):
		return `{"candidates":[{"content":{"role":"model","parts":[{"text":"` + content + `"}]},"finishReason":"STOP"}],` +
			`"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":5,"totalTokenCount":8}}`
	}
	return ""
}

// otherReply returns the reply of any other known route; "" for an unknown one.
func (p *play) otherReply() string {
	model := strconv.Quote(p.Model)
	switch path := p.r.URL.Path; {
	case strings.HasSuffix(path, "/count_tokens"):
		return `{"input_tokens":42}`
	case strings.HasSuffix(path, "/embeddings"):
		return `{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1,0.2]}],"model":"e",` +
			`"usage":{"prompt_tokens":1,"total_tokens":1}}`
	case strings.HasSuffix(path, ":countTokens"):
		return `{"totalTokens":42}`
	case strings.HasSuffix(path, "/responses/compact"), strings.Contains(path, "/images/"),
		strings.Contains(path, "/audio/"), strings.Contains(path, "/rerank"), strings.HasSuffix(path, "/moderations"):
		return `{"model":` + model + `,"created":1,"data":[],"results":[]}`
	}
	return ""
}
