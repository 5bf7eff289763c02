"""Prints what LiteLLM counts for 200 models with usages of each kind, a line of JSON each."""
import json
import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import litellm  # noqa: E402
from litellm import ModelResponse, Usage  # noqa: E402

# Providers whose prices are by the token, and by nothing else.
PROVIDERS = ("openai", "anthropic", "gemini", "azure", "mistral", "groq", "xai", "together_ai", "deepinfra", "cohere_chat",
             "fireworks_ai", "openrouter", "cerebras", "sambanova", "dashscope", "moonshot", "bedrock_converse", "novita")
USAGES = [  # prompt, cached, written, completion, reasoning
    (1000, 0, 0, 500, 0), (2000, 1500, 0, 100, 40), (3000, 1000, 500, 200, 0), (260000, 1000, 0, 3000, 1000),
    (300000, 100000, 0, 10, 0), (0, 0, 0, 7, 7), (128001, 0, 0, 1, 0),
]


def main():
    chosen = []
    for provider in PROVIDERS:
        names = sorted(n for n, m in litellm.model_cost.items() if m.get("litellm_provider") == provider
                       and m.get("mode") in ("chat", "responses") and "off_peak_pricing" not in m
                       and (m.get("input_cost_per_token") or m.get("tiered_pricing"))
                       and not n.startswith("together-ai-"))  # classes of sizes, not models
        step = max(1, len(names) // 14)
        chosen += [(provider, n) for n in names[::step][:14]]
    for i, (provider, name) in enumerate(chosen[:230]):
        bare = name.removeprefix(provider + "/")
        prompt, cached, written, completion, reasoning = USAGES[i % len(USAGES)]
        if provider not in ("anthropic", "bedrock_converse"):
            written = 0  # nobody else tells it
        usage = Usage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion,
                      prompt_tokens_details={"cached_tokens": cached, "cache_creation_tokens": written},
                      completion_tokens_details={"reasoning_tokens": reasoning})
        try:
            cost = litellm.completion_cost(completion_response=ModelResponse(model=bare, usage=usage), model=bare,
                                           custom_llm_provider=provider)
        except Exception as e:  # noqa: BLE001
            print(json.dumps({"provider": provider, "model": bare, "error": str(e)[:200]}))
            continue
        print(json.dumps({"provider": provider, "model": bare, "cost": cost, "input": prompt, "cached": cached,
                          "written": written, "output": completion, "reasoning": reasoning}))


main()
