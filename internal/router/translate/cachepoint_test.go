package translate_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/translate"
	"github.com/flowgate-go/flowgate/internal/router/translate/translatetest"
	"github.com/flowgate-go/flowgate/internal/router/usage"
)

// keeping says that the upstream's model is one of Anthropic's, and takes cache points.
func keeping(o *translate.Options) { o.Claude, o.CachePoints = true, true }

// cachedRequest has cache_control wherever Claude Code has it, within a tool's result, and at
// blocks of which nothing is left. TTL stands for a member of one of them.
const cachedRequest = `{"model":"m","max_tokens":9,"system":[{"type":"text","text":"s1","cache_control":null},
	{"type":"text","text":"s2","cache_control":{"type":"ephemeral"TTL}}],
	"messages":[{"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}},{"type":"text","text":"b"}]},
	{"role":"assistant","content":[{"type":"text","text":"c"},
		{"type":"tool_use","id":"t1","name":"Read","input":{},"cache_control":{"type":"ephemeral"}},{"type":"tool_use","id":"t2","name":"Read","input":{}}]},
	{"role":"user","content":[{"type":"text","text":"","cache_control":{"type":"ephemeral"}},
		{"type":"tool_result","tool_use_id":"t1","cache_control":{"type":"ephemeral"},"content":"x"},
		{"type":"tool_result","tool_use_id":"t2","content":[{"type":"text","text":"y","cache_control":{"type":"ephemeral"}},{"type":"text","text":"z"}]},
		{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAA="},"cache_control":{"type":"ephemeral"}}]}],
	"tools":[{"name":"Now","input_schema":{"type":"object","properties":{}}},
		{"name":"Read","input_schema":{"type":"object","properties":{}},"cache_control":{"type":"ephemeral"}}]}`

// cachedConverse is the same in Converse. POINT stands for a cache point in messages, LONG for
// that of the system prompt, and TOOL for that behind the tools.
const cachedConverse = `{"messages":[{"role":"user","content":[{"text":"a"}POINT,{"text":"b"}]},
	{"role":"assistant","content":[{"text":"c"},{"toolUse":{"toolUseId":"t1","name":"Read","input":{}}}POINT,
		{"toolUse":{"toolUseId":"t2","name":"Read","input":{}}}]},
	{"role":"user","content":[{"toolResult":{"toolUseId":"t1","content":[{"text":"x"}]}}POINT,
		{"toolResult":{"toolUseId":"t2","content":[{"text":"y"},{"text":"z"}]}}POINT,
		{"image":{"format":"png","source":{"bytes":"AAA="}}}POINT]}],
	"system":[{"text":"s1"},{"text":"s2"}LONG],"inferenceConfig":{"maxTokens":9},
	"toolConfig":{"tools":[{"toolSpec":{"name":"Now","inputSchema":{"json":{"type":"object","properties":{}}}}},
		{"toolSpec":{"name":"Read","inputSchema":{"json":{"type":"object","properties":{}}}}}TOOL]}}`

