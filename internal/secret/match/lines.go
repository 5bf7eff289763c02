package match

import "regexp/syntax"

// Unbounded is what LineBreaks returns when there is no bound.
const Unbounded = 1 << 20

// countLineBreaks returns how many line breaks a match of re can hold, at most
// Unbounded.
func countLineBreaks(re *syntax.Regexp) (n int) {
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if r == '\n' {
				n++
			}
		}
		return n
	case syntax.OpCharClass:
		for i := 0; i < len(re.Rune); i += 2 {
			if re.Rune[i] <= '\n' && '\n' <= re.Rune[i+1] {
				return 1
			}
		}
		return 0
	case syntax.OpAnyChar:
		return 1
	}
	for _, sub := range re.Sub {
		if inSub := countLineBreaks(sub); re.Op == syntax.OpAlternate {
			n = max(n, inSub)
		} else {
			n += inSub
		}
	}
	switch {
	case n > 0 && (re.Op == syntax.OpStar || re.Op == syntax.OpPlus || re.Op == syntax.OpRepeat && re.Max < 0):
		return Unbounded
	case re.Op == syntax.OpRepeat:
		n *= re.Max
	}
	return min(n, Unbounded)
}
