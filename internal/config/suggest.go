package config

import (
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Nearest returns the one of known that name was most likely meant to be, or
// "" when none is near: about one slip in three characters, or one a prefix
// of the other. Of equally near ones the first wins.
func Nearest(name string, known []string) string {
	best, bestDistance := "", 1+max(1, (len(name)+2)/3)
	low := strings.ToLower(name)
	for _, candidate := range known {
		distance := levenshtein.ComputeDistance(low, strings.ToLower(candidate))
		if distance < bestDistance {
			best, bestDistance = candidate, distance
		}
	}
	if best != "" || len(name) < 3 {
		return best
	}
	i := slices.IndexFunc(known, func(k string) bool {
		k = strings.ToLower(k)
		return strings.HasPrefix(k, low) || strings.HasPrefix(low, k)
	})
	if i < 0 {
		return ""
	}
	return known[i]
}

// renamed pairs keys that versions 1 and 2 call differently.
var renamed = [...][2]string{
	{"secrets", "secret_files"},
	{"cliproxyapi", "cliproxyapi_plus"},
	{"oauth", "auth"},
}

// keyHint says which key was meant instead of the unknown one.
func keyHint(key string, known []string) string {
	for _, pair := range renamed {
		for i, name := range pair {
			if other := pair[1-i]; key == name && slices.Contains(known, other) {
				return `this version calls it "` + other + `"`
			}
		}
	}
	if near := Nearest(key, known); near != "" {
		return `did you mean "` + near + `"?`
	}
	current := slices.DeleteFunc(slices.Clone(known), func(k string) bool { // a name that another one replaces is not offered
		return slices.ContainsFunc(renamed[:], func(pair [2]string) bool {
			return k == pair[0] && slices.Contains(known, pair[1]) && (k != "oauth" || !slices.Contains(known, "litellm_base"))
		})
	})
	if len(current) <= 12 {
		return "known here: " + strings.Join(current, ", ")
	}
	return ""
}
