package scan

import (
	"slices"
	"strings"
)

// extent is a half-open range of bytes.
type extent struct{ start, end int }

// location is where a match is, counted as gitleaks counts (detect/location.go
// there), oddities included: fingerprints and allowlists depend on it.
type location struct {
	line, endLine, column int
	from, to              int // bytes of the line, for allow comments
}

// lineIndex finds lines and columns in a text; what it needs for that is computed
// when first needed.
type lineIndex struct {
	text  string
	ends  []int // of all lines but the last one
	runes []int // before each block of runeBlock bytes
}

const runeBlock = 512

func (n *lineIndex) prepare() {
	if n.ends != nil {
		return
	}
	for i := range len(n.text) {
		if n.text[i] == '\n' {
			n.ends = append(n.ends, i)
		}
	}
	if n.ends == nil {
		n.ends = []int{len(n.text)}
	}
}

func (n *lineIndex) locate(m extent) (loc location) {
	n.prepare()
	at, _ := slices.BinarySearch(n.ends, m.start+1) // the first end behind the start
	if at == len(n.ends) {
		last := n.ends[at-1]
		loc = location{line: at, endLine: at, column: m.start - last + 1, to: m.end}
		for loc.to < len(n.text) && n.text[loc.to] != '\n' && n.text[loc.to] != '\r' {
			loc.to++
		}
		return loc
	}
	previous := 0
	if at > 0 {
		previous = n.ends[at-1]
	}
	loc = location{line: at, endLine: at, column: m.start - previous + 1, from: previous, to: n.ends[at]}
	if end, _ := slices.BinarySearch(n.ends, m.end); end < len(n.ends) && m.end > 0 {
		loc.endLine, loc.to = end, n.ends[end]
	}
	return loc
}

// startColumn is column of where a match begins. One that begins with a line
// break counts as on the next line.
func (n *lineIndex) startColumn(at int) int {
	if at < len(n.text) && n.text[at] == '\n' {
		at++
	}
	return n.column(at)
}

// column is the place of a byte in its line, in characters from 1. A byte order
// mark at the beginning is no character.
func (n *lineIndex) column(at int) int {
	n.prepare()
	from := 0
	if line, _ := slices.BinarySearch(n.ends, at); line > 0 {
		from = n.ends[line-1] + 1
	} else if strings.HasPrefix(n.text, "\ufeff") {
		from = min(len("\ufeff"), at)
	}
	return n.runesBefore(at) - n.runesBefore(from) + 1
}

// runesBefore counts the characters before a byte.
func (n *lineIndex) runesBefore(at int) int {
	if n.runes == nil {
		count := 0
		for i := 0; i <= len(n.text); i += runeBlock {
			n.runes = append(n.runes, count)
			count += countRunes(n.text[i:min(i+runeBlock, len(n.text))])
		}
	}
	block := at / runeBlock
	return n.runes[block] + countRunes(n.text[block*runeBlock:at])
}

// countRunes counts the bytes that begin one.
func countRunes(text string) (n int) {
	for i := range len(text) {
		if text[i]&0xc0 != 0x80 {
			n++
		}
	}
	return n
}
