package policy

import (
	"slices"
	"strings"
)

// WrittenAs returns the paths under which the user may have written the setting at a path of
// a generated configuration, the most likely first: generating it resolves references and
// moves some settings.
func WrittenAs(path []any) [][]any {
	all := [][]any{path}
	if len(path) == 0 {
		return all
	}
	key, _ := path[len(path)-1].(string)
	all = append(all, replaceLast(path, key+"_ref"))
	section, _ := path[0].(string)
	switch {
	case section == "router_settings" && len(path) == 2 && (key == "allowed_fails" || key == "cooldown_time"):
		all = append(all, []any{"litellm_settings", key}) // moveCooldownSettings
	case len(path) > 2 && path[2] == "model_info" && strings.HasPrefix(key, "flowgate_"):
		moved := slices.Clone(path) // moveOwnSettings
		moved[2] = "litellm_params"
		all = append(all, moved)
	}
	return all
}

// replaceLast returns a copy of path with another last part.
func replaceLast(path []any, last string) []any {
	return append(slices.Clone(path[:len(path)-1]), last)
}
