package settings

import (
	"slices"

	"github.com/flowgate-go/flowgate/internal/router/settings/document"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// ignoreKey is the key of general_settings that lists the settings that FlowGate may
// ignore although LiteLLM keeps requests back by them.
const ignoreKey = "flowgate_ignore"

// unenforced are the settings by which LiteLLM keeps requests back and which the embedded
// router does not have. A file with one of them is refused: the router would let requests
// pass that the author of the file wanted to keep back.
var unenforced = []struct{ section, key string }{
	{"", "guardrails"}, {"litellm_settings", "guardrails"},
	{"general_settings", "custom_auth"}, {"general_settings", "allowed_ips"},
	{"general_settings", "enforce_user_param"},
	{"litellm_settings", "max_budget"}, {"litellm_settings", "budget_duration"},
	{"litellm_settings", "tag_budget_config"},
	{"router_settings", "provider_budget_config"},
}

// unenforcedParams are the same kind of settings in litellm_params.
var unenforcedParams = []string{"guardrails", "max_budget", "budget_duration"}

// filters are the callbacks of LiteLLM that change requests or keep them back.
var filters = []string{"aporia", "azure_content_safety", "banned_keywords", "blocked_user_check",
	"detect_prompt_injection", "google_text_moderation", "hide_secrets", "lakera_prompt_injection",
	"llamaguard_moderations", "llmguard_moderations", "openai_moderations", "presidio"}

// refuseUnenforced records an error for each setting by which LiteLLM would keep
// requests back, unless general_settings.flowgate_ignore names its key.
func refuseUnenforced(top document.Section) {
	ignored := readWaivers(top.Sub("general_settings"))
	refuse := func(section document.Section, key string) {
		if isSet(section.Value(key)) && !slices.Contains(ignored, key) {
			section.File().FailWith("setting-unenforced", section.At(key), "the embedded router does not have %s: requests "+
				"would pass that LiteLLM keeps back. Set services.litellm.runtime: litellm, or %s: [%s] under "+
				"general_settings", key, ignoreKey, key)
		}
	}
	for _, setting := range unenforced {
		section := top
		if setting.section != "" {
			section = top.Sub(setting.section)
		}
		refuse(section, setting.key)
	}
	for i, v := range top.List("model_list") {
		params := top.File().Mapping([]any{"model_list", i}, v).Sub("litellm_params")
		for _, key := range unenforcedParams {
			refuse(params, key)
		}
	}
	litellm := top.Sub("litellm_settings")
	list, isList := litellm.Value("callbacks").([]any)
	if isList && slices.ContainsFunc(list, isFilter) || isFilter(litellm.Value("callbacks")) {
		refuse(litellm, "callbacks")
	}
}

// readWaivers reads the names of the settings that may be ignored. It warns about names of
// settings that would not be refused.
func readWaivers(general document.Section) []string {
	known := append(slices.Clone(unenforcedParams), "callbacks")
	for _, setting := range unenforced {
		known = append(known, setting.key)
	}
	ignored := general.Texts(ignoreKey, "the name of a setting")
	for i, name := range ignored {
		if name != "" && !slices.Contains(known, name) {
			general.File().Warn("waiver-unknown", append(general.At(ignoreKey), i), "%s", suggest.HintAfter(
				"\""+name+"\" is not among the settings that are refused", name, known))
		}
	}
	return ignored
}

// isSet reports whether a value turns a setting on: it is neither empty nor false.
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

// isFilter reports whether a callback changes requests or keeps them back.
func isFilter(callback any) bool {
	name, _ := callback.(string)
	return slices.Contains(filters, name)
}
