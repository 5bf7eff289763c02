package schema

import (
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/suggest"
)

// renamedKeys has the old and the current name of each key that was renamed.
var renamedKeys = [...][2]string{
	{"secrets", "secret_files"},
	{"cliproxyapi", "cliproxyapi_plus"},
	{"oauth", "auth"},
}

// KeyHint returns a hint for an unknown key: the known key that was probably meant, or the
// known keys, unless there are more than 12.
func KeyHint(key string, known []string) string {
	for _, pair := range renamedKeys {
		for i, name := range pair {
			if other := pair[1-i]; key == name && slices.Contains(known, other) {
				return `this version calls it "` + other + `"`
			}
		}
	}
	if hint := suggest.Hint(key, known); hint != "" {
		return hint
	}
	// the hint does not offer old names
	current := slices.DeleteFunc(slices.Clone(known), func(k string) bool {
		return slices.ContainsFunc(renamedKeys[:], func(pair [2]string) bool {
			return k == pair[0] && slices.Contains(known, pair[1]) && (k != "oauth" || !slices.Contains(known, "litellm_base"))
		})
	})
	if len(current) <= 12 {
		return "known here: " + strings.Join(current, ", ")
	}
	return ""
}
