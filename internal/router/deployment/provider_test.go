package deployment_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// load returns the settings of a file whose model_list consists of the entry a with
// the given litellm_params, and of what follows them.
func load(t *testing.T, params string, env map[string]string) *settings.Settings {
	t.Helper()
	path := filepath.Join(t.TempDir(), "litellm.yaml")
	text := "general_settings: {master_key: sk-local-0123456789}\nmodel_list:\n  - {model_name: a, litellm_params: " +
		params + "\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := settings.Load(path, func(name string) string { return env[name] })
	if err != nil {
		t.Fatalf("%s: %v", params, err)
	}
	return s
}

// codes returns the codes of the warnings, with their paths inside of the entry.
func codes(s *settings.Settings) string {
	var all []string
	for _, w := range s.Warnings {
		all = append(all, w.Code+" "+strings.TrimPrefix(w.Path, "model_list[0].litellm_params."))
	}
	return strings.Join(all, "; ")
}

// What the real LiteLLM 1.106.2 asks for the same entries was recorded beside a
// capturing upstream, or read in its source where the address cannot be reached.
func TestAnEntryGoesWhereLiteLLMSendsIt(t *testing.T) {
	t.Parallel()
	env := map[string]string{"GROQ_API_KEY": "gk", "OPENAI_API_KEY": "ok", "ANTHROPIC_API_KEY": "ak",
		"GEMINI_API_KEY": "gem", "DEEPSEEK_API_KEY": "dk"}
	bearer := func(key string) http.Header { return http.Header{"Authorization": {"Bearer " + key}} }
	for _, c := range []struct {
		name, params string
		in           dialect.Dialect
		env          map[string]string
		url          string
		key          http.Header
		warnings     string
	}{
		{name: "the provider's address and variable", params: `{model: groq/llama-3.3-70b-versatile}}`,
			url: "https://api.groq.com/openai/v1/chat/completions", key: bearer("gk")},
		{name: "the entry's key", params: `{model: groq/llama, api_key: mine}}`,
			url: "https://api.groq.com/openai/v1/chat/completions", key: bearer("mine")},
		{name: "a key that is not set", params: `{model: mistral/m}}`, url: "https://api.mistral.ai/v1/chat/completions",
			warnings: "environment-variable-unset model"},
		{name: "azure", params: `{model: azure/my-gpt, api_base: "https://res.openai.azure.com", api_key: k, api_version: "2024-10-21"}}`,
			url: "https://res.openai.azure.com/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21",
			key: http.Header{"Api-Key": {"k"}}},
		{name: "azure without a version",
			params: `{model: azure/my-gpt, api_base: "https://res.openai.azure.com/", api_key: k}}`,
			url:    "https://res.openai.azure.com/openai/deployments/my-gpt/chat/completions?api-version=2025-02-01-preview",
			key:    http.Header{"Api-Key": {"k"}}},
		{name: "azure's responses",
			params: `{model: azure/my-gpt, api_base: "https://res.openai.azure.com", api_key: k, api_version: "2024-10-21"}}`,
			in:     dialect.Responses,
			url:    "https://res.openai.azure.com/openai/v1/responses?api-version=preview", key: http.Header{"Api-Key": {"k"}}},
		{name: "azure's pictures",
			params: `{model: azure/dall-e-3, api_base: "https://res.openai.azure.com", api_key: k, api_version: v}}`,
			in:     dialect.ImageGenerations,
			url:    "https://res.openai.azure.com/openai/deployments/dall-e-3/images/generations?api-version=v",
			key:    http.Header{"Api-Key": {"k"}}},
		{name: "azure's transcripts",
			params: `{model: azure/whisper, api_base: "https://res.openai.azure.com", api_key: k, api_version: v}}`,
			in:     dialect.Transcriptions,
			url:    "https://res.openai.azure.com/openai/deployments/whisper/audio/transcriptions?api-version=v",
			key:    http.Header{"Api-Key": {"k"}}},
		{name: "azure's compaction",
			params: `{model: azure/my-gpt, api_base: "https://res.openai.azure.com", api_key: k, api_version: v}}`,
			in:     dialect.Compact,
			url:    "https://res.openai.azure.com/openai/v1/responses/compact?api-version=preview", key: http.Header{"Api-Key": {"k"}}},
		{name: "rankings of their own address", params: `{model: dashscope/gte-rerank, api_key: k}}`, in: dialect.Rerank,
			url: "https://dashscope.aliyuncs.com/compatible-api/v1/reranks", key: bearer("k")},
		{name: "rankings at an own address", params: `{model: dashscope/r, api_key: k, api_base: "https://h/v1/rerank"}}`,
			in: dialect.Rerank, url: "https://h/v1/rerank", key: bearer("k")},
		{name: "azure's new interface by its version",
			params: `{model: azure/my-gpt, api_base: "https://res.openai.azure.com", api_key: k, api_version: preview}}`,
			url:    "https://res.openai.azure.com/openai/v1/chat/completions", key: http.Header{"Api-Key": {"k"}}},
		{name: "azure with a whole address",
			params: `{model: azure/x, api_base: "https://res.openai.azure.com/openai/deployments/my-gpt/chat/completions?api-version=v", api_key: k}}`,
			url:    "https://res.openai.azure.com/openai/deployments/my-gpt/chat/completions?api-version=v",
			key:    http.Header{"Api-Key": {"k"}}},
		{name: "azure below /openai", params: `{model: azure/x, api_base: "https://res.openai.azure.com/openai/", api_key: k, api_version: v}}`,
			url: "https://res.openai.azure.com/openai/deployments/x/chat/completions?api-version=v",
			key: http.Header{"Api-Key": {"k"}}},
		{name: "anthropic with a token", params: `{model: anthropic/claude-x}}`, in: dialect.Messages,
			env: map[string]string{"ANTHROPIC_AUTH_TOKEN": "tok", "ANTHROPIC_API_KEY": ""}, url: "https://api.anthropic.com/v1/messages", key: bearer("tok")},
		{name: "anthropic with a key and a token", params: `{model: anthropic/claude-x}}`, in: dialect.Messages,
			env: map[string]string{"ANTHROPIC_AUTH_TOKEN": "tok", "ANTHROPIC_API_KEY": "ak"},
			url: "https://api.anthropic.com/v1/messages", key: http.Header{"X-Api-Key": {"ak"}}},
		{name: "anthropic elsewhere gets no token", params: `{model: anthropic/claude-x, api_base: "http://h"}}`, in: dialect.Messages,
			env: map[string]string{"ANTHROPIC_AUTH_TOKEN": "tok", "ANTHROPIC_API_KEY": ""}, url: "http://h/v1/messages"},
		{name: "azure's new interface",
			params: `{model: azure/my-gpt, api_base: "https://res.openai.azure.com/openai/v1/", api_key: k}}`,
			url:    "https://res.openai.azure.com/openai/v1/chat/completions", key: http.Header{"Api-Key": {"k"}}},
		{name: "azure with a token",
			params: `{model: azure/my-gpt, api_base: "https://r.openai.azure.com", azure_ad_token: tok, api_version: v}}`,
			url:    "https://r.openai.azure.com/openai/deployments/my-gpt/chat/completions?api-version=v", key: bearer("tok")},
		{name: "azure_ai", params: `{model: azure_ai/DeepSeek-R1, api_base: "https://res.services.ai.azure.com/models", api_key: k}}`,
			url: "https://res.services.ai.azure.com/models/chat/completions", key: http.Header{"Api-Key": {"k"}}},
		{name: "azure_ai elsewhere",
			params: `{model: azure_ai/m, api_base: "https://m.eastus.models.ai.azure.com/v1", api_key: k}}`,
			url:    "https://m.eastus.models.ai.azure.com/v1/chat/completions", key: bearer("k")},
		{name: "ollama", params: `{model: "ollama/qwen3:8b", api_base: "http://localhost:11434"}}`,
			url: "http://localhost:11434/v1/chat/completions"},
		{name: "ollama where it always is", params: `{model: "ollama_chat/qwen3:8b"}}`,
			url: "http://localhost:11434/v1/chat/completions"},
		{name: "ollama elsewhere", params: `{model: ollama/q}}`,
			env: map[string]string{"OLLAMA_API_BASE": "http://gpu:11434"}, url: "http://gpu:11434/v1/chat/completions"},
		{name: "gemini", params: `{model: gemini/gemini-2.5-flash}}`,
			url: "https://generativelanguage.googleapis.com/v1beta/openai/chat/completions", key: bearer("gem")},
		{name: "gemini's own dialect", params: `{model: gemini/gemini-2.5-flash}}`, in: dialect.Gemini,
			url: "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent",
			key: http.Header{"X-Goog-Api-Key": {"gem"}}},
		{name: "gemini's own dialect elsewhere", params: `{model: openai/a/b, api_base: "http://h/v1", api_key: k}}`,
			in:  dialect.Gemini,
			url: "http://h/v1beta/models/a%2Fb:generateContent",
			key: http.Header{"X-Goog-Api-Key": {"k"}, "Authorization": {"Bearer k"}}},
		{name: "anthropic", params: `{model: anthropic/claude-sonnet-4-5}}`, in: dialect.Messages,
			url: "https://api.anthropic.com/v1/messages", key: http.Header{"X-Api-Key": {"ak"}}},
		{name: "deepseek's messages", params: `{model: deepseek/deepseek-chat}}`, in: dialect.Messages,
			url: "https://api.deepseek.com/anthropic/v1/messages", key: http.Header{"X-Api-Key": {"dk"}}},
		{name: "deepseek's chat", params: `{model: deepseek/deepseek-chat}}`,
			url: "https://api.deepseek.com/beta/chat/completions", key: bearer("dk")},
		{name: "openrouter's messages", params: `{model: openrouter/anthropic/claude, api_key: k}}`, in: dialect.Messages,
			url: "https://openrouter.ai/api/v1/messages", key: bearer("k")},
		{name: "base_url", params: `{model: openai/mine, base_url: "http://gpu-box:8000/v1", api_key: sk-internal}}`,
			url: "http://gpu-box:8000/v1/chat/completions", key: bearer("sk-internal")},
		{name: "the address of the environment", params: `{model: openai/gpt-5}}`,
			env: map[string]string{"OPENAI_BASE_URL": "https://gw.example/v1"},
			url: "https://gw.example/v1/chat/completions", key: bearer("ok")},
		{name: "a credential", params: `{model: openai/gpt-5, litellm_credential_name: work}}
credential_list: [{credential_name: work, credential_values: {api_key: k, api_base: "https://gw.example/v1"}, credential_info: {}}]`,
			url: "https://gw.example/v1/chat/completions", key: bearer("k")},
		{name: "no key at another address", params: `{model: openai/gpt-5, api_base: "https://gw.example/v1"}}`,
			url: "https://gw.example/v1/chat/completions", warnings: "key-not-sent model"},
		{name: "the provider's address, written out", params: `{model: groq/x, api_base: "https://api.groq.com/openai/v1"}}`,
			url: "https://api.groq.com/openai/v1/chat/completions", key: bearer("gk")},
		{name: "the same over plain HTTP gets no key", params: `{model: groq/x, api_base: "http://api.groq.com/openai/v1"}}`,
			url: "http://api.groq.com/openai/v1/chat/completions", warnings: "key-not-sent model"},
		{name: "a shell's reference", params: `{model: openai/x, api_base: "http://h/v1", api_key: "${OPENAI_API_KEY}"}}`,
			url: "http://h/v1/chat/completions", key: bearer("${OPENAI_API_KEY}"), warnings: "key-is-shell-reference api_key"},
		{name: "a name without prefix", params: `{model: gpt-5}}`, url: "https://api.openai.com/v1/chat/completions",
			key: bearer("ok")},
		{name: "the responses route by name", params: `{model: openai/responses/gpt-5}}`, in: dialect.Responses,
			url: "https://api.openai.com/v1/responses", key: bearer("ok")},
		{name: "a provider by parameter", params: `{model: llama, custom_llm_provider: groq}}`,
			url: "https://api.groq.com/openai/v1/chat/completions", key: bearer("gk")},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.env == nil {
				c.env = map[string]string{}
			}
			for name, value := range env {
				if _, isSet := c.env[name]; !isSet {
					c.env[name] = value
				}
			}
			s := load(t, c.params, c.env)
			if got := codes(s); got != c.warnings {
				t.Errorf("warnings %q, not %q", got, c.warnings)
			}
			if len(s.Deployments) != 1 {
				t.Fatalf("%d deployments: %+v", len(s.Deployments), s.Warnings)
			}
			d := deployment.New(s.Deployments[0])
			if !d.Serves(c.in) {
				t.Errorf("it does not serve %s", c.in)
			}
			if got := d.URL(c.in, false, "").String(); got != c.url {
				t.Errorf("%s, not %s", got, c.url)
			}
			header := d.HeaderFor(c.in, http.Header{}, "")
			for _, name := range []string{"Authorization", "X-Api-Key", "Api-Key", "X-Goog-Api-Key"} {
				if got, want := header.Get(name), c.key.Get(name); got != want {
					t.Errorf("%s: %q, not %q", name, got, want)
				}
			}
		})
	}
}

