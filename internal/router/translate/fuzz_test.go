package translate_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/translate"
	"github.com/flowgate-go/flowgate/internal/router/translate/translatetest"
)

func FuzzRequest(f *testing.F) {
	for _, d := range clients {
		f.Add(uint8(d), []byte(smallRequest[d]))
		f.Add(uint8(d), []byte(fullRequest[d]))
		f.Add(uint8(d), []byte(sharedRequest[d]))
	}
	f.Fuzz(func(t *testing.T, dialect uint8, body []byte) {
		from := clients[int(dialect)%len(clients)]
		if native := translate.Native(from, body); json.Valid(body) && !json.Valid(native) {
			t.Fatalf("Native makes of\n%s\nthis:\n%s", body, native)
		}
		for _, to := range upstreams {
			for _, opts := range []translate.Options{options,
				{ID: "1", Effort: true, Adaptive: true, ReasoningBack: true, TextParts: true}} {
				out, call, err := translate.Request(from, to, body, opts)
				if (err == nil) == (out == nil || call == nil) {
					t.Fatalf("%s, %v, %v", out, call, err)
				}
				if err == nil && json.Valid(body) && !json.Valid(out) {
					t.Fatalf("%s→%s makes of\n%s\nthis:\n%s", from, to, body, out)
				}
			}
		}
	})
}

func FuzzReply(f *testing.F) {
	for i, d := range upstreams {
		for _, c := range translatetest.All[d] {
			f.Add(uint8(i), []byte(c.Reply))
		}
	}
	f.Fuzz(func(t *testing.T, dialect uint8, body []byte) {
		to := upstreams[int(dialect)%len(upstreams)]
		for _, from := range clients {
			_, call := mustRequest(t, from, to, fullRequest[from], options)
			if out, err := call.Reply(body); err == nil && !json.Valid(out) {
				t.Fatalf("%s→%s makes of\n%s\nthis:\n%s", to, from, body, out)
			}
			if out := call.Error(400, body); !json.Valid(out) {
				t.Fatalf("the error is %s", out)
			}
			if out, err := call.Replay(nil, body); err == nil {
				checkEvents(t, from, out)
			}
		}
	})
}

func FuzzStream(f *testing.F) {
	for i, d := range upstreams {
		for _, c := range translatetest.All[d] {
			f.Add(uint8(i), []byte(c.Stream), uint8(5))
		}
	}
	f.Fuzz(func(t *testing.T, dialect uint8, upstream []byte, size uint8) {
		to := upstreams[int(dialect)%len(upstreams)]
		for _, from := range clients {
			newCall := func() *translate.Call {
				_, call := mustRequest(t, from, to, fullRequest[from], options)
				return call
			}
			whole, failure := translatetest.Stream(newCall(), string(upstream), 1<<20)
			if again, _ := translatetest.Stream(newCall(), string(upstream), int(size)+1); string(again) != string(whole) {
				t.Fatalf("in chunks of %d the client gets\n%s\nwhole\n%s", size+1, again, whole)
			}
			checkEvents(t, from, whole)
			if failure != "" {
				checkFailed(t, from, whole)
			}
			if out, err := newCall().Collect(upstream); (err == nil) != (failure == "") || err == nil && !json.Valid(out) {
				t.Fatalf("%v, %s, %s", err, failure, out)
			}
		}
	})
}

// checkEvents checks that every event is JSON and has the type that its line says.
func checkEvents(t *testing.T, d translate.Dialect, out []byte) {
	t.Helper()
	for _, data := range eventData(t, out) {
		if !json.Valid([]byte(data)) && (d != translate.Chat || data != "[DONE]") {
			t.Fatalf("the event %s in\n%s", data, out)
		}
	}
}

