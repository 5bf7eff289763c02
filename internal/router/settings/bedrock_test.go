package settings_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// loadEntry loads a file with one entry of Bedrock.
func loadEntry(t *testing.T, entry string) *settings.Settings {
	t.Helper()
	s, err := load(t, "model_list:\n  - {model_name: m, "+entry+"}\ngeneral_settings: {master_key: sk-test}\n", "UP", "DOWN", nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestCachePointsGoToModelsThatTakeThem has what LiteLLM 1.106.2 sends them to.
func TestCachePointsGoToModelsThatTakeThem(t *testing.T) {
	t.Parallel()
	for entry, want := range map[string]struct{ points, hour bool }{
		`litellm_params: {model: bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0}`:                                                  {true, true},
		`litellm_params: {model: bedrock/anthropic.claude-opus-4-7}`:                                                                     {true, true},
		`litellm_params: {model: bedrock/anthropic.claude-fable-5-1}`:                                                                    {true, true},
		`litellm_params: {model: bedrock/anthropic.claude-sonnet-4-20250514-v1:0}`:                                                       {true, false},
		`litellm_params: {model: bedrock/anthropic.claude-opus-4-1-20250805-v1:0}`:                                                       {true, false},
		`litellm_params: {model: bedrock/anthropic.claude-3-5-haiku-20241022-v1:0}`:                                                      {true, false},
		`litellm_params: {model: bedrock/anthropic.claude-3-5-sonnet-20240620-v1:0}`:                                                     {},
		`litellm_params: {model: bedrock/anthropic.claude-3-opus-20240229-v1:0}`:                                                         {},
		`litellm_params: {model: bedrock/us.amazon.nova-pro-v1:0}`:                                                                       {true, false},
		`litellm_params: {model: bedrock/meta.llama3-70b-instruct-v1:0}`:                                                                 {},
		`litellm_params: {model: "bedrock/arn:aws:bedrock:us-east-1:1:application-inference-profile/a"}`:                                 {true, false},
		`litellm_params: {model: bedrock/anthropic.claude-opus-4-7, model_id: "arn:aws:x"}`:                                              {true, true},
		`litellm_params: {model: bedrock/meta.new-v1:0}, model_info: {supports_prompt_caching: true}`:                                    {true, false},
		`litellm_params: {model: bedrock/meta.new}, model_info: {supports_prompt_cache_breakpoint: false, supports_prompt_caching: yes}`: {},
		`litellm_params: {model: vertex_ai/claude-opus-4-7, vertex_project: p}, model_info: {supports_prompt_caching: true}`:             {},
	} {
		d := loadEntry(t, entry).Deployments[0]
		if d.CachePoints != want.points || d.CacheHour != want.hour {
			t.Errorf("%s: %v, an hour %v", entry, d.CachePoints, d.CacheHour)
		}
	}
}

func TestAProfileHasTheAbilitiesOfItsModel(t *testing.T) {
	t.Parallel()
	d := loadEntry(t, `litellm_params: {model: bedrock/eu-west-3/anthropic.claude-opus-4-7, model_id: "arn:aws:x"}`).Deployments[0]
	if d.Upstream != "arn:aws:x" || !d.Claude || !d.Adaptive || d.NoOutputFormat || d.AWS.Region != "eu-west-3" || !d.IsChat() {
		t.Errorf("%+v", d)
	}
}

func TestAModeThatConverseServesIsNoWarning(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"chat", "responses", "completion"} {
		s := loadEntry(t, `litellm_params: {model: bedrock/amazon.nova-lite-v1:0}, model_info: {mode: `+mode+`}`)
		if len(s.Warnings) != 0 || !s.Deployments[0].IsChat() {
			t.Errorf("%s: %+v", mode, s.Warnings)
		}
	}
}

func TestAnEmbeddingModelOfBedrockIsNamedWithItsLine(t *testing.T) {
	t.Parallel()
	s := loadEntry(t, "litellm_params: {model: bedrock/amazon.titan-embed-text-v2:0}")
	if len(s.Deployments) != 0 || len(s.Warnings) == 0 || s.Warnings[0].Code != "provider-unsupported" ||
		!strings.Contains(fmt.Sprint(s.Warnings[0]), ":2:38: ") {
		t.Errorf("%+v", s.Warnings)
	}
}