func TestAnEntryThatCannotWorkIsLeftOutWithTheReason(t *testing.T) {
	t.Parallel()
	for params, want := range map[string]string{
		`{model: sagemaker/claude}}`:                                                    "runtime: litellm",
		`{model: watsonx/m, api_base: "https://x"}}`:                                    "runtime: litellm",
		`{model: bedrock/agent/A}}`:                                                     "runtime: litellm",
		`{model: bedrock/invoke/meta.llama}}`:                                           "bedrock/converse/meta.llama",
		`{model: bedrock/amazon.titan-embed-text-v2:0}}`:                                "is embedding",
		`{model: bedrock/cohere.rerank-v3-5:0}}`:                                        "is rerank",
		`{model: bedrock/amazon.x}, model_info: {mode: image_generation}}`:              "is image_generation",
		`{model: bedrock/stability.sd3-large-v1:0}}`:                                    "is image_generation",
		`{model: vertex_ai/gemini-embedding-001, vertex_project: p}}`:                   "is embedding",
		`{model: bedrock/m, aws_region_name: "x/y"}}`:                                   "not a region",
		`{model: vertex_ai/gemini-2.5-pro}}`:                                            "vertex_project is missing",
		`{model: vertex_ai/gemini-2.5-pro, vertex_project: p, vertex_location: "x.y"}}`: "not a location",
		`{model: vertex_ai/mistral-large, vertex_project: p}}`:                          "runtime: litellm",
		`{model: vertex_ai/claude-opus, vertex_project: os.environ/UNSET}}`:             "UNSET is not set",
		`{model: github_copilot/gpt-5}}`:                                                "mage auth:login github-copilot",
		`{model: hosted_vllm/m}}`:                                                       "HOSTED_VLLM_API_BASE",
		`{model: gemini-2.5-pro}}`:                                                      "no provider's prefix",
		`{model: nosuch/m}}`:                                                            "needs an api_base",
		`{model: openai/m, litellm_credential_name: gone}}`:                             "credential_list has no",
		`{model: openai/m, base_url: os.environ/UNSET}}`:                                "UNSET is not set",
		`{model: azure/my-gpt, api_key: k}}`:                                            "AZURE_API_BASE",
		`{model: openai/m, litellm_credential_name: c}}` +
			"\ncredential_list: [{credential_name: c, credential_values: {api_base: os.environ/GONE}}]": "GONE is not set",
	} {
		s := load(t, params, map[string]string{"OPENAI_API_KEY": "must-not-be-sent"})
		if len(s.Deployments) != 0 || len(s.Warnings) == 0 || !strings.Contains(s.Warnings[0].Message, want) {
			t.Errorf("%s: %d deployments, %+v, not %q", params, len(s.Deployments), s.Warnings, want)
		}
	}
}

