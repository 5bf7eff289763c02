// Package match finds where many regular expressions match a text while running hardly
// any of them. New compiles a Set; each goroutine takes a Matcher of its own from it
// and calls Find.
//
// Find returns exactly what (*regexp.Regexp).FindAllStringIndex returns for each
// expression that has a keyword in the text. Three steps make it fast:
//
//  1. The syntax tree of each expression yields a set of literals, one of which is in
//     every match (anchor.go). One Aho-Corasick automaton finds the literals and
//     keywords of all expressions in one pass, without regard to case.
//  2. A lazily built DFA that takes assertions for true checks what has to follow the
//     literal (tail.go). It may accept too often, but never rejects a match.
//  3. The expression itself runs only over a window around each literal that is left
//     (width.go). The window contains every match with that literal, and one byte more
//     on either side, so that ^, $ and \b are decided as in the whole text.
//
// The package knows nothing of secrets, files or rules. It has more than 700 lines
// because each step relies on the details of the others: the proof that nothing is
// missed needs all of them in one place.
package match

import (
	"cmp"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"sync"
)

// Pattern is one expression in Go's syntax.
type Pattern struct {
	Expr     string
	Keywords []string // one of them must be in the text, in any case; without any the expression always runs
}

// Set is a compiled list of patterns, safe for concurrent use.
type Set struct {
	patterns []compiled
	words    *automaton
	whole    []int // patterns without an anchor: they run over the whole text
	always   []int // patterns without keywords
}

// compiled is a Pattern with its anchors.
type compiled struct {
	Pattern
	re      func() *regexp.Regexp // compiled when first needed
	anchors []anchor
	breaks  int  // line breaks that a match can hold
	watch   bool // see Set.Watch
}

// New compiles the patterns. Its error names the expression that does not parse.
func New(patterns []Pattern) (*Set, error) {
	s := &Set{}
	b := newBuilder()
	for i, p := range patterns {
		tree, err := syntax.Parse(p.Expr, syntax.Perl)
		if err != nil {
			return nil, fmt.Errorf("expression %d: %w", i+1, err)
		}
		c := compiled{Pattern: p, breaks: countLineBreaks(tree),
			re: sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(p.Expr) })}
		c.anchors = findAnchors(tree)
		for k, a := range c.anchors {
			b.add(a.literal, wordUse{pattern: i, anchor: k})
		}
		if len(c.anchors) == 0 {
			s.whole = append(s.whole, i)
		}
		for _, word := range p.Keywords {
			b.add(strings.ToLower(word), wordUse{pattern: i, anchor: keywordUse})
		}
		if len(p.Keywords) == 0 {
			s.always = append(s.always, i)
		}
		s.patterns = append(s.patterns, c)
	}
	s.words = b.build()
	return s, nil
}

// Regexp returns the compiled expression of pattern i.
func (s *Set) Regexp(i int) *regexp.Regexp { return s.patterns[i].re() }

// LineBreaks returns how many line breaks a match of pattern i can hold; Unbounded when
// there is no bound.
func (s *Set) LineBreaks(i int) int { return s.patterns[i].breaks }

// Watch makes Matcher.Watched report literals of pattern i. Call it before the first
// search.
func (s *Set) Watch(i int) { s.patterns[i].watch = true }

// Matcher holds the state of one goroutine's searches.
type Matcher struct {
	set     *Set
	tails   [][]*tail // by pattern and anchor; made when first needed
	active  []uint64  // by pattern: the number of the search in which a keyword was seen
	search  uint64    // the number of this search
	windows [][]span  // by pattern
	touched []int     // patterns with windows
	full    []uint64  // by pattern: the number of the search in which it got too many windows
	watched bool      // see Watched
	matched int       // bytes that expressions ran over in all searches
}

// maxWindows bounds the windows of a pattern in one text. With more, one window covers
// the whole text, which bounds the time for a text that is made to have many.
const maxWindows = 256

// span is a half-open range of bytes.
type span struct{ start, end int }

// Matcher returns a new Matcher.
func (s *Set) Matcher() *Matcher {
	n := len(s.patterns)
	return &Matcher{set: s, tails: make([][]*tail, n), active: make([]uint64, n), windows: make([][]span, n),
		full: make([]uint64, n)}
}

// Hit holds the matches of one pattern.
type Hit struct {
	Pattern int
	Spans   [][]int // as FindAllStringIndex returns them; never empty
}

