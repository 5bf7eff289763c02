package scan

import (
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/secret/decode"
)

// location is the place of a match, counted as gitleaks counts (detect/location.go
// there) with its inconsistencies: fingerprints and allowlists depend on it.
type location struct {
	line, endLine, column int
	from, to              int // extent of the line, for allow comments
}

// lineIndex finds lines and columns in a text. It builds its tables at first use.
type lineIndex struct {
	text  string
	ends  []int // end of each line but the last
	runes []int // runes before each block of runeBlock bytes
}

// runeBlock is the distance in bytes at which runes are counted in advance.
const runeBlock = 512

// prepare finds the line ends.
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

// locate returns the location of an extent.
func (n *lineIndex) locate(m decode.Extent) (loc location) {
	n.prepare()
	at, _ := slices.BinarySearch(n.ends, m.Start+1) // the first end behind the start
	if at == len(n.ends) {
		last := n.ends[at-1]
		loc = location{line: at, endLine: at, column: m.Start - last + 1, to: m.End}
		for loc.to < len(n.text) && n.text[loc.to] != '\n' && n.text[loc.to] != '\r' {
			loc.to++
		}
		return loc
	}
	previous := 0
	if at > 0 {
		previous = n.ends[at-1]
	}
	loc = location{line: at, endLine: at, column: m.Start - previous + 1, from: previous, to: n.ends[at]}
	if end, _ := slices.BinarySearch(n.ends, m.End); end < len(n.ends) && m.End > 0 {
		loc.endLine, loc.to = end, n.ends[end]
	}
	return loc
}

// startColumn returns the column at which a match begins. A match that begins with a
// line break begins on the next line.
func (n *lineIndex) startColumn(at int) int {
	if at < len(n.text) && n.text[at] == '\n' {
		at++
	}
	return n.column(at)
}

// column returns the place of a byte in its line, in characters from 1. A byte order
// mark at the beginning does not count.
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

// countRunes counts the bytes that begin a character.
func countRunes(text string) (n int) {
	for i := range len(text) {
		if text[i]&0xc0 != 0x80 {
			n++
		}
	}
	return n
}
