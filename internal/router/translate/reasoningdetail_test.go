package translate_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/translate"
	"github.com/flowgate-go/flowgate/internal/router/translate/translatetest"
)

// TestOpenRoutersDetailsComeBackAsTheyWere has them in a reply and in a stream, in which
// one comes in pieces; and a client of each dialect that has opaque fields.
func TestOpenRoutersDetailsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	const details = `[{"type":"reasoning.text","text":"let \"me\" see","format":"anthropic-claude-v1","signature":"sig==","index":0},` +
		`{"type":"reasoning.encrypted","id":"c1","data":"enc==","format":"google-gemini-v1","index":1}]`
	const call = `"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"Read","arguments":"{}"}}]`
	whole := `{"choices":[{"index":0,"message":{"reasoning":"let \"me\" see","reasoning_details":` + details + `,` + call + `},"finish_reason":"tool_calls"}]}`
	stream := translatetest.Chunks(`"delta":{"reasoning":"let ","reasoning_details":[{"type":"reasoning.text","text":"let ","format":"anthropic-claude-v1","index":0}]}`) +
		translatetest.Chunks(`"delta":{"reasoning":"\"me\" see","reasoning_details":[{"type":"reasoning.text","text":"\"me\" see","format":"anthropic-claude-v1","index":0}]}`) +
		translatetest.Chunks(`"delta":{"reasoning_details":[{"type":"reasoning.text","signature":"sig==","text":"","format":"anthropic-claude-v1","index":0}]}`) +
		translatetest.Chunks(`"delta":{"reasoning_details":[{"type":"reasoning.encrypted","id":"c1","data":"enc==","format":"google-gemini-v1","index":1}],`+call+`}`) +
		translatetest.Chunks(`"delta":{},"finish_reason":"tool_calls"`) + translatetest.Done
	opts := options
	opts.Details = true
	for from, next := range map[translate.Dialect]func(reply string) string{
		translate.Messages: func(reply string) string {
			return `{"max_tokens":1,"messages":[{"role":"assistant","content":` + part(t, reply, "content") +
				`},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"r"}]}]}`
		},
		translate.Responses: func(reply string) string {
			return `{"input":` + strings.TrimSuffix(part(t, reply, "output"), "]") + `,{"type":"function_call_output","call_id":"c1","output":"r"}]}`
		},
		translate.Gemini: func(reply string) string {
			var candidates []struct{ Content json.RawMessage }
			if err := json.Unmarshal([]byte(part(t, reply, "candidates")), &candidates); err != nil {
				t.Fatal(err)
			}
			return `{"contents":[` + string(candidates[0].Content) + `,{"parts":[{"functionResponse":{"name":"Read","response":{"output":"r"}}}]}]}`
		},
	} {
		for name, answer := range map[string]func(*translate.Call) ([]byte, error){
			"whole":    func(c *translate.Call) ([]byte, error) { return c.Reply([]byte(whole)) },
			"streamed": func(c *translate.Call) ([]byte, error) { return c.Collect([]byte(stream)) }} {
			_, c := mustRequest(t, from, translate.Chat, smallRequest[from], opts)
			reply, err := answer(c)
			if err != nil {
				t.Fatal(err)
			}
			again, _ := mustRequest(t, from, translate.Chat, next(string(reply)), opts)
			var got struct {
				Messages []struct {
					Details json.RawMessage `json:"reasoning_details"`
				}
			}
			if err := json.Unmarshal(again, &got); err != nil {
				t.Fatal(err)
			}
			if got.Messages[0].Details == nil || canonical(t, got.Messages[0].Details) != canonical(t, []byte(details)) {
				t.Errorf("%v, %s: the upstream gets back %s", from, name, again)
			}
			other, c := mustRequest(t, from, translate.Chat, next(string(reply)), options)
			if strings.Contains(string(other), "enc==") || len(c.Dropped()) == 0 {
				t.Errorf("%v, %s: an upstream that has no details gets %s, without %q", from, name, other, c.Dropped())
			}
		}
	}
}

// part returns a member of a document.
func part(t *testing.T, doc, name string) string {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(doc), &members); err != nil {
		t.Fatal(err)
	}
	return string(members[name])
}