// Find returns the matches of all patterns, in the order of the patterns. It leaves out
// the patterns for which skip returns true; a nil skip leaves out none.
func (m *Matcher) Find(text string, skip func(pattern int) bool) []Hit {
	m.search++
	m.searchWords(text, skip)
	var hits []Hit
	for _, i := range m.touched {
		if m.isActive(i) {
			if spans := m.searchWindows(i, text); len(spans) > 0 {
				hits = append(hits, Hit{i, spans})
			}
		}
		m.windows[i] = m.windows[i][:0]
	}
	m.touched = m.touched[:0]
	for _, i := range m.set.whole {
		if m.isActive(i) && (skip == nil || !skip(i)) && m.noteWatched(i) {
			if spans := m.match(i, text); len(spans) > 0 {
				hits = append(hits, Hit{i, spans})
			}
		}
	}
	slices.SortFunc(hits, func(a, b Hit) int { return cmp.Compare(a.Pattern, b.Pattern) })
	return hits
}

// isActive reports whether the text has a keyword of pattern i, or the pattern has no
// keywords.
func (m *Matcher) isActive(i int) bool {
	return len(m.set.patterns[i].Keywords) == 0 || m.active[i] == m.search
}

// searchWords runs the automaton over text and adds the window of each literal whose
// tail may follow.
func (m *Matcher) searchWords(text string, skip func(int) bool) {
	a := m.set.words
	state := uint32(0)
	plain, shifts := foldToASCII(text)
	for i := 0; i < len(plain); i++ {
		state = a.next[state+uint32(a.class[plain[i]])]
		if state >= a.firstOut {
			m.handleWord(text, i+1, shifts, a.outs[(state-a.firstOut)/a.width], skip)
		}
	}
}

// handleWord handles the words that end before the offset end of the folded text.
func (m *Matcher) handleWord(text string, end int, shifts []shift, uses []wordUse, skip func(int) bool) {
	for _, u := range uses {
		start, end := originalOffset(shifts, end-int(u.length)), originalOffset(shifts, end)
		switch {
		case u.anchor == keywordUse:
			m.active[u.pattern] = m.search
		case m.full[u.pattern] == m.search || skip != nil && skip(u.pattern):
		case m.noteWatched(u.pattern) && m.tail(u).mayFollow(text[end:]):
			m.addWindow(u.pattern, m.set.patterns[u.pattern].anchors[u.anchor].window(text, start, end), text)
		}
	}
}

// noteWatched records that a literal of a watched pattern occurs, and returns true.
func (m *Matcher) noteWatched(pattern int) bool {
	m.watched = m.watched || m.set.patterns[pattern].watch
	return true
}

// Watched reports whether a text that Find searched since the last call has a literal
// of a watched pattern: part of a match, or a whole one.
func (m *Matcher) Watched() bool {
	seen := m.watched
	m.watched = false
	return seen
}

// addWindow adds a window of a pattern.
func (m *Matcher) addWindow(pattern int, w span, text string) {
	all := m.windows[pattern]
	switch len(all) {
	case 0:
		m.touched = append(m.touched, pattern)
	case maxWindows:
		m.full[pattern], all, w = m.search, all[:0], span{0, len(text)}
	}
	m.windows[pattern] = append(all, w)
}

// tail returns the DFA of an anchor, and builds it at first use.
func (m *Matcher) tail(u wordUse) *tail {
	if m.tails[u.pattern] == nil {
		m.tails[u.pattern] = make([]*tail, len(m.set.patterns[u.pattern].anchors))
	}
	t := &m.tails[u.pattern][u.anchor]
	if *t == nil {
		*t = newTail(m.set.patterns[u.pattern].anchors[u.anchor].after)
	}
	return *t
}

// searchWindows runs pattern i over its windows, joined where they meet.
func (m *Matcher) searchWindows(i int, text string) (spans [][]int) {
	w := m.windows[i]
	slices.SortFunc(w, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	for len(w) > 0 {
		joined := w[0]
		for w = w[1:]; len(w) > 0 && w[0].start <= joined.end; w = w[1:] {
			joined.end = max(joined.end, w[0].end)
		}
		for _, found := range m.match(i, text[joined.start:joined.end]) {
			spans = append(spans, []int{found[0] + joined.start, found[1] + joined.start})
		}
	}
	return spans
}

// match runs the expression of pattern i over text.
func (m *Matcher) match(i int, text string) [][]int {
	m.matched += len(text)
	return m.set.patterns[i].re().FindAllStringIndex(text, -1)
}
