package deployment_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
)

// patternEntries are model_names with * and their models.
func patternEntries(more string) string {
	text := `{model: openai/none, api_base: "http://h/v1", api_key: none}}`
	for _, e := range [][2]string{
		{"openai/*", "openai/*"}, {"openai/gpt-*", "openai/gpt-*-latest"}, {"claude-*", "anthropic/claude-*"},
		{"claude-opus-*", "openai/local"}, {"team/*/x-*", "openai/*"}, {"a*-mini", "groq/*"}, {"b.*", "groq/b-*-*"},
		{"bc*", "groq/short"}, {"a+*", "groq/plus-*"},
	} {
		text += fmt.Sprintf("\n  - {model_name: %q, litellm_params: {model: %q, api_key: k}}", e[0], e[1])
	}
	return text + "\n" + more
}

// The models were recorded from LiteLLM 1.106.2's PatternMatchRouter with these entries.
func TestAPatternServesTheModelThatLiteLLMWouldAskFor(t *testing.T) {
	t.Parallel()
	everything := load(t, patternEntries(`  - {model_name: "*", litellm_params: {model: "*"}}`), nil)
	without := load(t, patternEntries(""), nil)
	for model, want := range map[string]string{
		"openai/o3": "openai/o3", "openai/gpt-5": "openai/gpt-5-latest", "claude-sonnet-4-5": "anthropic/claude-sonnet-4-5",
		"claude-opus-4-5": "openai/local", "team/red/x-1": "team/red/x-1", "a-large-mini-2026": "groq/-large",
		"b.1": "groq/b-1-*", "bcd": "groq/short", "a+b": "groq/plus-b", "gpt-5": "gpt-5", "groq/llama": "groq/llama",
		"gpt-4o-mini": "gpt-4o-mini",
	} {
		found, reason := everything.Match(model)
		switch {
		case strings.HasPrefix(want, "team/"): // LiteLLM takes the whole name, which has no provider that it knows
			if len(found) != 0 || !strings.Contains(reason, `provider "team" is not known and needs an api_base`) {
				t.Errorf("%s: %d deployments, %q", model, len(found), reason)
			}
		case len(found) != 1 || found[0].Model != want || found[0].Group != model:
			t.Errorf("%s: %+v (%s), not %s", model, found, reason, want)
		}
	}
	if found, _ := without.Match("gpt-5"); len(found) != 1 || found[0].Model != "openai/gpt-5-latest" {
		t.Errorf("gpt-5 is one of OpenAI's: %+v", found)
	}
	if found, reason := without.Match("mistral-large"); len(found) != 0 || reason != "" {
		t.Errorf("nothing matches, but: %+v %q", found, reason)
	}
}

func TestAMatchedModelGoesWhereItsProviderIs(t *testing.T) {
	t.Parallel()
	s := load(t, patternEntries(`  - {model_name: "*", litellm_params: {model: "*"}}
  - model_name: "az-*"
    litellm_params: {model: "azure/*", api_base: "https://r.openai.azure.com", api_key: k, api_version: v}`),
		map[string]string{"OPENAI_API_KEY": "ok", "GROQ_API_KEY": "gk"})
	for _, c := range []struct {
		model, url, key string
		in              dialect.Dialect
	}{
		{model: "gpt-5", url: "https://api.openai.com/v1/chat/completions", key: "Bearer ok"},
		{model: "groq/llama", url: "https://api.groq.com/openai/v1/chat/completions", key: "Bearer gk"},
		{model: "openai/o3", url: "https://api.openai.com/v1/chat/completions", key: "Bearer k"},
		{model: "claude-sonnet-4-5", url: "https://api.anthropic.com/v1/messages", in: dialect.Messages},
		{model: "az-mine", url: "https://r.openai.azure.com/openai/deployments/mine/chat/completions?api-version=v"},
	} {
		found, reason := s.Match(c.model)
		if len(found) != 1 {
			t.Errorf("%s: %s", c.model, reason)
			continue
		}
		d := deployment.New(found[0])
		if got := d.URL(c.in, false, "").String(); got != c.url {
			t.Errorf("%s: %s, not %s", c.model, got, c.url)
		}
		if got := d.HeaderFor(c.in, nil, "").Get("Authorization"); c.key != "" && got != c.key {
			t.Errorf("%s: key %q", c.model, got)
		}
	}
	if want := "a"; len(s.Groups) != 1 || s.Groups[0] != want {
		t.Errorf("groups %v", s.Groups)
	}
	if codes(s) != "" {
		t.Error(codes(s))
	}
}
