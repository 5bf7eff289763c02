package translate_test

import (
	"bytes"
	"fmt"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/translate"
)

// A Claude client asks an upstream that has only chat completions.
func ExampleRequest() {
	body := []byte(`{"model":"qwen3","max_tokens":64,"top_k":5,"messages":[{"role":"user","content":"hi"}]}`)
	upstream, call, err := translate.Request(translate.Messages, translate.Chat, body,
		translate.Options{Model: "claude-local", ID: "1", Created: time.Unix(1700000000, 0)})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n", upstream)
	fmt.Println("lost:", call.Dropped())
	reply, err := call.Reply([]byte(`{"id":"c","choices":[{"message":{"content":"Hello"},"finish_reason":"stop"}],` +
		`"usage":{"prompt_tokens":9,"completion_tokens":1}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n", reply[:bytes.Index(reply, []byte(`,"usage"`))])
	// Output:
	// {"model":"qwen3","messages":[{"role":"user","content":"hi"}],"max_tokens":64}
	// lost: [top_k]
	// {"id":"msg_1","type":"message","role":"assistant","model":"claude-local","content":[{"type":"text","text":"Hello"}],"stop_reason":"end_turn","stop_sequence":null
}
