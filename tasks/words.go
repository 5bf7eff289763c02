package tasks

import (
	"slices"
	"strings"
	"unicode"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/suggest"
)

// findTarget resolves what somebody typed to a target: profile:set, profile-set,
// profileSet and `profile set` (next is the word that follows) are one.
// used is 2 when next belongs to the name.
func findTarget(word, next string) (t target, used int, ok bool) {
	if next != "" && next[0] != '-' && !strings.Contains(word, ":") {
		if t, ok := lookupTarget(word + ":" + next); ok {
			return t, 2, true
		}
	}
	t, ok = lookupTarget(word)
	return t, 1, ok
}

func lookupTarget(word string) (target, bool) {
	want := normalize(word)
	i := slices.IndexFunc(catalogue, func(t target) bool { return t.normalName == want || t.normalMethod == want })
	if i < 0 {
		return target{}, false
	}
	return catalogue[i], true
}

// normalize is a name in lower case without what separates its words.
func normalize(name string) string {
	return strings.Map(func(r rune) rune {
		if r == ':' || r == '-' || r == '_' {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// targetsIn lists the targets of a namespace.
func targetsIn(space string) []target {
	return lo.Filter(catalogue, func(t target, _ int) bool { return strings.HasPrefix(t.name, strings.ToLower(space)+":") })
}

func unknownTargetFault(word string) error {
	names := lo.Map(catalogue, func(t target, _ int) string { return t.name })
	f := fault.Usage("target-unknown", "there is no target %q", word)
	space, _, _ := strings.Cut(word, ":")
	if near := suggest.Nearest(strings.ToLower(word), names); near != "" {
		return f.WithHint("did you mean %s? mage help lists them all", near)
	}
	if inside := targetsIn(space); len(inside) > 0 {
		return f.WithHint("%s has %s", space, strings.Join(lo.Map(inside, func(t target, _ int) string { return t.name }), ", "))
	}
	return f.WithHint("mage help lists them all")
}

func unknownFlagFault(t target, name string) error {
	known := append([]string{}, commonFlags...)
	for _, p := range t.params {
		if p.optional {
			known = append(known, p.flag)
		}
	}
	f := fault.Usage("flag-unknown", "%s has no flag -%s", t.name, name)
	if near := suggest.Nearest(strings.ToLower(name), known); near != "" {
		return f.WithHint("did you mean -%s? usage: mage %s", near, t.usage())
	}
	return f.WithHint("usage: mage %s; every target also takes -%s", t.usage(), strings.Join(commonFlags, ", -"))
}
