package translation_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/router-for-me/CLIProxyAPI/v7/sdk/translator"
	"github.com/router-for-me/CLIProxyAPI/v7/sdk/translator/builtin"

	"github.com/flowgate-go/flowgate/internal/router/translate"
)

// conversation returns a request of about 256 kB: 64 turns of 4 kB.
func conversation(from translate.Dialect) []byte {
	var turns []string
	for i := range 64 {
		text := fmt.Sprintf("turn %d: %s", i, strings.Repeat("some words of source code; ", 150))
		turns = append(turns, userTurn(from, text), assistantTurn(from, "done"))
	}
	list := "[" + strings.Join(turns, ",") + "]"
	if from == translate.Responses {
		return []byte(`{"model":"m","input":` + list + `}`)
	}
	return []byte(`{"model":"m","max_tokens":64,"messages":` + list + `}`)
}

// BenchmarkRequest translates the same requests into chat completions by ours and by
// CLIProxyAPI's translator.
func BenchmarkRequest(b *testing.B) {
	for _, from := range []translate.Dialect{translate.Messages, translate.Responses} {
		body := conversation(from)
		b.Run(from.String()+"/ours", func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if _, _, err := translate.Request(from, translate.Chat, body, translate.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(from.String()+"/CLIProxyAPI", func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if len(builtin.Registry().TranslateRequest(formats[from], translator.FormatOpenAI, "m", body, false)) < len(body)/2 {
					b.Fatal("it lost half of the request")
				}
			}
		})
	}
}
