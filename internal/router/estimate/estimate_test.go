package estimate_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/flowgate-go/flowgate/internal/router/estimate"
)

// recorded are the tokens of the files in testdata by OpenAI's tokenizers o200k_base and
// cl100k_base (github.com/tiktoken-go/tokenizer v0.10.0).
var recorded = map[string][2]int{"english.txt": {1251, 1251}, "code.txt": {1787, 1808}, "reply.json": {656, 670},
	"tools.json": {257, 254}}

func TestTheEstimateIsWithin15PercentOfTheCount(t *testing.T) {
	t.Parallel()
	for name, counts := range recorded {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		literal, err := json.Marshal(string(text))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range counts {
			if n := estimate.Tokens(estimate.Weight(literal)); float64(n) < 0.85*float64(want) || float64(n) > 1.15*float64(want) {
				t.Errorf("%s: %d tokens, and %d counted", name, n, want)
			}
		}
	}
}

// FuzzWeight: a string weighs the same however it is escaped, and no bytes are too
// strange to be weighed.
func FuzzWeight(f *testing.F) {
	f.Add("plain", []byte(`[{"type":"image","source":{"type":"base64","data":"QUJD"}}]`))
	f.Add("\u00e9\U0001f642\\\"", []byte(`"\ud83d\ude42 \u12 \`))
	f.Add("", []byte(`{"a":[`))
	f.Fuzz(func(t *testing.T, text string, part []byte) {
		if n := estimate.Weight(part); n < 0 {
			t.Fatalf("%d for %q", n, part)
		}
		if !utf8.ValidString(text) || strings.HasPrefix(text, "data:") {
			return
		}
		literal, _ := json.Marshal(text)
		var escaped strings.Builder
		for _, unit := range utf16.Encode([]rune(text)) {
			fmt.Fprintf(&escaped, "\\u%04x", unit)
		}
		if a, b := estimate.Weight(literal), estimate.Weight([]byte(`"`+escaped.String()+`"`)); a != b {
			t.Fatalf("%d for %s, and %d escaped", a, literal, b)
		}
	})
}