func TestCacheControlBecomesACachePoint(t *testing.T) {
	t.Parallel()
	const point, hour = `,{"cachePoint":{"type":"default"}}`, `,{"cachePoint":{"type":"default","ttl":"1h"}}`
	with := func(point, long, tool string) string {
		return strings.NewReplacer("POINT", point, "LONG", long, "TOOL", tool).Replace(cachedConverse)
	}
	usual := strings.ReplaceAll(cachedRequest, "TTL", `,"ttl":"5m"`)
	long := strings.ReplaceAll(cachedRequest, "TTL", `,"ttl":"1h"`)
	const empty = "messages.content.cache_control" // of the empty text
	checkRequests(t, translate.Messages, translate.Converse, []requestCase{
		{name: "everywhere", options: keeping, body: usual, want: with(point, point, point), dropped: []string{empty}},
		{name: "an hour", options: func(o *translate.Options) { keeping(o); o.CacheHour = true }, body: long,
			want: with(point, hour, point), dropped: []string{empty}},
		{name: "an hour at a model without", options: keeping, body: long, want: with(point, point, point),
			dropped: []string{"system.cache_control.ttl", empty}},
		{name: "a model that is not Claude", options: func(o *translate.Options) { o.CachePoints = true }, body: usual,
			want: with(point, point, ""), dropped: []string{empty, "tools.cache_control"}},
		{name: "a model without", options: ofClaude, body: usual, want: with("", "", ""), dropped: []string{
			"system.cache_control", empty, "messages.content.content.cache_control", "tools.cache_control"}},
		{name: "thinking of another upstream", options: keeping,
			body: `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[
				{"type":"thinking","thinking":"so","signature":"~flowgate:chat","cache_control":{"type":"ephemeral"}},{"type":"text","text":"x"}]}]}`,
			want: `{"messages":[{"role":"user","content":[{"text":"hi"}]},{"role":"assistant","content":[{"text":"x"}]}],
				"inferenceConfig":{"maxTokens":9}}`, dropped: []string{"messages.content.thinking", empty}},
		{name: "turns that become one", options: keeping,
			body: `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}]},
				{"role":"user","content":"b"}]}`,
			want: `{"messages":[{"role":"user","content":[{"text":"a"}` + point + `,{"text":"b"}]}],"inferenceConfig":{"maxTokens":9}}`},
	})
}

func TestNoOtherUpstreamGetsCachePoints(t *testing.T) {
	t.Parallel()
	opts := options
	keeping(&opts)
	for _, to := range []translate.Dialect{translate.Chat, translate.Responses} {
		out, call := mustRequest(t, translate.Messages, to, strings.ReplaceAll(cachedRequest, "TTL", ""), opts)
		if strings.Contains(string(out), "cache") || len(call.Dropped()) != 4 {
			t.Errorf("%s gets %s without %q", to, out, call.Dropped())
		}
	}
}

// TestCachedTokensOfConverseComeBack has a reply, a stream whose usage comes last, and one whose
// only usage is that of written tokens.
func TestCachedTokensOfConverseComeBack(t *testing.T) {
	t.Parallel()
	const content = `data: {"messageStart":{"role":"assistant"}}` + "\n\n" +
		`data: {"contentBlockDelta":{"contentBlockIndex":0,"delta":{"text":"hi"}}}` + "\n\n" +
		`data: {"contentBlockStop":{"contentBlockIndex":0}}` + "\n\n" + `data: {"messageStop":{"stopReason":"end_turn"}}` + "\n\n"
	for _, c := range []struct{ usage, want string }{
		{`{"inputTokens":40,"outputTokens":7,"totalTokens":117,"cacheReadInputTokens":60,"cacheWriteInputTokens":10}`,
			`"usage":{"input_tokens":40,"cache_creation_input_tokens":10,"cache_read_input_tokens":60,"output_tokens":7}`},
		{`{"cacheWriteInputTokens":2000,"outputTokens":7,"inputTokens":3}`,
			`"usage":{"input_tokens":3,"cache_creation_input_tokens":2000,"cache_read_input_tokens":0,"output_tokens":7}`},
		{`{"cacheWriteInputTokens":2000,"outputTokens":7,"inputTokens":3,"cacheDetails":[{"inputTokens":1500,"ttl":"1h"},` +
			`{"ttl":"5m","inputTokens":300},{"ttl":"1h","inputTokens":200}]}`,
			`"usage":{"input_tokens":3,"cache_creation_input_tokens":2000,"cache_creation":{"ephemeral_5m_input_tokens":300,` +
				`"ephemeral_1h_input_tokens":1700},"cache_read_input_tokens":0,"output_tokens":7}`},
		{`{"cacheWriteInputTokens":5,"outputTokens":7,"inputTokens":3,"cacheDetails":[{"inputTokens":-9,"ttl":"1h"},` +
			`{"inputTokens":90,"ttl":"1h"},1]}`,
			`"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":5},`},
		{`{"cacheWriteInputTokens":5,"outputTokens":7,"inputTokens":3,"cacheDetails":[{"inputTokens":5,"ttl":"5m"}]}`,
			`"cache_creation_input_tokens":5,"cache_read_input_tokens":0,`},
	} {
		_, call := mustRequest(t, translate.Messages, translate.Converse, smallRequest[translate.Messages], options)
		out, err := call.Reply([]byte(`{"output":{"message":{"role":"assistant","content":[{"text":"hi"}]}},"stopReason":"end_turn","usage":` +
			c.usage + `}`))
		if err != nil || !strings.Contains(string(out), c.want) {
			t.Errorf("%v, %s", err, out)
		}
		_, call = mustRequest(t, translate.Messages, translate.Converse, smallRequest[translate.Messages], options)
		streamed, failure := translatetest.Stream(call, content+`data: {"metadata":{"usage":`+c.usage+`}}`+"\n\n", 1<<20)
		_, end, _ := strings.Cut(string(streamed), "event: message_delta\n")
		if failure != "" || !strings.Contains(end, c.want) {
			t.Errorf("%s, %s", failure, streamed)
		}
	}
}

