package translate_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/translate"
	"github.com/flowgate-go/flowgate/internal/router/translate/translatetest"
)

// pieces are streams of which every event has something for the client.
var pieces = map[translate.Dialect][]string{
	translate.Chat: {translatetest.Chunks(`"delta":{"role":"assistant","content":""}`),
		translatetest.Chunks(`"delta":{"reasoning_content":"hm"}`), translatetest.Chunks(`"delta":{"content":"Hel"}`),
		translatetest.Chunks(`"delta":{"content":"lo"}`),
		translatetest.Chunks(`"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"Read","arguments":""}}]}`),
		translatetest.Chunks(`"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\""}}]}`),
		translatetest.Chunks(`"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}`),
		translatetest.Chunks(`"delta":{"tool_calls":[{"index":1,"id":"c2","function":{"name":"Now","arguments":"{}"}}]}`)},
	translate.Messages: {"data: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_9\",\"model\":\"up\"}}\n\n",
		"data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"a\"}}\n\n",
		"data: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"n\",\"input\":{}}}\n\n", "data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"a\"}}\n\n"},
	translate.Responses: {"data: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_9\",\"status\":\"in_progress\",\"output\":[]}}\n\n", "data: {\"type\":\"response.output_text.delta\",\"output_index\":0,\"delta\":\"a\"}\n\n",
		"data: {\"type\":\"response.output_item.added\",\"output_index\":1,\"item\":{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"n\"}}\n\n", "data: {\"type\":\"response.function_call_arguments.delta\",\"output_index\":1,\"delta\":\"{\"}\n\n"},
}

func TestNothingIsHeldBackThatCouldBeSent(t *testing.T) {
	t.Parallel()
	for _, from := range dialects {
		for _, to := range upstreams {
			_, call := mustRequest(t, from, to, smallRequest[from], options)
			s := call.Stream()
			for _, piece := range pieces[to] {
				if out := s.Append(nil, []byte(strings.TrimSuffix(piece, "\n"))); len(out) == 0 {
					t.Errorf("%s over %s: nothing goes out with %s", from, to, piece)
				}
			}
		}
	}
}

func TestASecondCallWaitsForTheFirst(t *testing.T) {
	t.Parallel()
	_, call := mustRequest(t, translate.Messages, translate.Chat, smallRequest[translate.Messages], options)
	s := call.Stream()
	first := s.Append(nil,
		[]byte(translatetest.Chunks(`"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"Read","arguments":"{\"a\":"}},{"index":1,"id":"c2","function":{"name":"Now","arguments":"{}"}}]}`)))
	second := s.Append(nil,
		[]byte(translatetest.Chunks(`"delta":{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}`)))
	if strings.Contains(string(first), "c2") || !strings.Contains(string(second), `"id":"c2"`) {
		t.Errorf("first\n%s\nthen\n%s", first, second)
	}
}

func TestACallKeepsNothingOfTheBody(t *testing.T) {
	t.Parallel()
	for _, from := range clients {
		for _, to := range upstreams {
			body := []byte(strings.ReplaceAll(fullRequest[from], `"Read"`, `"`+longName+`"`))
			_, want := mustRequest(t, from, to, string(body), options)
			_, call, err := translate.Request(from, to, body, options)
			if err != nil {
				t.Fatal(err)
			}
			clear(body)
			for _, c := range translatetest.All[to] {
				if c.Reply == "" {
					continue
				}
				a, err1 := want.Reply([]byte(c.Reply))
				b, err2 := call.Reply([]byte(c.Reply))
				if err1 != nil || err2 != nil || string(a) != string(b) {
					t.Fatalf("%s over %s: %v, %v\n%s\nwithout the body\n%s", from, to, err1, err2, a, b)
				}
			}
		}
	}
}

func TestAChatClientSeesUsageOnlyIfItAskedForIt(t *testing.T) {
	t.Parallel()
	upstream := translatetest.Messages[0].Stream
	for request, want := range map[string]bool{
		`{"model":"m","stream":true,"messages":[]}`:                                          false,
		`{"model":"m","stream":true,"messages":[],"stream_options":{"include_usage":false}}`: false,
		`{"model":"m","stream":true,"messages":[],"stream_options":{"include_usage":true}}`:  true,
	} {
		_, call := mustRequest(t, translate.Chat, translate.Messages, request, options)
		out, failure := translatetest.Stream(call, upstream, 1<<20)
		if failure != "" || strings.Contains(string(out), `"usage"`) != want {
			t.Errorf("%s: %s\n%s", request, failure, out)
		}
	}
}
