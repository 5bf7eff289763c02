package bench_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// BenchmarkTranslation sends the same load through a router whose upstream speaks the
// client's dialect, and through one whose upstream speaks only chat completions. It
// reports what BenchmarkGateway does. Run it with -count and compare medians.
func BenchmarkTranslation(b *testing.B) {
	upstream := startRole(b, "upstream", "")
	for _, dialect := range []string{"messages", "responses"} {
		for _, load := range []struct {
			name    string
			clients int
			body    []byte
		}{
			{"1kB/clients=1", 1, conversation(dialect, 1<<10, false)},
			{"1kB/clients=8", 8, conversation(dialect, 1<<10, false)},
			{"256kB/clients=8", 8, conversation(dialect, 256<<10, false)},
			{"stream/clients=64", 64, conversation(dialect, 1<<10, true)},
		} {
			for name, speaks := range map[string]string{"native": dialect, "translated": "chat"} {
				b.Run(dialect+"/"+load.name+"/"+name, func(b *testing.B) {
					loadServer(b, routerProcess(b, upstream.addr, speaks), load.clients, "/v1/"+dialect, load.body)
				})
			}
		}
	}
}

// conversation is a request of an agent of about size bytes: calls of a tool and
// their results, which are like code, so that JSON escapes are real.
func conversation(dialect string, size int, stream bool) []byte {
	text := strings.Repeat(`if err := s.do(\"x\"); err != nil {\n\tlog.Printf(\"bad: %v\", err) // café\n}\n`, 5)
	head, tail := `{"model":"m","max_tokens":4096,"messages":[{"role":"user","content":"go"}`, `]`
	turn := `,{"role":"assistant","content":[{"type":"tool_use","id":"t%[1]d","name":"Read","input":{"path":"a%[1]d"}}]},` +
		`{"role":"user","content":[{"type":"tool_result","tool_use_id":"t%[1]d","content":"%[2]s"}]}`
	if dialect == "responses" {
		head = `{"model":"m","input":[{"role":"user","content":"go"}`
		turn = `,{"type":"function_call","call_id":"t%[1]d","name":"Read","arguments":"{\"path\":\"a%[1]d\"}"},` +
			`{"type":"function_call_output","call_id":"t%[1]d","output":"%[2]s"}`
	}
	var body bytes.Buffer
	body.WriteString(head)
	for i := 0; body.Len() < size; i++ {
		fmt.Fprintf(&body, turn, i, text)
	}
	body.WriteString(tail)
	if stream {
		body.WriteString(`,"stream":true`)
	}
	body.WriteByte('}')
	return body.Bytes()
}
