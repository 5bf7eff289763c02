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
	children map[byte]int
	uses     []wordUse
	fail     int
}

// builder builds an automaton from words.
type builder struct{ nodes []node }

// newBuilder returns a builder without words.
func newBuilder() *builder { return &builder{nodes: []node{{children: map[byte]int{}}}} }

// add adds a word, which must not be empty, and must be ASCII in lower case.
func (b *builder) add(word string, u wordUse) {
	at := 0
	for i := range len(word) {
		child, ok := b.nodes[at].children[word[i]]
		if !ok {
			child = len(b.nodes)
			b.nodes = append(b.nodes, node{children: map[byte]int{}})
			b.nodes[at].children[word[i]] = child
		}
		at = child
	}
	u.length = uint32(len(word))
	b.nodes[at].uses = append(b.nodes[at].uses, u)
}

// build returns the automaton of all words.
func (b *builder) build() *automaton {
	a := &automaton{}
	used := b.numberClasses(a)
	order := b.linkFailures()
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
	a.next = make([]uint32, len(order)*int(a.width))
	for i, n := range order {
		if len(b.nodes[n].uses) > 0 {
			a.firstOut = min(a.firstOut, row[n])
			a.outs = append(a.outs, b.nodes[n].uses)
		}
		for class, c := range used {
			a.next[i*int(a.width)+class+1] = row[b.step(n, c)]
		}
	}
	return a
}

// numberClasses gives each byte that occurs in words a class; class 0 is every other byte.
// It returns the bytes in the order of their classes.
func (b *builder) numberClasses(a *automaton) (used []byte) {
	for _, n := range b.nodes {
		for c := range n.children {
			if a.class[c] == 0 {
				used = append(used, c)
				a.class[c] = uint8(len(used))
			}
		}
	}
	for c := 'A'; c <= 'Z'; c++ {
		a.class[c] = a.class[c-'A'+'a']
	}
	a.width = uint32(len(used)) + 1
	return used
}

// linkFailures sets the failure link of every node (its longest proper suffix), copies
// the words that end there, and returns the nodes in breadth-first order.
func (b *builder) linkFailures() []int {
	order := []int{0}
	for i := 0; i < len(order); i++ {
		at := order[i]
		for c, child := range b.nodes[at].children {
			if at != 0 {
				b.nodes[child].fail = b.step(b.nodes[at].fail, c)
			}
			b.nodes[child].uses = append(b.nodes[child].uses, b.nodes[b.nodes[child].fail].uses...)
			order = append(order, child)
		}
	}
	return order
}

// step returns the node that c leads to from at.
func (b *builder) step(at int, c byte) int {
	for {
		if child, ok := b.nodes[at].children[c]; ok {
			return child
		}
		if at == 0 {
			return 0
		}
		at = b.nodes[at].fail
	}
}
