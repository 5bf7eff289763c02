package commandline

import (
	"slices"
	"strings"
	"unicode"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// find returns the target that was typed: profile:set, profile-set, profileSet and
// `profile set` (next is the word that follows) are the same. used is the number of words in
// the name: 2 when next belongs to it.
func (c Catalogue) find(word, next string) (t Target, used int, ok bool) {
	if next != "" && !strings.Contains(word, ":") {
		if t, ok := c.Lookup(word + ":" + next); ok {
			return t, 2, true
		}
	}
	t, ok = c.Lookup(word)
	return t, 1, ok
}

// Lookup returns the target with that name, in any of its spellings.
func (c Catalogue) Lookup(word string) (Target, bool) {
	want := Normalize(word)
	i := slices.IndexFunc(c, func(t Target) bool { return t.NormalName == want || t.NormalMethod == want })
	if i < 0 {
		return Target{}, false
	}
	return c[i], true
}

// Normalize returns a name in lower case, without colons, dashes and underscores.
func Normalize(name string) string {
	return strings.Map(func(r rune) rune {
		if r == ':' || r == '-' || r == '_' {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// Within returns the targets of a namespace.
func (c Catalogue) Within(namespace string) []Target {
	return lo.Filter(c, func(t Target, _ int) bool { return strings.HasPrefix(t.Name, strings.ToLower(namespace)+":") })
}

// UnknownFault returns the fault target-unknown for a name, with the nearest one as its hint.
func (c Catalogue) UnknownFault(word string) error {
	names := lo.Map(c, func(t Target, _ int) string { return t.Name })
	f := fault.Usage("target-unknown", "there is no target %q", word)
	namespace, _, _ := strings.Cut(word, ":")
	if near := suggest.Nearest(strings.ToLower(word), names); near != "" {
		return f.WithHint("did you mean %s? mage help lists them all", near)
	}
	if inside := c.Within(namespace); len(inside) > 0 {
		return f.WithHint(
			"%s has %s",
			namespace,
			strings.Join(lo.Map(inside, func(t Target, _ int) string { return t.Name }), ", "),
		)
	}
	return f.WithHint("mage help lists them all")
}

// unknownFlagFault returns the fault flag-unknown for a flag of t, with the nearest one as its hint.
func unknownFlagFault(t Target, name string) error {
	known := append([]string{}, CommonFlags...)
	for _, p := range t.Params {
		if p.Optional {
			known = append(known, p.Flag)
		}
	}
	f := fault.Usage("flag-unknown", "%s has no flag -%s", t.Name, name)
	if near := suggest.Nearest(strings.ToLower(name), known); near != "" {
		return f.WithHint("did you mean -%s? usage: mage %s", near, t.Usage())
	}
	return f.WithHint("usage: mage %s; every target also takes -%s", t.Usage(), strings.Join(CommonFlags, ", -"))
}
