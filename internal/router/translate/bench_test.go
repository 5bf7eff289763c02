package translate_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/translate"
	"github.com/flowgate-go/flowgate/internal/router/translate/translatetest"
)

// conversation is a request of an agent of about size bytes: texts with escapes,
// calls and results.
func conversation(d translate.Dialect, size int) []byte {
	text := strings.Repeat(`func f(s string) {\n\treturn \"x\" + s // caf\u00e9 é\n}\n`, 20)
	var turn string
	switch d {
	case translate.Messages:
		turn = `{"role":"assistant","content":[{"type":"text","text":"I look"},{"type":"tool_use","id":"t%[1]d","name":"Read","input":{"path":"a \"b\" %[1]d"}}]},` +
			`{"role":"user","content":[{"type":"tool_result","tool_use_id":"t%[1]d","content":"` + text + `"}]}`
	case translate.Responses:
		turn = `{"type":"message","role":"assistant","content":[{"type":"output_text","text":"I look"}]},{"type":"function_call","call_id":"t%[1]d","name":"Read","arguments":"{\"path\":\"a %[1]d\"}"},` +
			`{"type":"function_call_output","call_id":"t%[1]d","output":"` + text + `"}`
	case translate.Gemini:
		turn = `{"role":"model","parts":[{"text":"I look"},{"functionCall":{"name":"Read","args":{"path":"a %[1]d"}}}]},` +
			`{"role":"user","parts":[{"functionResponse":{"name":"Read","response":{"output":"` + text + `"}}}]}`
	default:
		turn = `{"role":"assistant","content":"I look","tool_calls":[{"id":"t%[1]d","type":"function","function":{"name":"Read","arguments":"{\"path\":\"a %[1]d\"}"}}]},` +
			`{"role":"tool","tool_call_id":"t%[1]d","content":"` + text + `"}`
	}
	var body bytes.Buffer
	switch d {
	case translate.Responses:
		body.WriteString(`{"model":"m","stream":true,"instructions":"be terse","input":[{"type":"message","role":"user","content":"go"}`)
	case translate.Gemini:
		body.WriteString(`{"generationConfig":{"maxOutputTokens":4096},"contents":[{"parts":[{"text":"go"}]}`)
	default:
		body.WriteString(`{"model":"m","max_tokens":4096,"stream":true,"messages":[{"role":"user","content":"go"}`)
	}
	for i := 0; body.Len() < size; i++ {
		fmt.Fprintf(&body, ","+turn, i)
	}
	body.WriteString("]}")
	return body.Bytes()
}

func BenchmarkTranslateRequest(b *testing.B) {
	for _, from := range clients {
		for _, to := range dialects {
			if from == to {
				continue
			}
			for _, size := range []int{1 << 10, 256 << 10} {
				b.Run(fmt.Sprintf("%s-%s/%dkB", from, to, size>>10), func(b *testing.B) {
					body := conversation(from, size)
					b.SetBytes(int64(len(body)))
					b.ReportAllocs()
					for b.Loop() {
						if _, _, err := translate.Request(from, to, body, options); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}

func BenchmarkTranslateStream(b *testing.B) {
	chat := translatetest.Chunks(strings.Split(strings.Repeat(`"delta":{"content":"word "}#`,
		200)+`"delta":{},"finish_reason":"stop"`, "#")...) + translatetest.UsageChunk + translatetest.Done
	converse := strings.Repeat(`data: {"contentBlockDelta":{"contentBlockIndex":0,"delta":{"text":"word "},"p":"abcdefghij"}}`+
		"\n\n", 200) + `data: {"messageStop":{"stopReason":"end_turn"}}` + "\n\n" +
		`data: {"metadata":{"usage":{"inputTokens":40,"outputTokens":200}}}` + "\n\n"
	for _, from := range clients {
		benchmarkStream(b, from, translate.Chat, chat)
		benchmarkStream(b, from, translate.Converse, converse)
	}
}

// benchmarkStream translates an upstream's stream for a client.
func benchmarkStream(b *testing.B, from, to translate.Dialect, upstream string) {
	b.Run(from.String()+"-"+to.String(), func(b *testing.B) {
		b.SetBytes(int64(len(upstream)))
		b.ReportAllocs()
		_, call := mustRequest(b, from, to, smallRequest[from], options)
		var out []byte
		for b.Loop() {
			s := call.Stream()
			for event := range strings.SplitAfterSeq(upstream, "\n\n") {
				out = s.Append(out[:0], []byte(event))
			}
			if out = s.End(out); s.Failure() != "" {
				b.Fatal(s.Failure())
			}
		}
	})
}
