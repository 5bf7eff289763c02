package routetest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// Talks are the conversations of a transcript's client: by their names, the output of the last reply.
type Talks map[string]json.RawMessage

// Routes of requests, below /v1.
const (
	chat      = "chat/completions"
	responses = "responses"
)

// Request returns the route below /v1 and the body of a step's request. The number of the step makes the question
// at its end another one each time.
func (k Talks) Request(number int, s Step) (path, body string) {
	question := fmt.Sprintf(`{"role":"user","content":"question %d"}`, number)
	switch {
	case s.Talk != "":
		input := question
		if output := strings.TrimSpace(string(k[s.Talk])); len(output) > 2 {
			input = output[1:len(output)-1] + "," + question
		}
		return responses, fmt.Sprintf(`{"model":%q,"store":false,"include":["reasoning.encrypted_content"],"input":[%s]}`, s.Model, input)
	case s.Prompt != "":
		const words = 2000 // more than 1024 tokens, which a cache takes at least
		return chat, fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":[{"type":"text","text":%q,`+
			`"cache_control":{"type":"ephemeral"}}]},%s]}`, s.Model, strings.Repeat(s.Prompt+" ", words), question)
	}
	return chat, fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":"hello"}]}`, s.Model)
}

// Keep keeps the output of a reply for the next request of its conversation.
func (k Talks) Keep(s Step, reply []byte) {
	var r struct {
		Output json.RawMessage `json:"output"`
	}
	if s.Talk != "" && json.Unmarshal(reply, &r) == nil && r.Output != nil {
		k[s.Talk] = r.Output
	}
}

// sealed matches the encrypted reasoning of a host.
var sealed = regexp.MustCompile(`sealed-by-([a-z0-9-]+)`)

// Respond returns the reply of the double of an upstream by the Responses API. Its reasoning is encrypted, and
// that of another host is unreadable there.
func Respond(host, request string) (status int, reply string) {
	for _, m := range sealed.FindAllStringSubmatch(request, -1) {
		if m[1] != host {
			return 400, `{"error":{"message":"The encrypted content could not be verified.","type":"invalid_request_error",` +
				`"code":"invalid_encrypted_content"}}`
		}
	}
	return 200, `{"id":"resp_1","object":"response","created_at":1,"status":"completed","model":"m","parallel_tool_calls":true,` +
		`"temperature":1,"top_p":1,"tool_choice":"auto","tools":[],"output":[{"type":"reasoning","id":"rs_1","summary":[],` +
		`"encrypted_content":"sealed-by-` + host + `"},{"type":"message","id":"msg_1","role":"assistant","status":"completed",` +
		`"content":[{"type":"output_text","text":"hi","annotations":[]}]}],"usage":{"input_tokens":1,"output_tokens":10,"total_tokens":11}}`
}
