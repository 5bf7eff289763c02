package catalog_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/internal/router/catalog"
	"github.com/flowgate-go/flowgate/internal/router/settings"
)

const windows = `model_list:
  - {model_name: said, litellm_params: {model: openai/known, api_base: "http://127.0.0.1:1/v1"}, model_info: {max_input_tokens: 7000}}
  - {model_name: known, litellm_params: {model: openai/known, api_base: "http://127.0.0.1:1/v1"}}
  - {model_name: mixed, litellm_params: {model: openai/known, api_base: "http://127.0.0.1:1/v1"}, model_info: {max_input_tokens: 9000}}
  - {model_name: mixed, litellm_params: {model: openai/known, api_base: "http://127.0.0.1:1/v1"}}
  - {model_name: mixed, litellm_params: {model: openai/unknown, api_base: "http://127.0.0.1:1/v1"}}
  - {model_name: unknown, litellm_params: {model: anthropic/known, api_base: "http://127.0.0.1:1"}}
  - {model_name: nonsense, litellm_params: {model: openai/known, api_base: "http://127.0.0.1:1/v1"}, model_info: {max_input_tokens: 0}}
general_settings: {master_key: sk-test}
`

func TestTheWindowOfAModelIsThatOfItsInfoElseTheKnownOne(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "settings.yaml")
	if err := os.WriteFile(path, []byte(windows), 0o600); err != nil {
		t.Fatal(err)
	}
	loaded, err := settings.Load(path, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	known := func(provider, model string) int {
		if provider == "openai" && model == "known" {
			return 8000
		}
		return 0
	}
	all := catalog.New(loaded)
	check(t, all, map[string]int{"said": 7000, "known": 0, "mixed": 9000, "unknown": 0, "nonsense": 0, "no such": 0})
	all.UseWindows(known)
	check(t, all, map[string]int{"said": 7000, "known": 8000, "mixed": 8000, "unknown": 0, "nonsense": 8000})
	onlyKnown := all.Filter(func(names ...string) bool { return names[0] == "known" })
	check(t, onlyKnown, map[string]int{"known": 8000, "said": 0})
}

// check compares the windows of models, and those of Codex's catalogue, which has null for 0.
func check(t *testing.T, c *catalog.Catalog, want map[string]int) {
	t.Helper()
	entries := map[string]gjson.Result{}
	for _, entry := range gjson.GetBytes(c.Codex(), "models").Array() {
		entries[entry.Get("slug").String()] = entry.Get("context_window")
	}
	for name, tokens := range want {
		if got := c.Window(name); got != tokens {
			t.Errorf("%s: %d, not %d", name, got, tokens)
		}
		entry := entries[name]
		if entry.Int() != int64(tokens) || tokens == 0 && entry.Type != gjson.Null {
			t.Errorf("%s: Codex is told %s, not %d", name, entry.Raw, tokens)
		}
	}
}