// fullRequest has everything that a dialect can say and every other understands.
var fullRequest = map[translate.Dialect]string{
	translate.Chat: `{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"a \"q\" \u00e9"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAA="}}]},
		{"role":"assistant","content":"b","tool_calls":[{"id":"c1","type":"function","function":{"name":"Read","arguments":"{\"path\":\"a\\\"b\"}"}}]},{"role":"tool","tool_call_id":"c1","content":"r"},{"role":"user","content":"go"}],
		"max_tokens":4000,"temperature":0.5,"top_p":0.9,"stop":["x"],"stream":true,"stream_options":{"include_usage":true},"tools":[{"type":"function","function":{"name":"Read","description":"d","parameters":{"type":"object","properties":{"path":{"type":"string"}}}}}],
		"tool_choice":"auto","parallel_tool_calls":false,"reasoning_effort":"medium","response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"},"strict":true}}}`,
	translate.Messages: `{"model":"m","max_tokens":4000,"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":[{"type":"text","text":"a \"q\" \u00e9"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAA="}}]},
		{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"~flowgate:chat"},{"type":"text","text":"b"},{"type":"tool_use","id":"c1","name":"Read","input":{"path":"a\"b"}}]},
		{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","is_error":true,"content":[{"type":"text","text":"r"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAA="}}]},{"type":"text","text":"go"}]}],
		"temperature":0.5,"stop_sequences":["x"],"stream":true,"tools":[{"name":"Read","description":"d","input_schema":{"type":"object","properties":{"path":{"type":"string"}}}}],
		"tool_choice":{"type":"auto","disable_parallel_tool_use":true},"thinking":{"type":"enabled","budget_tokens":2000},"output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}}`,
	translate.Responses: `{"model":"m","instructions":"s","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"a \"q\" \u00e9"},{"type":"input_image","image_url":"data:image/png;base64,AAA="}]},
		{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"t"}],"encrypted_content":"~flowgate:chat"},
		{"type":"message","role":"assistant","content":[{"type":"output_text","text":"b"}]},{"type":"function_call","call_id":"c1","name":"Read","arguments":"{\"path\":\"a\\\"b\"}"},
		{"type":"function_call_output","call_id":"c1","output":"r"},{"type":"custom_tool_call","call_id":"c2","name":"patch","input":"a\n\"b\""},{"type":"custom_tool_call_output","call_id":"c2","output":"r"},{"type":"message","role":"user","content":"go"}],
		"max_output_tokens":4000,"temperature":0.5,"stream":true,"tools":[{"type":"function","name":"Read","description":"d","parameters":{"type":"object","properties":{"path":{"type":"string"}}}},{"type":"custom","name":"patch"},
		{"type":"namespace","name":"mcp__git","tools":[{"type":"function","name":"log","parameters":{}}]}],"tool_choice":"auto","parallel_tool_calls":false,"reasoning":{"effort":"medium"},
		"text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"},"strict":true}}}`,
	translate.Gemini: `{"systemInstruction":{"role":"user","parts":[{"text":"s"}]},"contents":[{"role":"user",
		"parts":[{"text":"a \"q\" \u00e9"},{"inlineData":{"mimeType":"image/png","data":"AAA="}}]},
		{"role":"model","parts":[{"text":"hm","thought":true},{"text":"b",
		"thoughtSignature":"fmZsb3dnYXRldDE0On5mbG93Z2F0ZTpjaGF0MjpobQ=="},{"functionCall":{"name":"Read",
		"args":{"path":"a\"b"}}},{"functionCall":{"id":"c2","name":"Now","args":{}}}]},
		{"role":"user","parts":[{"functionResponse":{"name":"Read","response":{"output":"r"},
		"parts":[{"inlineData":{"mimeType":"image/png","data":"AAA"}}]}},{"functionResponse":{"id":"c2",
		"name":"Now","response":{"error":"no clock"}}},{"text":"go"}]}],
		"tools":[{"functionDeclarations":[{"name":"Read","description":"d","parameters":{"type":"OBJECT",
		"properties":{"path":{"type":"STRING","nullable":true}},"required":["path"]}},{"name":"Now",
		"parametersJsonSchema":{"type":"object"}}]}],
		"toolConfig":{"functionCallingConfig":{"mode":"AUTO"}},"generationConfig":{"temperature":0.5,"topP":0.9,
		"stopSequences":["x"],"maxOutputTokens":4000,"responseMimeType":"application/json",
		"responseJsonSchema":{"type":"object"},
		"thinkingConfig":{"includeThoughts":true,"thinkingBudget":2000}}}`,
}

func TestLongLinesAreCut(t *testing.T) {
	t.Parallel()
	piece := []byte(strings.Repeat("x", 1<<20))
	for _, from := range clients {
		for _, to := range upstreams {
			_, call := mustRequest(t, from, to, smallRequest[from], options)
			s := call.Stream()
			out := s.Append(nil, []byte("data: {\"x\":\""))
			for range 17 {
				out = s.Append(out, piece)
			}
			if s.Failure() == "" {
				t.Fatalf("%s over %s: 17 MB without a line end are taken in", from, to)
			}
			checkFailed(t, from, out)
		}
	}
}
