package match

import (
	"sort"
	"strings"
)

// shift says that from the offset at on, in a text that foldToASCII shortened, offsets in
// the original text are greater by the number by.
type shift struct{ at, by int }

// foldingRunes are the runes beyond ASCII that fold to an ASCII letter: U+0130 to i,
// U+017F to s, U+212A to k.
const foldingRunes = "\u0130\u017f\u212a"

// foldToASCII replaces the foldingRunes by their ASCII letters, which the automaton
// knows. Most texts have none and are returned unchanged.
func foldToASCII(text string) (plain string, shifts []shift) {
	if !strings.Contains(text, foldingRunes[:2]) && !strings.Contains(text, foldingRunes[2:4]) &&
		!strings.Contains(text, foldingRunes[4:]) {
		return text, nil
	}
	var b strings.Builder
	by := 0
	for {
		i := strings.IndexAny(text, foldingRunes)
		if i < 0 {
			b.WriteString(text)
			return b.String(), shifts
		}
		b.WriteString(text[:i])
		letter, n := byte('i'), 2
		switch {
		case strings.HasPrefix(text[i:], foldingRunes[2:4]):
			letter = 's'
		case strings.HasPrefix(text[i:], foldingRunes[4:]):
			letter, n = 'k', 3
		}
		b.WriteByte(letter)
		by += n - 1
		shifts = append(shifts, shift{b.Len(), by})
		text = text[i+n:]
	}
}

// originalOffset returns the offset in the original of an offset in the shortened text.
func originalOffset(shifts []shift, at int) int {
	i := sort.Search(len(shifts), func(i int) bool { return shifts[i].at > at })
	if i == 0 {
		return at
	}
	return at + shifts[i-1].by
}
