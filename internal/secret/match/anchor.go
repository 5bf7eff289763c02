package match

import (
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
)

// anchor is a literal, ASCII and in lower case, with the parts of the expression before
// and after it. Every match of an expression contains one of its anchors.
type anchor struct {
	literal       string
	before, after []*syntax.Regexp
	left, right   width
}

// Bounds of the search for anchors.
const (
	maxLiteral = 12  // bytes of a literal that are searched for; the tail checks the rest
	maxAnchors = 128 // anchors of one expression
	maxProduct = 32  // literals that neighbours may have when they are joined
)

// findAnchors returns the anchors of an expression, or nil when it has none.
func findAnchors(tree *syntax.Regexp) []anchor {
	all := chooseAnchors(tree)
	if len(all) > maxAnchors {
		return nil
	}
	for i := range all {
		a := &all[i]
		if len(a.literal) > maxLiteral {
			rest := &syntax.Regexp{Op: syntax.OpLiteral, Flags: syntax.FoldCase, Rune: []rune(a.literal[maxLiteral:])}
			a.literal, a.after = a.literal[:maxLiteral], append([]*syntax.Regexp{rest}, a.after...)
		}
		a.left, a.right = widthOf(a.before...), widthOf(a.after...)
	}
	return all
}

// chooseAnchors returns the best set of anchors of re, or nil when re can match without
// a literal.
func chooseAnchors(re *syntax.Regexp) []anchor {
	switch re.Op {
	case syntax.OpCapture:
		return chooseAnchors(re.Sub[0])
	case syntax.OpConcat:
		return chooseInConcat(flatten(re))
	case syntax.OpAlternate:
		var all []anchor
		for _, branch := range re.Sub {
			anchors := chooseAnchors(branch)
			if anchors == nil {
				return nil // this branch matches without any literal
			}
			all = append(all, anchors...)
		}
		return all
	}
	if words := literals(re); words != nil {
		return newAnchors(words, nil, nil)
	}
	return nil
}

// chooseInConcat considers every run of neighbours that are literals, and every other
// part on its own, and returns the anchors whose shortest literal is longest.
func chooseInConcat(parts []*syntax.Regexp) (best []anchor) {
	for i := 0; i < len(parts); {
		words, n := literalRun(parts[i:])
		anchors := newAnchors(words, parts[:i], parts[i+max(n, 1):])
		if n == 0 {
			anchors = chooseAnchors(parts[i])
			for k := range anchors {
				anchors[k].before = slices.Concat(parts[:i], anchors[k].before)
				anchors[k].after = slices.Concat(anchors[k].after, parts[i+1:])
			}
		}
		if isBetter(anchors, best) {
			best = anchors
		}
		i += max(n, 1)
	}
	return best
}

// isBetter reports whether the anchors a have a longer shortest literal than b, or as
// long and fewer of them.
func isBetter(a, b []anchor) bool {
	if len(a) == 0 || len(a) > maxAnchors {
		return false
	}
	x, y := shortestLiteral(a), shortestLiteral(b)
	return x > y || x == y && len(a) < len(b)
}

// shortestLiteral returns the length of the shortest literal.
func shortestLiteral(all []anchor) int {
	least := 0
	for i, a := range all {
		if n := min(len(a.literal), maxLiteral); i == 0 || n < least {
			least = n
		}
	}
	return least
}

// newAnchors returns one anchor for each literal.
func newAnchors(words []string, before, after []*syntax.Regexp) []anchor {
	var all []anchor
	for _, w := range words {
		all = append(all, anchor{literal: w, before: before, after: after})
	}
	return all
}

// flatten returns the parts of a concatenation, also those inside groups.
func flatten(re *syntax.Regexp) (parts []*syntax.Regexp) {
	for _, sub := range re.Sub {
		for sub.Op == syntax.OpCapture {
			sub = sub.Sub[0]
		}
		if sub.Op == syntax.OpConcat {
			parts = append(parts, flatten(sub)...)
			continue
		}
		parts = append(parts, sub)
	}
	return parts
}

// literalRun joins the literals of the first parts as long as the result has at most
// maxProduct, and returns how many parts it joined.
func literalRun(parts []*syntax.Regexp) (words []string, n int) {
	words = []string{""}
	for _, p := range parts {
		next := literals(p)
		if next == nil || len(words)*len(next) > maxProduct {
			break
		}
		words, n = multiply(words, next), n+1
	}
	if n == 0 {
		return nil, 0
	}
	return words, n
}

// multiply returns each text of a followed by each text of b.
func multiply(a, b []string) (all []string) {
	for _, x := range a {
		for _, y := range b {
			all = append(all, x+y)
		}
	}
	return all
}

// literals returns the finite set of texts that re matches, in lower case. It returns
// nil when the set is not finite, is too large or contains the empty text.
func literals(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpCapture:
		return literals(re.Sub[0])
	case syntax.OpLiteral:
		word := string(re.Rune)
		if word == "" || strings.IndexFunc(word, func(r rune) bool { return r > unicode.MaxASCII }) >= 0 {
			return nil
		}
		return []string{strings.ToLower(word)}
	case syntax.OpCharClass:
		return classLetters(re.Rune)
	case syntax.OpConcat:
		if words, n := literalRun(re.Sub); n == len(re.Sub) {
			return words
		}
	case syntax.OpAlternate:
		return unionLiterals(re.Sub)
	}
	return nil
}

// unionLiterals returns the literals of all branches, or nil when one has none.
func unionLiterals(branches []*syntax.Regexp) (all []string) {
	for _, b := range branches {
		words := literals(b)
		if words == nil || len(all)+len(words) > maxProduct {
			return nil
		}
		all = append(all, words...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// classLetters returns the characters of a class in lower case; nil when there are more
// than four, or one beyond ASCII.
func classLetters(ranges []rune) (all []string) {
	for i := 0; i < len(ranges); i += 2 {
		if ranges[i] == '\u017f' || ranges[i] == '\u212a' { // they fold to s and k; foldToASCII has replaced them
			continue
		}
		if ranges[i+1] > unicode.MaxASCII || ranges[i+1]-ranges[i] > 4 {
			return nil
		}
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if c := string(unicode.ToLower(r)); !slices.Contains(all, c) {
				all = append(all, c)
			}
		}
	}
	if len(all) > 4 {
		return nil
	}
	return all
}
