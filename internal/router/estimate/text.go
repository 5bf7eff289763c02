package estimate

import (
	"bytes"
	"unicode/utf8"
)

// The weights of the pieces of a text, in hundredths of a token. The numbers were fitted to
// the counts of OpenAI's tokenizers (o200k_base and cl100k_base) for English, code and JSON;
// a test checks that they are within 15 %. Other vendors do not publish their tokenizers.
const (
	wordWeight   = 90  // a run of letters; a capital after a small letter begins another run
	longWeight   = 45  // each letter of a run after the first shortWord ones
	shortWord    = 7   // letters
	spaceWeight  = 35  // a run of white space, unless it is one blank
	digitsWeight = 110 // up to three digits
	signsWeight  = 105 // a run of other characters
	wideWeight   = 85  // a character of a script that has thousands of characters
	otherWeight  = 50  // any other character outside ASCII
)

// firstWide is the first character that counts as one of a script with thousands of
// characters: the first of Unicode's block of CJK radicals.
const firstWide = 0x2e80

// class is a kind of character.
type class uint8

// The kinds of characters. add relies on blank and space being the last ones before other.
const (
	sign class = iota
	small
	capital
	digit
	blank
	space
	other
)

// classes are the classes of the ASCII characters.
var classes = func() (list [utf8.RuneSelf]class) {
	for c := range list {
		switch {
		case c >= 'a' && c <= 'z':
			list[c] = small
		case c >= 'A' && c <= 'Z':
			list[c] = capital
		case c >= '0' && c <= '9':
			list[c] = digit
		case c == ' ':
			list[c] = blank
		case c < ' ':
			list[c] = space
		}
	}
	return list
}()

// textScale weighs a text, character by character. The zero value is ready for a new text.
type textScale struct {
	weight int
	last   class
	length int // of the current run, in characters; 0 at the beginning
}

// add adds a character to the text.
func (t *textScale) add(r rune) {
	c := other
	if r < utf8.RuneSelf {
		c = classes[r]
	}
	isSameRun := t.length > 0 && (c == t.last || c == small && t.last == capital ||
		c >= blank && t.last >= blank && c < other && t.last < other)
	if t.length++; !isSameRun {
		t.length = 1
	}
	switch c {
	case small, capital:
		if !isSameRun {
			t.weight += wordWeight
		} else if t.length > shortWord {
			t.weight += longWeight
		}
	case digit:
		if t.length%3 == 1 {
			t.weight += digitsWeight
		}
	case blank, space:
		if !isSameRun && c == space || isSameRun && t.length == 2 && t.last == blank {
			t.weight += spaceWeight
		}
	case sign:
		if !isSameRun {
			t.weight += signsWeight
		}
	case other:
		if r >= firstWide {
			t.weight += wideWeight
		} else {
			t.weight += otherWeight
		}
	}
	t.last = c
}

// addSmall adds n small letters to the text, one at least: most of a text is runs of them.
func (t *textScale) addSmall(n int) {
	t.add('a')
	long := max(t.length, shortWord)
	t.length += n - 1
	t.weight += longWeight * max(0, t.length-long)
}

// countSmall returns how many small letters text begins with.
func countSmall(text []byte) int {
	for i, c := range text {
		if c < 'a' || c > 'z' {
			return i
		}
	}
	return len(text)
}

// weightOf returns the weight of the text in a JSON string, or of the bytes of another
// literal.
func weightOf(literal []byte) int {
	var t textScale
	literal = bytes.TrimSuffix(bytes.TrimPrefix(literal, []byte{'"'}), []byte{'"'})
	for len(literal) > 0 {
		if n := countSmall(literal); n > 0 {
			t.addSmall(n)
			literal = literal[n:]
			continue
		}
		char, size := rune(literal[0]), 1
		switch {
		case char == '\\' && len(literal) > 1:
			char, size = unescape(literal)
		case char >= utf8.RuneSelf:
			char, size = utf8.DecodeRune(literal)
		}
		t.add(char)
		literal = literal[size:]
	}
	return t.weight
}

// unescape returns the character of the escape at the beginning of text, and the length
// of the escape in bytes. Control characters all count as a line break.
func unescape(text []byte) (char rune, length int) {
	switch text[1] {
	case 'u':
		return escapedRune(text)
	case 'n', 'r', 't', 'b', 'f':
		return '\n', 2
	}
	return rune(text[1]), 2
}
