// Package textfile tells what kind of text a file holds: IsBinary recognises formats
// without text, DetectEncoding UTF-16 and UTF-32, DropZeroBytes text in these within other
// text. A Recorder keeps the bytes of a file that is decoded.
package textfile

import (
	"bytes"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// HeadBytes is how much of the beginning of a file decides its encoding.
const HeadBytes = 4 << 10

// DetectEncoding returns the encoding of a file that begins with head, when it is
// UTF-16 or UTF-32: by its byte order mark, or by the places of its zero bytes; else
// nil.
func DetectEncoding(head []byte) encoding.Encoding {
	for _, mark := range [...]struct {
		bytes string
		enc   encoding.Encoding
	}{
		{"\xff\xfe\x00\x00", utf32.UTF32(utf32.LittleEndian, utf32.UseBOM)},
		{"\x00\x00\xfe\xff", utf32.UTF32(utf32.BigEndian, utf32.UseBOM)},
		{"\xff\xfe", unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)},
		{"\xfe\xff", unicode.UTF16(unicode.BigEndian, unicode.UseBOM)},
	} {
		if bytes.HasPrefix(head, []byte(mark.bytes)) {
			return mark.enc
		}
	}
	return guessEncoding(head)
}

// guessEncoding examines which of each four bytes are zero: in text, most characters
// have a zero byte, always at the same place.
func guessEncoding(head []byte) encoding.Encoding {
	var zeros [4]int
	units := len(head) / 4
	for i, c := range head[:units*4] {
		if c == 0 {
			zeros[i%4]++
		}
	}
	most := func(n int) bool { return 10*n >= 7*units }
	few := func(n int) bool { return 20*n <= units }
	even, odd := zeros[0]+zeros[2], zeros[1]+zeros[3]
	switch {
	case units < 2 || hasASCIIRun(head):
		return nil
	case most(zeros[1]) && most(zeros[2]) && most(zeros[3]) && few(zeros[0]):
		return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)
	case most(zeros[0]) && most(zeros[1]) && most(zeros[2]) && few(zeros[3]):
		return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)
	case most(odd/2) && few(even/2):
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case most(even/2) && few(odd/2):
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	}
	return nil
}

// minASCIIRun is how many printable ASCII bytes in a row are ASCII text. In UTF-16 they
// would be half as many characters, each of two letters, which no language has.
const minASCIIRun = 24

// hasASCIIRun reports whether a part of a file is ASCII text: the file then has more
// than one encoding, and is not decoded as a whole.
func hasASCIIRun(head []byte) bool {
	run := 0
	for _, c := range head {
		if c >= ' ' && c <= '~' || c == '\n' || c == '\r' || c == '\t' {
			run++
		} else {
			run = 0
		}
		if run >= minASCIIRun {
			return true
		}
	}
	return false
}

// minWideRun is how many characters in a row, each with a zero byte, are text.
const minWideRun = 8

// DropZeroBytes returns a text without its zero bytes, when a part of it is in UTF-16
// or UTF-32: what a shell appended to a file of another encoding.
func DropZeroBytes(text string) (string, bool) {
	run := 0
	for at := strings.IndexByte(text, 0); at >= 0; {
		next := strings.IndexByte(text[at+1:], 0)
		if next == 1 || next == 0 && run > 0 {
			run++
		} else {
			run = 0
		}
		if run >= minWideRun {
			return strings.ReplaceAll(text, "\x00", ""), true
		}
		if next < 0 {
			break
		}
		at += next + 1
	}
	return text, false
}