func TestDialectsAreWhatTheTableOrTheEntrySays(t *testing.T) {
	t.Parallel()
	every := [dialect.Count]bool{}
	for in := range dialect.Converse { // an address of unknown dialects is not Bedrock's
		every[in] = true
	}
	for params, want := range map[string][dialect.Count]bool{
		`{model: cerebras/x, api_key: k}}`:            {dialect.Chat: true},
		`{model: openai/x, api_base: "http://h/v1"}}`: every,
		`{model: groq/x, api_key: k}}`: {dialect.Chat: true, dialect.Speech: true, dialect.Transcriptions: true,
			dialect.Translations: true},
		`{model: bedrock/us.anthropic.claude-x}}`:         {dialect.Messages: true, dialect.Converse: true},
		`{model: bedrock/amazon.nova-pro-v1:0}}`:          {dialect.Converse: true},
		`{model: bedrock/invoke/anthropic.claude-x}}`:     {dialect.Messages: true},
		`{model: bedrock/converse/anthropic.claude-x}}`:   {dialect.Converse: true},
		`{model: vertex_ai/claude-x, vertex_project: p}}`: {dialect.Messages: true},
		`{model: vertex_ai/gemini-x, vertex_project: p}}`: {dialect.Chat: true, dialect.Gemini: true,
			dialect.GeminiCount: true},
		`{model: vertex_ai/meta/llama-x, vertex_project: p}}`: {dialect.Chat: true},
		`{model: voyage/x, api_key: k}}`:                      {dialect.Embeddings: true, dialect.Rerank: true},
		`{model: cerebras/x, api_key: k}, model_info: {speaks: [images, moderations, compact]}}`: {dialect.Compact: true,
			dialect.ImageGenerations: true, dialect.ImageEdits: true, dialect.ImageVariations: true, dialect.Moderations: true},
		`{model: gemini/g, api_key: k}, model_info: {speaks: [chat, gemini]}}`: {dialect.Chat: true, dialect.Gemini: true,
			dialect.GeminiCount: true},
		`{model: anthropic/c, api_base: "http://h"}}`: {dialect.Messages: true,
			dialect.CountTokens: true},
		`{model: openai/responses/x, api_key: k}}`: {dialect.Responses: true, dialect.Compact: true},
		`{model: groq/x, api_key: k}, model_info: {speaks: [responses, messages]}}`: {dialect.Responses: true,
			dialect.Messages: true, dialect.CountTokens: true},
	} {
		d := deployment.New(load(t, params, nil).Deployments[0])
		for in := range dialect.Count {
			if out, _ := d.OutgoingDialect(in); (out == in && d.Serves(in)) != want[in] {
				t.Errorf("%s has %s: %v", params, in, d.Serves(in))
			}
		}
	}
}

