package match

import "slices"

// keywordUse stands in the place of an anchor's number: the word is a keyword, which
// only makes its pattern worth trying.
const keywordUse = -1

// wordUse says what a word of the automaton is for.
type wordUse struct {
	pattern, anchor int
	length          uint32
}

// automaton is an Aho-Corasick automaton as a table. Bytes fall into classes, a capital
// into the class of its small letter. A state is the offset of its row in next; a word
// ends in the states from firstOut on.
type automaton struct {
	class    [256]uint8
	width    uint32
	next     []uint32
	firstOut uint32
	outs     [][]wordUse // words that end in a state, by row from firstOut on
}

// node is a state of the automaton while it is built.
type node struct {
	char           byte // leads to it from its parent
	child, sibling int  // its first child, its parent's next; 0: none
	uses           []wordUse
	fail           int // the node of its longest proper suffix
}

// builder builds an automaton from words.
type builder struct{ nodes []node }

// newBuilder returns a builder without words.
func newBuilder() *builder { return &builder{nodes: make([]node, 1)} }

// add adds a word, which must not be empty, and must be ASCII in lower case.
func (b *builder) add(word string, u wordUse) {
	at := 0
	for i := range len(word) {
		at = b.childOf(at, word[i])
	}
	u.length = uint32(len(word))
	b.nodes[at].uses = append(b.nodes[at].uses, u)
}

// childOf returns the node that c leads to from at, which it makes where there is none.
func (b *builder) childOf(at int, c byte) int {
	child := b.nodes[at].child
	for child != 0 && b.nodes[child].char != c {
		child = b.nodes[child].sibling
	}
	if child == 0 {
		child = len(b.nodes)
		b.nodes = append(b.nodes, node{char: c, sibling: b.nodes[at].child})
		b.nodes[at].child = child
	}
	return child
}

// build returns the automaton of all words.
func (b *builder) build() *automaton {
	a := &automaton{}
	b.numberClasses(a)
	order, steps := b.linkFailures(a)
	// Rows in the order root, inner states, ending states.
	slices.SortStableFunc(order, func(x, y int) int { return min(1, len(b.nodes[x].uses)) - min(1, len(b.nodes[y].uses)) })
	if i := slices.Index(order, 0); i > 0 {
		order[0], order[i] = order[i], order[0]
	}
	row := make([]uint32, len(order))
	for i, n := range order {
		row[n] = uint32(i) * a.width
	}
	a.firstOut = uint32(len(order)) * a.width
	a.next = make([]uint32, 0, len(steps))
	for _, n := range order {
		if len(b.nodes[n].uses) > 0 {
			a.firstOut = min(a.firstOut, row[n])
			a.outs = append(a.outs, b.nodes[n].uses)
		}
		for _, to := range steps[n*int(a.width) : (n+1)*int(a.width)] {
			a.next = append(a.next, row[to])
		}
	}
	return a
}

// numberClasses gives each byte that occurs in words a class; class 0 is every other byte.
func (b *builder) numberClasses(a *automaton) {
	a.width = 1
	for _, n := range b.nodes[1:] {
		if a.class[n.char] == 0 {
			a.class[n.char] = uint8(a.width)
			a.width++
		}
	}
	for c := 'A'; c <= 'Z'; c++ {
		a.class[c] = a.class[c-'A'+'a']
	}
}

// linkFailures sets the failure link of every node and copies the words that end there.
// It returns the nodes in breadth-first order, and to which node each class leads from each:
// where its children do, and else where its longest proper suffix does, which came before.
func (b *builder) linkFailures(a *automaton) (order []int, steps []uint32) {
	width := int(a.width)
	order = append(make([]int, 0, len(b.nodes)), 0)
	steps = make([]uint32, len(b.nodes)*width)
	for i := 0; i < len(order); i++ {
		at := order[i]
		from := steps[b.nodes[at].fail*width:][:width]
		to := steps[at*width:][:width]
		copy(to, from)
		for child := b.nodes[at].child; child != 0; child = b.nodes[child].sibling {
			n := &b.nodes[child]
			class := a.class[n.char]
			if at != 0 {
				n.fail = int(from[class])
			}
			n.uses = append(n.uses, b.nodes[n.fail].uses...)
			to[class] = uint32(child)
			order = append(order, child)
		}
	}
	return order, steps
}
