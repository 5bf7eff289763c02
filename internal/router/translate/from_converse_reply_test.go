package translate_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/translate"
	"github.com/flowgate-go/flowgate/internal/router/translate/translatetest"
)

// TestRepliesOfConverseAreReadByTheNamesOfTheirMembers has members in another order than Bedrock's, and others with
// the same names elsewhere.
func TestRepliesOfConverseAreReadByTheNamesOfTheirMembers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, want string }{
		"every block": {`{"stopReason":"tool_use","trace":{"message":{"content":[{"text":"no"}]}},"output":{"message":{"content":[
			{"text":"a"},{"text":"b"},{"cachePoint":{"text":"no"}},{"reasoningContent":{"reasoningText":{"text":"t","signature":"c2ln"}}},
			{"reasoningContent":{"redactedContent":"aA=="}},{"toolUse":{"name":"Now","toolUseId":"c1","input":{}}},
			{"toolUse":{"input":{"a":1},"type":"no","toolUseId":"c2","name":"Read"}}],"role":"assistant"},"other":{"content":[{"text":"no"}]}},
			"usage":{"outputTokens":2,"serverToolUsage":{},"totalTokens":99}}`,
			`"content":[{"type":"text","text":"a"},{"type":"text","text":"b"},{"type":"thinking","thinking":"t","signature":"~flowgate:messages:c2ln"},` +
				`{"type":"redacted_thinking","data":"~flowgate:redacted:aA=="},{"type":"tool_use","id":"c1","name":"Now","input":{}},` +
				`{"type":"tool_use","id":"c2","name":"Read","input":{"a":1}}],"stop_reason":"tool_use","stop_sequence":null,` +
				`"usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":2}}`},
		"a signature without thinking": {`{"output":{"message":{"content":[{"reasoningContent":{"reasoningText":{"signature":"c2ln"}}},{"text":"x"}]}}}`,
			`"content":[{"type":"thinking","thinking":"","signature":"~flowgate:messages:c2ln"},{"type":"text","text":"x"}]`},
		"an error instead":          {`{"message":"Too many","output":{"message":{"content":[{"text":"x"}]}}}`, "Too many"},
		"a message that is no text": {`{"message":7,"output":{"message":{"content":[{"text":"x"}]}}}`, `"text":"x"`},
		"no block":                  {`{"output":{"message":{"content":[]}},"stopReason":"end_turn"}`, "reply without content"},
		"no list":                   {`{"output":{"message":{"content":{"text":"x"}}},"stopReason":"end_turn"}`, "has no content"},
		"nothing":                   {`{"output":{}}`, "has no content"},
	} {
		_, call := mustRequest(t, translate.Messages, translate.Converse, smallRequest[translate.Messages], options)
		out, err := call.Reply([]byte(c.body))
		got := string(out)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, c.want) || (err == nil) != strings.HasPrefix(c.want, `"`) {
			t.Errorf("%s: %v, %s", name, err, got)
		}
	}
}

// streamOf plays a stream of Converse to a client of messages.
func streamOf(t *testing.T, events ...string) (out, failure string) {
	t.Helper()
	_, call := mustRequest(t, translate.Messages, translate.Converse, smallRequest[translate.Messages], options)
	streamed, failure := translatetest.Stream(call, "data: "+strings.Join(events, "\n\ndata: ")+"\n\n", 1<<20)
	return string(streamed), failure
}

func TestEventsOfConverseAreReadByTheirNames(t *testing.T) {
	t.Parallel()
	const start, text, end = `{"messageStart":{"role":"assistant"}}`, `{"contentBlockDelta":{"contentBlockIndex":0,"delta":{"text":"hi"}}}`,
		`{"messageStop":{"additionalModelResponseFields":"no","stopReason":"max_tokens","trace":"no"}}`
	out, failure := streamOf(t, start)
	if !strings.Contains(out, "event: message_start") || failure == "" {
		t.Errorf("the first event alone makes %s, %s", out, failure)
	}
	out, failure = streamOf(t, start, text, `{"contentBlockStop":{"contentBlockIndex":0}}`, text)
	if strings.Count(out, "event: content_block_stop") < 1 || strings.Count(out, "event: content_block_start") != 2 {
		t.Errorf("text after the end of a block belongs to it: %s, %s", out, failure)
	}
	out, failure = streamOf(t, start, text, end, `{"metadata":{"metrics":{"inputTokens":9},"usage":{"inputTokens":3,"outputTokens":2},"trace":{"inputTokens":8}}}`)
	if failure != "" || !strings.Contains(out, `"stop_reason":"max_tokens"`) || !strings.Contains(out, `"input_tokens":3,`) {
		t.Errorf("%s, %s", out, failure)
	}
	out, failure = streamOf(t, start, text, `{"type":"error","error":{"type":"rate_limit_error","code":429,"message":"Too many"}}`, text)
	if !strings.Contains(failure, "Too many") || !strings.Contains(out, `"type":"rate_limit_error"`) || strings.Count(out, `"text":"hi"`) != 1 {
		t.Errorf("%s, %s", out, failure)
	}
	out, failure = streamOf(t, start, text, `{"metadata":{"usage":{"inputTokens":3,"outputTokens":2}}}`)
	if failure == "" || strings.Contains(out, "event: message_stop") {
		t.Errorf("a stream without messageStop ends well: %s", out)
	}
}

// TestTheLastEventOfConverseEndsTheReply does not wait for the end of the connection, which may stay open.
func TestTheLastEventOfConverseEndsTheReply(t *testing.T) {
	t.Parallel()
	const usage = "data: {\"metadata\":{\"usage\":{\"inputTokens\":3,\"outputTokens\":2}}}\n\n"
	for end, isOver := range map[string]bool{"data: {\"messageStop\":{\"stopReason\":\"end_turn\"}}\n\n": true, "": false} {
		_, call := mustRequest(t, translate.Messages, translate.Converse, smallRequest[translate.Messages], options)
		out := string(call.Stream().Append(nil, []byte(
			"data: {\"contentBlockDelta\":{\"contentBlockIndex\":0,\"delta\":{\"text\":\"hi\"}}}\n\n"+end+usage)))
		if strings.Contains(out, "event: content_block_stop") != isOver {
			t.Errorf("after %q: %s", end, out)
		}
	}
}