func TestHeadersOfAnEntryAreSentWithEachRequest(t *testing.T) {
	t.Parallel()
	s := load(t, `{model: sarvam/m, api_key: k, organization: org-1, extra_headers: {X-Title: t, X-Unset: os.environ/UNSET}}}`, nil)
	header := deployment.New(s.Deployments[0]).HeaderFor(dialect.Chat, http.Header{"X-Title": {"the client's"}}, "")
	for name, want := range map[string]string{"X-Title": "t", "Openai-Organization": "org-1", "Api-Subscription-Key": "k",
		"X-Unset": ""} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %q, not %q", name, got, want)
		}
	}
	if codes(s) != "environment-variable-unset extra_headers.X-Unset" {
		t.Error(codes(s))
	}
}

func TestARequestIsTranslatedIntoTheNextDialectThatIsThere(t *testing.T) {
	t.Parallel()
	for params, want := range map[string]string{
		`{model: groq/x, api_key: k}}`:                "chat:chat messages:chat responses:chat",
		`{model: anthropic/c, api_base: "http://h"}}`: "chat:messages messages:messages responses:messages",
		`{model: openai/responses/x, api_key: k}}`:    "chat:responses messages:responses responses:responses",
		`{model: openai/x, api_key: k}}`:              "chat:chat messages:chat responses:responses",
		`{model: jina_ai/x, api_key: k}}`:             "chat:none messages:none responses:none",
	} {
		d := deployment.New(load(t, params, nil).Deployments[0])
		var got []string
		for _, in := range []dialect.Dialect{dialect.Chat, dialect.Messages, dialect.Responses} {
			out, ok := d.OutgoingDialect(in)
			name := map[bool]string{true: shortName(out), false: "none"}[ok]
			got = append(got, shortName(in)+":"+name)
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%s: %s, not %s", params, text, want)
		}
	}
	d := deployment.New(load(t, `{model: openai/x, api_base: "http://h/v1"}}`, nil).Deployments[0])
	for _, missing := range []dialect.Dialect{dialect.Messages, dialect.Chat, dialect.Responses} {
		if !d.NoteMissingRoute(missing) || d.NoteMissingRoute(missing) {
			t.Errorf("%s is noted twice or never", missing)
		}
	}
	if d.Serves(dialect.Messages) {
		t.Error("a deployment without any route serves messages")
	}
}

