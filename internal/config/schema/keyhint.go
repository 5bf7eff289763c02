package schema

import (
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/suggest"
)

// renamed pairs keys that versions 1 and 2 call differently.
var renamed = [...][2]string{
	{"secrets", "secret_files"},
	{"cliproxyapi", "cliproxyapi_plus"},
	{"oauth", "auth"},
}

// KeyHint says which key was meant instead of the unknown one.
func KeyHint(key string, known []string) string {
	for _, pair := range renamed {
		for i, name := range pair {
			if other := pair[1-i]; key == name && slices.Contains(known, other) {
				return `this version calls it "` + other + `"`
			}
		}
	}
	if hint := suggest.Hint(key, known); hint != "" {
		return hint
	}
	// a name that another one replaces is not offered
	current := slices.DeleteFunc(slices.Clone(known), func(k string) bool {
		return slices.ContainsFunc(renamed[:], func(pair [2]string) bool {
			return k == pair[0] && slices.Contains(known, pair[1]) && (k != "oauth" || !slices.Contains(known, "litellm_base"))
		})
	})
	if len(current) <= 12 {
		return "known here: " + strings.Join(current, ", ")
	}
	return ""
}
