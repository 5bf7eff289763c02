package doctor

import (
	"context"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/config"
)

// providers are LiteLLM 1.106's (https://docs.litellm.ai/docs/providers).
func providers() []string {
	return strings.Fields("openai azure azure_ai anthropic bedrock bedrock_converse vertex_ai vertex_ai_beta gemini groq mistral codestral text-completion-codestral cohere cohere_chat command deepseek deepinfra perplexity fireworks_ai together_ai openrouter xai ollama ollama_chat lm_studio hosted_vllm vllm huggingface replicate sagemaker sagemaker_chat watsonx watsonx_text databricks cerebras sambanova nvidia_nim volcengine voyage jina_ai ai21 ai21_chat nlp_cloud aleph_alpha palm cloudflare baseten predibase petals maritalk friendliai galadriel github github_copilot llamafile xinference infinity topaz deepgram elevenlabs assemblyai moonshot dashscope nebius novita featherless_ai nscale hyperbolic meta_llama litellm_proxy custom custom_openai text-completion-openai openai_like anthropic_text triton snowflake empower anyscale oobabooga clarifai ovhcloud cometapi morph lambda_ai vercel_ai_gateway v0 bytez heroku datarobot oci zai minimax aiml recraft auto_router")
}

func (s *subject) providersKnown() checks.Check {
	return checks.Check{
		ID: "providers.known", Title: "Every deployment names a provider that LiteLLM has", Needs: []string{"config.valid"},
		About: "Looks at the first word of every litellm_params.model. LiteLLM drops a deployment with an unknown provider at load without a word: its group vanishes from /v1/models. The embedded router speaks OpenAI's interface to any name that has an api_base.",
		Run: func(context.Context) checks.Outcome {
			var odd []string
			known := providers()
			for _, d := range s.deployments() {
				p := d.provider()
				if p == "" || slices.Contains(known, p) || d.params["custom_llm_provider"] != nil || !s.genuine() && d.base != "" {
					continue
				}
				hint := ""
				if near := config.Nearest(p, known); near != "" {
					hint = " (did you mean " + near + "?)"
				}
				odd = append(odd, d.String()+" has provider "+p+hint)
			}
			if len(odd) == 0 {
				return checks.Passed(nil)
			}
			return checks.Warned("%s", strings.Join(odd, "; ")).WithFix("", "write openai/NAME for an OpenAI-compatible endpoint, anthropic/NAME for an Anthropic one")
		},
	}
}
