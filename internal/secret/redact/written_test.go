package redact_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

func TestWhatIsWrittenOutIsFoundAndNothingElse(t *testing.T) {
	t.Parallel()
	random := strings.Repeat("0a1b", 5)
	var found []string
	redact.FindWritten(map[string]any{
		"a": map[string]any{"api_key": "sk-short"}, "b": []any{map[string]any{"X_API_KEY": random}},
		"master_key": "sk-1234", "c": map[string]any{"api_base": "https://user:word@h/v1"},
		"d": map[string]any{"api_base": "https://h/v1?code=" + random}, "e": map[string]any{"api_base": "https://h/v1?api-key=x"},
		"f":           map[string]any{"api_base": "https://h/v1?v=1#token=" + random},
		"webhook_url": "https://h/T0/B0?v=1", "authorization": "Bearer " + random,
		"g": map[string]any{"api_base": "https://h/%zz?v=%zz"},
		// What is none: words for no key, references, addresses.
		"h": []any{map[string]any{"api_key": "none"}, map[string]any{"api_key": "LM-Studio"}}, "i_api_key": "os.environ/X",
		"api_base": "https://h.openai.azure.com/openai?api-version=2024-10-21-preview", "j": map[string]any{"model": "gpt-5"},
	}, "x", func(at string) { found = append(found, at) })
	slices.Sort(found)
	want := []string{"x.a.api_key", "x.authorization", "x.b[0].X_API_KEY", "x.c.api_base", "x.d.api_base", "x.e.api_base",
		"x.f.api_base", "x.g.api_base", "x.master_key", "x.webhook_url"}
	if !slices.Equal(found, want) {
		t.Errorf("%v, want %v", found, want)
	}
}
