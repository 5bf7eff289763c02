package match

import (
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"
)

// anchor is a literal, ASCII and in lower case, with what stands before and
// after it in a match: every match of the expression holds one of its anchors.
type anchor struct {
	literal       string
	before, after []*syntax.Regexp
	left, right   width
}

const (
	longest  = 12  // bytes of a literal that are searched for; the rest is tried by the tail
	branches = 128 // anchors of one expression at most
	product  = 32  // literals that neighbours may be multiplied to
)

// anchorsOf returns the anchors of an expression, or nil when it has none.
func anchorsOf(tree *syntax.Regexp) []anchor {
	all := choose(tree)
	if len(all) > branches {
		return nil
	}
	for i := range all {
		a := &all[i]
		if len(a.literal) > longest {
			rest := &syntax.Regexp{Op: syntax.OpLiteral, Flags: syntax.FoldCase, Rune: []rune(a.literal[longest:])}
			a.literal, a.after = a.literal[:longest], append([]*syntax.Regexp{rest}, a.after...)
		}
		a.left, a.right = widthOf(a.before...), widthOf(a.after...)
	}
	return all
}

// choose returns the best set of anchors that re offers.
func choose(re *syntax.Regexp) []anchor {
	switch re.Op {
	case syntax.OpCapture:
		return choose(re.Sub[0])
	case syntax.OpConcat:
		return chooseIn(flat(re))
	case syntax.OpAlternate:
		var all []anchor
		for _, branch := range re.Sub {
			of := choose(branch)
			if of == nil {
				return nil // this branch matches without any literal
			}
			all = append(all, of...)
		}
		return all
	}
	if words := literals(re); words != nil {
		return anchorsFor(words, nil, nil)
	}
	return nil
}

// chooseIn tries every run of neighbours that are literals, and every
// alternative on its own, and takes the one whose shortest literal is longest.
func chooseIn(parts []*syntax.Regexp) (best []anchor) {
	for i := 0; i < len(parts); {
		words, n := run(parts[i:])
		of := anchorsFor(words, parts[:i], parts[i+max(n, 1):])
		if n == 0 {
			of = choose(parts[i])
			for k := range of {
				of[k].before = slices.Concat(parts[:i], of[k].before)
				of[k].after = slices.Concat(of[k].after, parts[i+1:])
			}
		}
		if better(of, best) {
			best = of
		}
		i += max(n, 1)
	}
	return best
}

func better(a, b []anchor) bool {
	if len(a) == 0 || len(a) > branches {
		return false
	}
	x, y := shortest(a), shortest(b)
	return x > y || x == y && len(a) < len(b)
}

func shortest(all []anchor) int {
	least := 0
	for i, a := range all {
		if n := min(len(a.literal), longest); i == 0 || n < least {
			least = n
		}
	}
	return least
}

func anchorsFor(words []string, before, after []*syntax.Regexp) []anchor {
	var all []anchor
	for _, w := range words {
		all = append(all, anchor{literal: w, before: before, after: after})
	}
	return all
}

// flat is the list of what a concatenation joins, through groups.
func flat(re *syntax.Regexp) (parts []*syntax.Regexp) {
	for _, sub := range re.Sub {
		for sub.Op == syntax.OpCapture {
			sub = sub.Sub[0]
		}
		if sub.Op == syntax.OpConcat {
			parts = append(parts, flat(sub)...)
			continue
		}
		parts = append(parts, sub)
	}
	return parts
}

// run multiplies the literals of the first parts as long as they stay few, and
// says how many parts that took.
func run(parts []*syntax.Regexp) (words []string, n int) {
	words = []string{""}
	for _, p := range parts {
		next := literals(p)
		if next == nil || len(words)*len(next) > product {
			break
		}
		words, n = multiply(words, next), n+1
	}
	if n == 0 {
		return nil, 0
	}
	return words, n
}

// multiply joins each of a with each of b.
func multiply(a, b []string) (all []string) {
	for _, x := range a {
		for _, y := range b {
			all = append(all, x+y)
		}
	}
	return all
}

// literals is the finite set of texts that re matches, in lower case and without
// an empty one, or nil when it is none such.
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
		return letters(re.Rune)
	case syntax.OpConcat:
		if words, n := run(re.Sub); n == len(re.Sub) {
			return words
		}
	case syntax.OpAlternate:
		return union(re.Sub)
	}
	return nil
}

func union(branches []*syntax.Regexp) (all []string) {
	for _, b := range branches {
		words := literals(b)
		if words == nil || len(all)+len(words) > product {
			return nil
		}
		all = append(all, words...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// letters is a class of at most four characters, both cases of one counting once.
func letters(ranges []rune) (all []string) {
	for i := 0; i < len(ranges); i += 2 {
		if ranges[i] == '\u017f' || ranges[i] == '\u212a' { // s and k in ananother case: ascii replaces them
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
