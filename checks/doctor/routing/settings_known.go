package routing

import (
	"context"
	_ "embed" // for the list
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// maxEdits is how many letters of a misspelt key may differ from the key that was meant.
const maxEdits = 2

// keyLists holds keys of LiteLLM 1.106's configuration that people write, below the
// name of their section in brackets (https://docs.litellm.ai/docs/proxy/config_settings).
// It need not be complete: only a key that is nearly one of them counts as misspelt.
//
//go:embed keys.txt
var keyLists string

// knownKeys returns the keys by section: "" is the top level, and an entry of
// model_list has "model_list entry" and "litellm_params".
func knownKeys() map[string][]string {
	known := map[string][]string{}
	section := ""
	for line := range strings.Lines(keyLists) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "["); ok {
			section = strings.TrimSuffix(name, "]")
			continue
		}
		known[section] = append(known[section], strings.Fields(line)...)
	}
	return known
}

// settingKinds returns the types of settings for which LiteLLM silently accepts wrong
// values.
func settingKinds() map[string]string {
	return map[string]string{
		"num_retries": "a whole number", "allowed_fails": "a whole number", "max_fallbacks": "a whole number",
		"cooldown_time": "a number of seconds", "request_timeout": "a number of seconds", "timeout": "a number of seconds",
		"stream_timeout": "a number of seconds", "retry_after": "a number of seconds",
		"fallbacks": "a list", "default_fallbacks": "a list",
		"context_window_fallbacks": "a list", "content_policy_fallbacks": "a list",
		"drop_params": "true or false", "disable_cooldowns": "true or false", "enable_pre_call_checks": "true or false",
	}
}

func settingsKnown(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "settings.known", Title: "The router's settings are spelt and typed as LiteLLM reads them",
		Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			settings, err := s.RouterSettings()
			if err != nil {
				return checks.Skipped("there is no router")
			}
			odd := findOddSettings(settings)
			if len(odd) == 0 {
				return checks.Passed(nil)
			}
			return checks.Warned("%s", strings.Join(odd, "; ")).WithFix("", "correct the keys named")
		},
	}
}

// findOddSettings returns the misspelt keys and wrong types in all sections.
func findOddSettings(settings map[string]any) []string {
	known := knownKeys()
	odd := findOddKeys("", settings, known[""])
	for _, name := range [...]string{"litellm_settings", "router_settings", "general_settings"} {
		odd = append(odd, findOddKeys(name, subject.Section(settings, name), known[name])...)
	}
	list, _ := settings["model_list"].([]any)
	for i, item := range list {
		entry, _ := item.(map[string]any)
		path := fmt.Sprintf("model_list[%d]", i)
		odd = append(odd, findOddKeys(path, entry, known["model_list entry"])...)
		odd = append(
			odd,
			findOddKeys(path+".litellm_params", subject.Section(entry, "litellm_params"), known["litellm_params"])...)
	}
	return odd
}

// findOddKeys returns the misspelt keys and wrong types in one section.
func findOddKeys(path string, values map[string]any, known []string) []string {
	var odd []string
	kinds := settingKinds()
	for _, key := range slices.Sorted(maps.Keys(values)) {
		at := strings.TrimPrefix(path+"."+key, ".")
		if meant := findMisspelt(key, known); meant != "" {
			odd = append(odd, at+" is probably meant to be "+meant)
		} else if want := kinds[key]; want != "" && !hasKind(values[key], want) {
			odd = append(odd, fmt.Sprintf("%s is %v, not %s", at, describeValue(values[key]), want))
		}
	}
	return odd
}

// findMisspelt returns the known key that key is a misspelling of; "" when key is known
// itself or far from all of them.
func findMisspelt(key string, known []string) string {
	if slices.Contains(known, key) || len(key) <= 2*maxEdits {
		return ""
	}
	return suggest.NearestWithin(key, known, maxEdits)
}

// longestShown is the length in bytes up to which a misplaced text is shown: a
// longer one may be a key in the wrong line.
const longestShown = 12

// describeValue returns a wrong value as it may be shown.
func describeValue(value any) string {
	switch value := value.(type) {
	case map[string]any:
		return "a map"
	case []any:
		return "a list"
	case string:
		if len(value) > longestShown {
			return "a text"
		}
	}
	return fmt.Sprint(value)
}

// hasKind reports whether value has the kind. A reference may resolve to anything and a
// missing value means the default, so both have every kind.
func hasKind(value any, kind string) bool {
	if text, ok := value.(string); ok && strings.HasPrefix(text, "os.environ/") || value == nil {
		return true
	}
	_, whole := value.(int)
	switch kind {
	case "a whole number":
		return whole
	case "a number of seconds":
		_, fraction := value.(float64)
		return whole || fraction
	case "a list":
		_, ok := value.([]any)
		return ok
	}
	_, ok := value.(bool)
	return ok
}
