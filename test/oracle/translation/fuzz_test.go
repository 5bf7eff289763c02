package translation_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/router-for-me/CLIProxyAPI/v7/sdk/translator"
	"github.com/router-for-me/CLIProxyAPI/v7/sdk/translator/builtin"

	"github.com/flowgate-go/flowgate/internal/router/translate"
)

// FuzzRequests makes conversations of what both translate alike, and compares
// what the upstream gets.
func FuzzRequests(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		for _, from := range []translate.Dialect{translate.Messages, translate.Responses} {
			body := []byte(randomRequest(from, rand.New(rand.NewPCG(seed, 1))))
			ours, _, err := translate.Request(from, translate.Chat, body, options)
			if err != nil {
				t.Fatalf("%v: %s", err, body)
			}
			theirs := builtin.Registry().TranslateRequest(formats[from], translator.FormatOpenAI, "m", body, false)
			list := compare(nil, "", unifyChat(decode(t, ours)), unifyChat(decode(t, theirs)))
			acceptedRequests[pair{from, translate.Chat}].check(t, string(body), list, make(map[string]bool))
		}
	})
}

// randomRequest is a conversation of texts, calls and their results.
func randomRequest(from translate.Dialect, r *rand.Rand) string {
	var turns []string
	for n := range 1 + r.IntN(6) {
		turns = append(turns, userTurn(from, randomText(r)))
		if r.IntN(2) == 0 {
			turns = append(turns, toolTurn(from, n, randomText(r), randomText(r)))
			continue
		}
		turns = append(turns, assistantTurn(from, randomText(r)))
	}
	turns = append(turns, userTurn(from, "end"))
	if from == translate.Messages {
		return `{"model":"m","max_tokens":16,"messages":[` + strings.Join(turns, ",") + `]}`
	}
	return `{"model":"m","max_output_tokens":16,"input":[` + strings.Join(turns, ",") + `]}`
}

func randomText(r *rand.Rand) string {
	pieces := []string{"word ", `\"`, `\n`, "é", `\u00e9`, `\ud83d\ude00`, `\\`, "{", "<b>", `\/`, "line "}
	text := "x"
	for range r.IntN(8) {
		text += pieces[r.IntN(len(pieces))]
	}
	return text + "y"
}

func userTurn(from translate.Dialect, text string) string {
	if from == translate.Messages {
		return `{"role":"user","content":"` + text + `"}`
	}
	return `{"type":"message","role":"user","content":[{"type":"input_text","text":"` + text + `"}]}`
}

func assistantTurn(from translate.Dialect, text string) string {
	if from == translate.Messages {
		return `{"role":"assistant","content":[{"type":"text","text":"` + text + `"}]}`
	}
	return `{"type":"message","role":"assistant","content":[{"type":"output_text","text":"` + text + `"}]}`
}

// toolTurn is a call with its result, and an assistant's text behind them.
func toolTurn(from translate.Dialect, n int, argument, result string) string {
	if from == translate.Messages {
		return fmt.Sprintf(`{"role":"assistant","content":[{"type":"tool_use","id":"t%d","name":"Read","input":{"p":"%s"}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t%d","content":"%s"}]},`,
			n, argument, n, result) + assistantTurn(from, "so")
	}
	escaped := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(argument)
	return fmt.Sprintf(`{"type":"function_call","call_id":"t%d","name":"Read","arguments":"{\"p\":\"%s\"}"},{"type":"function_call_output","call_id":"t%d","output":"%s"},`,
		n, escaped, n, result) + assistantTurn(from, "so")
}
