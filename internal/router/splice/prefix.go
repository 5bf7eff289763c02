package splice

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// maxPrefix is the longest prefix that is kept, in bytes. An id, a time and a model's name take about 120.
const maxPrefix = 512

// prefix is what the data of an event have up to the end of the model. Most chunks of a chat stream begin
// with the same bytes: in those of later events, only the rest is looked into.
type prefix struct {
	text  []byte // ends with the model; empty: none is known
	model int    // where the model begins
}

// match returns the length of the prefix if data begin with it, else 0.
func (p *prefix) match(data []byte) int {
	if len(p.text) > 0 && bytes.HasPrefix(data, p.text) {
		return len(p.text)
	}
	return 0
}

// keep keeps a prefix, which ends with a member "model" at the top level of an event: what was found in it
// would be found again. One with other texts that mean something, or a long one, is not kept.
func (p *prefix) keep(text []byte, model int) {
	if len(text) <= maxPrefix && findTexts(text) == (texts{model: true}) {
		p.text, p.model = append(p.text[:0], text...), model
	}
}

// texts says which of the texts that mean something are in the data of an event. Each one ends with a quote.
type texts struct {
	err    bool // error"
	model  bool // model"
	finish bool // finish_reason"
	usage  bool // usage" or usageMetadata"
}

// findTexts finds the texts in data in one pass: it looks at what stands before each quote, and finds the
// quotes in eight bytes at a time.
func findTexts(data []byte) (found texts) {
	i := 0
	for ; i+8 <= len(data); i += 8 {
		for quotes := markQuotes(binary.LittleEndian.Uint64(data[i:])); quotes != 0; quotes &= quotes - 1 {
			if at := i + bits.TrailingZeros64(quotes)/8; at > 0 && mayEndText(data[at-1]) {
				found.note(data[:at])
			}
		}
	}
	for ; i < len(data); i++ {
		if data[i] == '"' {
			found.note(data[:i])
		}
	}
	return found
}

// markQuotes returns a word in which the highest bit of each byte is set that is a quote in word. A '#'
// after a quote is marked, too: a quote stands before it, with which no text ends.
func markQuotes(word uint64) uint64 {
	const ones = 0x0101010101010101
	word ^= ones * '"'
	return (word - ones) &^ word & (ones << 7)
}

// mayEndText reports whether a text ends with c and a quote.
func mayEndText(c byte) bool { return c == 'r' || c == 'l' || c == 'n' || c == 'e' || c == 'a' }

// note notes the text with which text ends, if it is one of those that mean something.
func (t *texts) note(text []byte) {
	switch {
	case bytes.HasSuffix(text, []byte("error")):
		t.err = true
	case bytes.HasSuffix(text, []byte("model")):
		t.model = true
	case bytes.HasSuffix(text, []byte("finish_reason")):
		t.finish = true
	case bytes.HasSuffix(text, []byte("usage")), bytes.HasSuffix(text, []byte("usageMetadata")):
		t.usage = true
	}
}
