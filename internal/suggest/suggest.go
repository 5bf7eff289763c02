// Package suggest finds the known name that a user meant by a mistyped one. Call Nearest for
// the name itself; Hint, HintBefore and HintAfter for the words of a message.
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

// HintBefore returns text with Hint before it: `did you mean "NAME"? TEXT`, or text alone
// when no known name is near enough.
func HintBefore(text, name string, known []string) string {
	if hint := Hint(name, known); hint != "" {
		return hint + " " + text
	}
	return text
}

// HintAfter returns text with Hint after it: `TEXT (did you mean "NAME"?)`, or text alone
// when no known name is near enough.
func HintAfter(text, name string, known []string) string {
	if hint := Hint(name, known); hint != "" {
		return text + " (" + hint + ")"
	}
	return text
}
