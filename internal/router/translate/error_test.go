package translate_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/translate"
	"github.com/flowgate-go/flowgate/internal/router/translate/translatetest"
)

func TestErrorsComeInTheClientsEnvelope(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		from   translate.Dialect
		status int
		body   string
		want   string
	}{
		{"OpenAI's for messages", translate.Messages, 401,
			`{"error":{"message":"bad \"key\"","type":"invalid_request_error","code":"invalid_api_key"}}`,
			`{"type":"error","error":{"type":"authentication_error","message":"bad \"key\""}}`},
		{"Anthropic's for chat", translate.Chat, 429, `{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}`,
			`{"error":{"message":"slow","type":"rate_limit_error","param":null,"code":"rate_limit_exceeded"}}`},
		{"Anthropic's overload for responses", translate.Responses, 529,
			`{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`,
			`{"error":{"message":"Overloaded","type":"overloaded_error","param":null,"code":null}}`},
		{"OpenAI's code stays", translate.Responses, 403,
			`{"error":{"message":"no","type":"x","code":"unsupported_country"}}`,
			`{"error":{"message":"no","type":"permission_error","param":null,"code":"unsupported_country"}}`},
		{"an overflow for messages", translate.Messages, 400,
			`{"error":{"message":"This model's maximum context length is 8192 tokens.","code":"context_length_exceeded"}}`,
			`{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: This model's maximum context length is 8192 tokens."}}`},
		{"Anthropic's overflow for responses", translate.Responses, 400,
			`{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 5 tokens > 4 maximum"}}`,
			`{"error":{"message":"prompt is too long: 5 tokens > 4 maximum","type":"invalid_request_error","param":null,"code":"context_length_exceeded"}}`},
		{"a rate limit is not an overflow", translate.Messages, 429,
			`{"error":{"message":"context window tokens per minute"}}`,
			`{"type":"error","error":{"type":"rate_limit_error","message":"context window tokens per minute"}}`},
		{"OpenAI's own type for messages", translate.Messages, 500, `{"error":{"message":"x","type":"server_error"}}`,
			`{"type":"error","error":{"type":"api_error","message":"x"}}`},
		{"a page", translate.Messages, 502, "<html>\n\"bad\"</html>",
			`{"type":"error","error":{"type":"api_error","message":"<html>\n\"bad\"</html>"}}`},
		{"nothing", translate.Messages, 500, "",
			`{"type":"error","error":{"type":"api_error","message":"the upstream gave no reason"}}`},
		{"FastAPI's", translate.Chat, 422, `{"detail":[{"loc":["body"],"msg":"field required"}]}`,
			`{"error":{"message":"field required","type":"invalid_request_error","param":null,"code":null}}`},
		{"Google's list", translate.Messages, 404, `[{"error":{"code":404,"message":"no model","status":"NOT_FOUND"}}]`,
			`{"type":"error","error":{"type":"not_found_error","message":"no model"}}`},
		{"a text", translate.Messages, 413, `{"error":"too big"}`,
			`{"type":"error","error":{"type":"request_too_large","message":"too big"}}`},
		{"JSON of another kind", translate.Messages, 418, `{"tea":"pot"}`,
			`{"type":"error","error":{"type":"invalid_request_error","message":"{\"tea\":\"pot\"}"}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			to := translate.Chat
			if c.from == translate.Chat {
				to = translate.Messages
			}
			_, call := mustRequest(t, c.from, to, smallRequest[c.from], options)
			if got, want := canonical(t, call.Error(c.status, []byte(c.body))), canonical(t, []byte(c.want)); got != want {
				t.Errorf("%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestTheRouterItselfEndsAStream(t *testing.T) {
	t.Parallel()
	for _, from := range clients {
		_, call := mustRequest(t, from, translate.Chat, smallRequest[from], options)
		s := call.Stream()
		out := s.Append(nil, []byte(translatetest.Chunks(`"delta":{"content":"Hel"}`)))
		out = s.Fail(out, 504, "no data for 5 s")
		out = s.Append(out, []byte(translatetest.Chunks(`"delta":{"content":"lo"}`)))
		checkFailed(t, from, s.End(out))
		if !s.IsOver() || s.Failure() != "no data for 5 s" {
			t.Errorf("%v, %s", s.IsOver(), s.Failure())
		}
	}
}

func TestAnInvalidReplyIsAnError(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "<html>", "[]", "{}", `{"error":{"message":"x"}}`, `{"choices":[]}`,
		`{"choices":[{"index":0,"message":{"role":"assistant","content":""},"finish_reason":"stop"}]}`,
		`{"id":"x","type":"message","content":[]}`} {
		_, call := mustRequest(t, translate.Messages, translate.Chat, smallRequest[translate.Messages], options)
		if out, err := call.Reply([]byte(body)); err == nil {
			t.Errorf("%s becomes %s", body, out)
		}
	}
}

func TestUsageThatTheUpstreamDidNotTellIsAnEstimate(t *testing.T) {
	t.Parallel()
	_, call := mustRequest(t, translate.Messages, translate.Chat, smallRequest[translate.Messages], options)
	out, failure := translatetest.Stream(call,
		translatetest.Chunks(`"delta":{"content":"Hello you"},"finish_reason":"stop"`)+translatetest.Done, 100)
	if failure != "" || !call.IsEstimated() || !strings.Contains(string(out), `"output_tokens":3}`) {
		t.Fatalf("%s, %s", failure, out)
	}
}
