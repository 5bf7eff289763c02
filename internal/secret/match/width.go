package match

import (
	"regexp/syntax"
	"unicode"
	"unicode/utf8"
)

// width says how many bytes a part of an expression can match: fixed bytes, and one run
// of bytes of class for each unbounded repetition.
type width struct {
	fixed int
	runs  int
	class [256]bool
}

// reach returns the end of the longest possible match of a part with width w that
// begins at from. Within fixed bytes the part is in its first run at the latest, which
// ends before the first byte outside the class, and so on for each run.
func (w *width) reach(text string, from int) int {
	end := min(from+w.fixed, len(text))
	for range w.runs {
		for end < len(text) && w.class[text[end]] {
			end++
		}
		end = min(end+w.fixed, len(text))
	}
	return end
}

// reachBack does what reach does, to the left.
func (w *width) reachBack(text string, from int) int {
	start := max(from-w.fixed, 0)
	for range w.runs {
		for start > 0 && w.class[text[start-1]] {
			start--
		}
		start = max(start-w.fixed, 0)
	}
	return start
}

// window returns the range that contains every match with the anchor's literal at start
// to end, and one byte more on either side.
func (a *anchor) window(text string, start, end int) span {
	return span{max(a.left.reachBack(text, start)-1, 0), min(a.right.reach(text, end)+1, len(text))}
}

// widthOf returns the width of a concatenation.
func widthOf(parts ...*syntax.Regexp) (w width) {
	for _, p := range parts {
		w.add(nodeWidth(p))
	}
	return w
}

// add adds the width of a following part.
func (w *width) add(o width) {
	w.fixed, w.runs = w.fixed+o.fixed, w.runs+o.runs
	w.unionClass(o)
}

// unionClass adds the bytes of o's class to w's.
func (w *width) unionClass(o width) {
	for i, in := range o.class {
		w.class[i] = w.class[i] || in
	}
}

// nodeWidth returns the width of one syntax node.
func nodeWidth(re *syntax.Regexp) (w width) {
	switch re.Op {
	case syntax.OpLiteral:
		w.fixed = len(re.Rune)
		for _, r := range re.Rune {
			if n := utf8.RuneLen(r); n > 1 || re.Flags&syntax.FoldCase != 0 {
				w.fixed += max(n, 3) - 1 // k is three bytes as U+212A
			}
		}
	case syntax.OpCharClass:
		w.fixed = 1
		if n := len(re.Rune); n > 0 && re.Rune[n-1] > unicode.MaxASCII {
			w.fixed = utf8.UTFMax
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		w.fixed = utf8.UTFMax
	case syntax.OpConcat, syntax.OpCapture:
		w = widthOf(re.Sub...)
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			o := nodeWidth(sub)
			w.fixed, w.runs = max(w.fixed, o.fixed), max(w.runs, o.runs)
			w.unionClass(o)
		}
	case syntax.OpQuest:
		w = nodeWidth(re.Sub[0])
	case syntax.OpStar, syntax.OpPlus:
		w.runs, w.class = 1, possibleBytes(re.Sub[0])
	case syntax.OpRepeat:
		w = nodeWidth(re.Sub[0])
		if re.Max < 0 {
			return width{runs: 1, class: possibleBytes(re.Sub[0])}
		}
		w.fixed, w.runs = w.fixed*re.Max, w.runs*re.Max
	}
	return w
}

// possibleBytes returns the bytes that can occur in a match of re.
func possibleBytes(re *syntax.Regexp) (set [256]bool) {
	putNonASCII := func() {
		for b := utf8.RuneSelf; b < 256; b++ {
			set[b] = true
		}
	}
	put := func(lo, hi rune) {
		for r := lo; r <= min(hi, unicode.MaxASCII); r++ {
			set[r] = true
		}
		if hi > unicode.MaxASCII {
			putNonASCII()
		}
	}
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			put(r, r)
			for f := unicode.SimpleFold(r); f != r && re.Flags&syntax.FoldCase != 0; f = unicode.SimpleFold(f) {
				put(f, f)
			}
		}
	case syntax.OpCharClass:
		for i := 0; i < len(re.Rune); i += 2 {
			put(re.Rune[i], re.Rune[i+1])
		}
	case syntax.OpAnyChar:
		put(0, unicode.MaxRune)
	case syntax.OpAnyCharNotNL:
		put(0, unicode.MaxRune)
		set['\n'] = false
	}
	for _, sub := range re.Sub {
		for b, in := range possibleBytes(sub) {
			set[b] = set[b] || in
		}
	}
	return set
}
