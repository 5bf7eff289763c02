package routing

import (
	"maps"
	"slices"

	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

// fallback is one group and where its requests go when it fails.
type fallback struct {
	path string // "litellm_settings.fallbacks"
	from string // "*" for default_fallbacks
	to   []string
}

// listFallbacks returns all fallbacks of any kind. When both sections have a list, the
// one in router_settings counts, as in LiteLLM.
func listFallbacks(settings map[string]any) []fallback {
	var all []fallback
	for _, key := range [...]string{
		"fallbacks", "context_window_fallbacks", "content_policy_fallbacks", "default_fallbacks",
	} {
		for _, name := range [...]string{"router_settings", "litellm_settings"} {
			list, ok := subject.Section(settings, name)[key].([]any)
			if !ok {
				continue
			}
			all = append(all, readFallbacks(name+"."+key, list)...)
			break
		}
	}
	return all
}

// readFallbacks reads the fallbacks of one list of the settings.
func readFallbacks(path string, list []any) []fallback {
	var all, anyGroup = []fallback{}, fallback{path: path, from: "*"}
	for _, item := range list {
		if name, ok := item.(string); ok { // default_fallbacks
			anyGroup.to = append(anyGroup.to, name)
		}
		entry, _ := item.(map[string]any)
		for _, from := range slices.Sorted(maps.Keys(entry)) {
			f := fallback{path: path, from: from}
			targets, _ := entry[from].([]any)
			for _, target := range targets {
				if name, ok := target.(string); ok {
					f.to = append(f.to, name)
				}
			}
			all = append(all, f)
		}
	}
	if len(anyGroup.to) > 0 {
		all = append(all, anyGroup)
	}
	return all
}
