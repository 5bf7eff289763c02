package route_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

// windows is a group of a small and a large deployment, and a group of a small one.
const windows = `general_settings: {master_key: sk-test}
litellm_settings: {num_retries: 0}
router_settings: {enable_pre_call_checks: true, context_window_fallbacks: [{small: [large]}]}
model_list:
  - model_name: both
    litellm_params: {model: openai/ok-small, api_base: "http://127.0.0.1:9190/v1"}
    model_info: {max_input_tokens: 100}
  - model_name: both
    litellm_params: {model: openai/ok-large, api_base: "http://127.0.0.1:9190/v1", order: 2}
  - model_name: small
    litellm_params: {model: openai/ok-small, api_base: "http://127.0.0.1:9190/v1"}
    model_info: {max_input_tokens: 100}
  - model_name: large
    litellm_params: {model: openai/ok-large, api_base: "http://127.0.0.1:9190/v1"}
  - model_name: only
    litellm_params: {model: openai/ok-small, api_base: "http://127.0.0.1:9190/v1"}
    model_info: {max_input_tokens: 100}
`

func TestAPromptGoesWhereItHasRoom(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("word ", 200) // about 250 tokens
	bodies := map[string]func(model, text string) string{
		"/v1/chat/completions": func(model, text string) string {
			return `{"messages":[{"role":"user","content":"` + text + `"}],"model":"` + model + `"}`
		},
		"/v1/responses": func(model, text string) string {
			return `{"model":"` + model + `","input":"hi","instructions":"` + text + `"}`
		},
		"/v1/messages": func(model, text string) string {
			return `{"model":"` + model + `","max_tokens":9,"system":"` + text + `","messages":[]}`
		},
		"/v1/embeddings": func(model, text string) string { return `{"model":"` + model + `","input":["` + text + `"]}` },
	}
	s := routertest.Start(t, windows, router.Options{})
	for path, body := range bodies {
		for _, c := range []struct{ model, text, upstream string }{
			{"both", "hi", "ok-small"}, {"both", long, "ok-large"}, {"small", "hi", "ok-small"}, {"small", long, "ok-large"},
		} {
			before := len(s.Models())
			got := s.Send("POST", path, body(c.model, c.text), nil)
			if asked := s.Models()[before:]; got.Status != 200 || !slices.Equal(asked, []string{c.upstream}) {
				t.Errorf("%s %s, %d bytes: %d by %v, not %s", path, c.model, len(c.text), got.Status, asked, c.upstream)
			}
		}
	}
	before := len(s.Models())
	got := s.Chat("only", `,"tools":["`+long+`"]`)
	if got.Status != 400 || !strings.Contains(got.Body, "ContextWindowExceededError") || len(s.Models()) != before {
		t.Errorf("no room anywhere: %d %s", got.Status, got.Body)
	}
	without := strings.Replace(windows, "enable_pre_call_checks: true", "enable_pre_call_checks: no", 1)
	unchecked := routertest.Start(t, without, router.Options{})
	if got := unchecked.Chat("only", `,"tools":["`+long+`"]`); got.Status != 200 {
		t.Errorf("prompts are not to be checked: %d %s", got.Status, got.Body)
	}
}
