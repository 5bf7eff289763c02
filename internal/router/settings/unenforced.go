package settings

import (
	"slices"

	"github.com/flowgate-go/flowgate/internal/router/settings/document"
)

// ignoreKey is the key of general_settings that lists what may be ignored although it
// keeps requests back in LiteLLM.
const ignoreKey = "flowgate_ignore"

// unenforced are the keys by which LiteLLM keeps requests back and which the embedded
// router does not have. A file that has one is refused: served without a word, it would
// let through what its writer wanted kept back.
var unenforced = []struct{ section, key string }{
	{"", "guardrails"}, {"litellm_settings", "guardrails"},
	{"general_settings", "custom_auth"}, {"general_settings", "allowed_ips"},
	{"litellm_settings", "max_budget"}, {"litellm_settings", "budget_duration"},
	{"router_settings", "provider_budget_config"},
}

// unenforcedParams are those of litellm_params.
var unenforcedParams = []string{"guardrails", "max_budget", "budget_duration"}

// filters are the callbacks of LiteLLM that change or keep back requests.
var filters = []string{"aporia", "azure_content_safety", "banned_keywords", "blocked_user_check",
	"detect_prompt_injection", "google_text_moderation", "hide_secrets", "lakera_prompt_injection",
	"llamaguard_moderations", "llmguard_moderations", "openai_moderations", "presidio"}

// refuseUnenforced records an error for each setting by which LiteLLM would keep
// requests back, unless general_settings.flowgate_ignore names its key.
func refuseUnenforced(top document.Section) {
	ignored := top.Sub("general_settings").Texts(ignoreKey, "the name of a setting")
	refuse := func(section document.Section, key string) {
		if isSet(section.Value(key)) && !slices.Contains(ignored, key) {
			section.File().FailWith("setting-unenforced", section.At(key), "the embedded router does not have %s: requests "+
				"would pass that LiteLLM keeps back. Set services.litellm.runtime: litellm, or %s: [%s] under "+
				"general_settings", key, ignoreKey, key)
		}
	}
	for _, u := range unenforced {
		section := top
		if u.section != "" {
			section = top.Sub(u.section)
		}
		refuse(section, u.key)
	}
	for i, v := range top.List("model_list") {
		params := top.File().Mapping([]any{"model_list", i}, v).Sub("litellm_params")
		for _, key := range unenforcedParams {
			refuse(params, key)
		}
	}
	litellm := top.Sub("litellm_settings")
	if list, _ := litellm.Value("callbacks").([]any); slices.ContainsFunc(list, isFilter) {
		refuse(litellm, "callbacks")
	}
}

// isSet reports whether a value asks for something: it is neither empty nor false.
func isSet(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	}
	return true
}

// isFilter reports whether a callback changes or keeps back requests.
func isFilter(callback any) bool {
	name, _ := callback.(string)
	return slices.Contains(filters, name)
}