func shortName(d dialect.Dialect) string {
	return map[dialect.Dialect]string{dialect.Chat: "chat", dialect.Messages: "messages",
		dialect.Responses: "responses"}[d]
}

// TestModelsThatChooseTheirOwnThinkingAreKnownByTheirVersion lists names as providers write them.
func TestModelsThatChooseTheirOwnThinkingAreKnownByTheirVersion(t *testing.T) {
	t.Parallel()
	for model, want := range map[string]bool{
		"anthropic/claude-opus-4-6": true, "anthropic/claude-opus-4-7-20260301": true,
		"openrouter/anthropic/claude-sonnet-4.6": true,
		"anthropic/claude-fable-5":               true, "anthropic/claude-opus-5-20270101": true,
		"anthropic/claude-sonnet-4-5-20250929": false, "anthropic/claude-opus-4-20250514": false,
		"anthropic/claude-3-7-sonnet-20250219": false,
		"anthropic/claude-haiku-4.5":           false, "anthropic/claude-instant": false, "openai/gpt-5": false,
	} {
		if d := load(t, `{model: "`+model+`", api_key: k}}`, nil).Deployments[0]; d.Adaptive != want {
			t.Errorf("%s: %v", model, d.Adaptive)
		}
	}
}

func TestHeadersOfTheEnvironmentGoToTheProviderItself(t *testing.T) {
	t.Parallel()
	env := map[string]string{"OPENAI_ORG_ID": "org", "OPENAI_PROJECT_ID": "proj", "OR_SITE_URL": "https://me", "OPENAI_API_KEY": "k",
		"OPENROUTER_API_KEY": "k"}
	for params, want := range map[string]string{
		`{model: openai/gpt-5}}`:                                     "org proj ",
		`{model: openai/gpt-5, organization: mine}}`:                 "mine proj ",
		`{model: openai/gpt-5, api_base: "http://h/v1"}}`:            "  ",
		`{model: openrouter/x/y}}`:                                   "  https://me",
		`{model: openrouter/x/y, extra_headers: {HTTP-Referer: x}}}`: "  x",
	} {
		h := deployment.New(load(t, params, env).Deployments[0]).HeaderFor(dialect.Chat, nil, "")
		if got := h.Get("OpenAI-Organization") + " " + h.Get("OpenAI-Project") + " " + h.Get("HTTP-Referer"); got != want {
			t.Errorf("%s: %q, not %q", params, got, want)
		}
	}
}

func TestAModeThatTheProviderHasNotIsNamedOnLoad(t *testing.T) {
	t.Parallel()
	for params, want := range map[string]string{
		`{model: cerebras/x, api_key: k}, model_info: {mode: image_generation}}`:      "mode-unserved model_list[0].model_info.mode",
		`{model: openai/x, api_key: k}, model_info: {mode: video_generation}}`:        "mode-unserved model_list[0].model_info.mode",
		`{model: groq/whisper, api_key: k}, model_info: {mode: audio_transcription}}`: "",
		`{model: anthropic/x, api_key: k}, model_info: {mode: chat}}`:                 "",
		`{model: openai/x, api_base: "http://h/v1"}, model_info: {mode: rerank}}`:     "",
	} {
		if got := codes(load(t, params, nil)); got != want {
			t.Errorf("%s: %q", params, got)
		}
	}
}
