package estimate

import (
	"bytes"
	"unicode/utf8"
)

// How many hundredths of a token the pieces of a text have. The numbers were fitted to
// what OpenAI's tokenizers (o200k_base and cl100k_base) make of English, code and JSON;
// a test holds them to 15 % of that. Other vendors do not publish theirs.
const (
	wordWeight   = 90  // a run of letters; a capital behind a small letter begins another
	longWeight   = 45  // each letter of it beyond shortWord
	shortWord    = 7   // letters
	spaceWeight  = 35  // a run of white space that is more than one blank
	digitsWeight = 110 // up to three digits
	signsWeight  = 105 // a run of other characters
	wideWeight   = 85  // a character of a script that has thousands
	otherWeight  = 50  // any other character outside of ASCII
)

// firstWide is the first character of the scripts that have thousands: Unicode's
// block of CJK radicals.
const firstWide = 0x2e80

// class is a kind of character.
type class uint8

const (
	sign class = iota
	small
	capital
	digit
	blank
	space
	other
)

// classes are the classes of ASCII's characters.
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

// text adds up what a text weighs, character by character. The zero value begins one.
type text struct {
	weight int
	last   class
	length int // of the run so far; 0 at the beginning
}

// add adds a character.
func (t *text) add(r rune) {
	c := other
	if r < utf8.RuneSelf {
		c = classes[r]
	}
	goesOn := t.length > 0 && (c == t.last || c == small && t.last == capital ||
		c >= blank && t.last >= blank && c < other && t.last < other)
	if t.length++; !goesOn {
		t.length = 1
	}
	switch c {
	case small, capital:
		if !goesOn {
			t.weight += wordWeight
		} else if t.length > shortWord {
			t.weight += longWeight
		}
	case digit:
		if t.length%3 == 1 {
			t.weight += digitsWeight
		}
	case blank, space:
		if !goesOn && c == space || goesOn && t.length == 2 && t.last == blank {
			t.weight += spaceWeight
		}
	case sign:
		if !goesOn {
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

// weightOf returns the weight of a JSON string's text, its escapes undone.
func weightOf(literal []byte) int {
	var t text
	literal = bytes.TrimSuffix(bytes.TrimPrefix(literal, []byte{'"'}), []byte{'"'})
	for len(literal) > 0 {
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

// unescape returns the character whose escape begins text, and the length of the escape.
func unescape(text []byte) (char rune, length int) {
	switch text[1] {
	case 'u':
		return escapedRune(text)
	case 'n', 'r', 't', 'b', 'f':
		return '\n', 2
	}
	return rune(text[1]), 2
}
