// Package suggest finds the name that a mistyped one was meant to be. Call
// Nearest for the name itself, Hint for the words of a fault's hint.
package suggest

import (
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Nearest returns the known name that name was most likely meant to be, or ""
// when none is near enough: it allows about one wrong character in three, and
// one name may be a prefix of the other. Of equally near names the first wins.
func Nearest(name string, known []string) string {
	low := strings.ToLower(name)
	if best := NearestWithin(name, known, max(1, (len(name)+2)/3)); best != "" || len(name) < 3 {
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

// NearestWithin returns the first of the known names that differ least from name,
// in at most maxEdits characters inserted, removed or replaced, whatever their
// case; "" when there is none.
func NearestWithin(name string, known []string, maxEdits int) string {
	best, bestDistance := "", maxEdits+1
	low := strings.ToLower(name)
	for _, candidate := range known {
		if distance := levenshtein.ComputeDistance(low, strings.ToLower(candidate)); distance < bestDistance {
			best, bestDistance = candidate, distance
		}
	}
	return best
}

// Hint returns `did you mean "NAME"?` with the nearest known name, or "" when
// none is near enough.
func Hint(name string, known []string) string {
	near := Nearest(name, known)
	if near == "" {
		return ""
	}
	return `did you mean "` + near + `"?`
}