// TestTokensThatAreKeptForAnHourAreToldToEveryClient has them of both upstreams that tell them. The stream's
// go into the ledger as they are.
func TestTokensThatAreKeptForAnHourAreToldToEveryClient(t *testing.T) {
	t.Parallel()
	const details = `{"ephemeral_5m_input_tokens":300,"ephemeral_1h_input_tokens":1700}`
	reply := map[translate.Dialect]string{
		translate.Converse: `{"output":{"message":{"role":"assistant","content":[{"text":"hi"}]}},"stopReason":"end_turn",` +
			`"usage":{"inputTokens":3,"outputTokens":7,"cacheWriteInputTokens":2000,"cacheDetails":[{"inputTokens":1700,"ttl":"1h"}]}}`,
		translate.Messages: `{"type":"message","role":"assistant","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn",` +
			`"usage":{"input_tokens":3,"output_tokens":7,"cache_creation":{"ephemeral_1h_input_tokens":1700},"cache_creation_input_tokens":2000}}`,
	}
	stream := map[translate.Dialect]string{
		translate.Converse: `data: {"contentBlockDelta":{"contentBlockIndex":0,"delta":{"text":"hi"}}}` + "\n\n" +
			`data: {"messageStop":{"stopReason":"end_turn"}}` + "\n\n" + `data: {"metadata":{"usage":` +
			`{"inputTokens":3,"outputTokens":7,"cacheWriteInputTokens":2000,"cacheDetails":[{"inputTokens":1700,"ttl":"1h"}]}}}` + "\n\n",
		translate.Messages: `data: {"type":"message_start","message":{"usage":{"input_tokens":3,"cache_creation_input_tokens":2000,` +
			`"cache_creation":{"ephemeral_5m_input_tokens":300,"ephemeral_1h_input_tokens":1700}}}}` + "\n\n" +
			`data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":7}}` + "\n\n" +
			`data: {"type":"message_stop"}` + "\n\n",
	}
	for to := range reply {
		for from, name := range map[translate.Dialect]string{translate.Messages: "cache_creation", translate.Chat: "cache_creation_token_details",
			translate.Responses: "cache_creation_token_details"} {
			if from == to {
				continue
			}
			_, call := mustRequest(t, from, to, smallRequest[from], options)
			out, err := call.Reply([]byte(reply[to]))
			var told usage.Tokens
			told.Read(out)
			if !strings.Contains(string(out), `"`+name+`":`+details) || told.CacheWriteHour != 1700 || told.CacheWrite != 2000 {
				t.Errorf("%s→%s: %v, %+v, %s", to, from, err, told, out)
			}
			_, call = mustRequest(t, from, to, smallRequest[from], options)
			if _, failure := translatetest.Stream(call, stream[to], 1<<20); failure != "" || call.StreamTokens().CacheWriteHour != 1700 {
				t.Errorf("%s→%s: %s, %+v", to, from, failure, call.StreamTokens())
			}
		}
	}
}
