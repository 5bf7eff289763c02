package estimate_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/flowgate-go/flowgate/internal/router/estimate"
)

// FuzzPromptBytes: a string counts as long as it is without its escapes, and no
// bytes are too strange to be counted.
func FuzzPromptBytes(f *testing.F) {
	f.Add("plain", []byte(`[{"type":"image","source":{"type":"base64","data":"QUJD"}}]`))
	f.Add("\u00e9\U0001f642\\\"", []byte(`"\ud83d\ude42 \u12 \`))
	f.Add("", []byte(`{"a":[`))
	f.Fuzz(func(t *testing.T, text string, part []byte) {
		if n := estimate.PromptBytes(part); n < 0 {
			t.Fatalf("%d bytes for %q", n, part)
		}
		if !utf8.ValidString(text) || strings.HasPrefix(text, "data:") {
			return
		}
		literal, _ := json.Marshal(text)
		if n := estimate.PromptBytes(literal); n != len(text)+2 {
			t.Fatalf("%d bytes for %s, want %d", n, literal, len(text)+2)
		}
	})
}
