package match

import (
	"regexp/syntax"
	"slices"
	"unicode"
)

// tail decides whether the parts after a literal may match at an offset of a text: a
// DFA over bytes that is built state by state. Assertions count as true, and a byte
// beyond ASCII matches like any rune beyond ASCII, or a part of one.
type tail struct {
	prog   *syntax.Prog
	states []tailState
	byKey  map[string]int32
	closed []bool // scratch of closure
	steps  int    // bytes that all calls of mayFollow have read
}

// tailState is the set of instructions at which a search may be.
type tailState struct {
	pcs     []uint32
	accepts bool
	next    [256]int32 // 0 means not known yet
}

// States and bounds of the DFA. Nothing matches from the state dead; a search begins in
// the state begin.
const (
	dead      = 1
	begin     = 2
	maxStates = 1000 // 1 kB each; with more, all are dropped and built again
	maxSteps  = 512  // bytes after which the tail counts as matching: the text must not be read again for each literal
)

// newTail returns the DFA of a concatenation.
func newTail(parts []*syntax.Regexp) *tail {
	re := (&syntax.Regexp{Op: syntax.OpConcat, Sub: slices.Clone(parts)}).Simplify()
	if len(parts) == 0 {
		re = &syntax.Regexp{Op: syntax.OpEmptyMatch}
	}
	prog, err := syntax.Compile(re)
	if err != nil { // cannot happen: New has parsed it
		return &tail{states: make([]tailState, 3)}
	}
	t := &tail{prog: prog, closed: make([]bool, len(prog.Inst))}
	t.reset()
	return t
}

// reset drops all states.
func (t *tail) reset() {
	t.byKey = map[string]int32{}
	t.states = append(t.states[:0], tailState{}, tailState{})
	t.state([]uint32{uint32(t.prog.Start)})
}

// mayFollow reports whether the tail may match at the beginning of text.
func (t *tail) mayFollow(text string) bool {
	accepts, steps := t.run(text)
	t.steps += steps
	return accepts
}

// run reads text until it is certain whether the tail may match at its beginning, at most
// maxSteps bytes, and returns how many bytes it has read.
func (t *tail) run(text string) (accepts bool, steps int) {
	at := int32(begin)
	for i := 0; !t.states[at].accepts; i++ {
		if i == len(text) {
			return false, i
		}
		if i == maxSteps {
			return true, i
		}
		next := t.states[at].next[text[i]]
		if next == 0 {
			if len(t.states) >= maxStates {
				at = t.restart(at)
			}
			next = t.step(at, text[i])
			t.states[at].next[text[i]] = next
		}
		if next == dead {
			return false, i + 1
		}
		at, steps = next, i+1
	}
	return true, steps
}

// restart drops all states but the current one of a search.
func (t *tail) restart(at int32) int32 {
	pcs := slices.Clone(t.states[at].pcs)
	t.reset()
	return t.state(pcs)
}

// step returns the state after the byte b.
func (t *tail) step(at int32, b byte) int32 {
	var out []uint32
	for _, pc := range t.states[at].pcs {
		inst := &t.prog.Inst[pc]
		switch {
		case b < 0x80 && inst.MatchRune(rune(b)):
			out = append(out, inst.Out)
		case b >= 0x80 && matchesNonASCII(inst):
			out = append(out, inst.Out, pc) // the rune ends here, or continues
		}
	}
	if len(out) == 0 {
		return dead
	}
	return t.state(out)
}

// matchesNonASCII reports whether the instruction can match a rune beyond ASCII.
func matchesNonASCII(i *syntax.Inst) bool {
	switch i.Op {
	case syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
		return true
	}
	if len(i.Rune) != 1 {
		return len(i.Rune) > 0 && i.Rune[len(i.Rune)-1] > unicode.MaxASCII
	}
	for r := unicode.SimpleFold(i.Rune[0]); r != i.Rune[0]; r = unicode.SimpleFold(r) {
		if r > unicode.MaxASCII {
			return true
		}
	}
	return i.Rune[0] > unicode.MaxASCII
}

// state returns the number of the state that consists of these instructions.
func (t *tail) state(from []uint32) int32 {
	clear(t.closed)
	var s tailState
	for _, pc := range from {
		t.addClosure(pc, &s)
	}
	slices.Sort(s.pcs)
	key := make([]byte, 0, 4*len(s.pcs)+1)
	for _, pc := range s.pcs {
		key = append(key, byte(pc), byte(pc>>8), byte(pc>>16))
	}
	if s.accepts {
		key = append(key, 'y')
	}
	if n, known := t.byKey[string(key)]; known {
		return n
	}
	n := int32(len(t.states))
	t.states, t.byKey[string(key)] = append(t.states, s), n
	return n
}

// addClosure adds to s the instructions that pc reaches without reading a byte.
func (t *tail) addClosure(pc uint32, s *tailState) {
	if t.closed[pc] {
		return
	}
	t.closed[pc] = true
	inst := &t.prog.Inst[pc]
	switch inst.Op {
	case syntax.InstAlt, syntax.InstAltMatch:
		t.addClosure(inst.Out, s)
		t.addClosure(inst.Arg, s)
	case syntax.InstCapture, syntax.InstEmptyWidth, syntax.InstNop:
		t.addClosure(inst.Out, s)
	case syntax.InstMatch:
		s.accepts = true
	case syntax.InstFail:
	default:
		s.pcs = append(s.pcs, pc)
	}
}
