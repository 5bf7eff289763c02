package decode

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
)

// segment is an encoded piece of a text with its decoded value, as in gitleaks'
// detect/codec. Its extents are in the fragment, in the text before this pass and in
// the text after it.
type segment struct {
	original, encoded, decoded Extent
	value                      string
	before                     []segment // segments of the previous pass
}

// kind is an encoding; when two pieces overlap, the one of the higher kind counts.
type kind int

const (
	base64Kind kind = iota + 1
	hexKind
	unicodeKind
	percentKind
)

// encoded is a piece of text that may be encoded.
type encoded struct {
	Extent
	kind
}

// Next returns the text with its encoded pieces replaced by their values; ok is false
// when nothing is left to decode.
func (t *Text) Next() (next *Text, ok bool) {
	var all []segment
	shift := 0
	for _, e := range dropOutranked(findEncodings(t.text)) {
		value := e.decode(t.text[e.Start:e.End])
		if value == "" {
			continue
		}
		at := e.Start + shift
		all = append(all,
			segment{originalExtent(t.segments, e.Extent), e.Extent, Extent{at, at + len(value)}, value, t.segments})
		shift += len(value) - (e.End - e.Start)
	}
	if len(all) == 0 {
		return nil, false
	}
	var b strings.Builder
	from := 0
	for _, s := range all {
		b.WriteString(t.text[from:s.encoded.Start])
		b.WriteString(s.value)
		from = s.encoded.End
	}
	b.WriteString(t.text[from:])
	return &Text{text: b.String(), segments: all}, true
}

// dropOutranked removes the pieces that overlap a neighbour of a higher kind.
func dropOutranked(all []encoded) (kept []encoded) {
	for i, e := range all {
		outranks := func(o encoded) bool { return e.overlaps(o.Extent) && o.kind > e.kind }
		if i > 0 && outranks(all[i-1]) || i+1 < len(all) && outranks(all[i+1]) {
			continue
		}
		kept = append(kept, e)
	}
	return kept
}

// findEncodings finds the pieces that may be encoded. It is equivalent to this
// expression, leftmost first:
//
//	%hh(?:.*%hh)? | (?:U\+hhhh(?:\s|$))+ | (?i)(?:\\{1,2}uhhhh)+ | [0-9A-Fa-f]{32,} | [\w/+-]{16,}={0,2}
func findEncodings(text string) (all []encoded) {
	for i := 0; i < len(text); {
		e := encoded{}
		switch c := text[i]; {
		case c == '%':
			e = encoded{Extent{i, percentEnd(text, i)}, percentKind}
		case c == '\\':
			e = encoded{Extent{i, escapesEnd(text, i)}, unicodeKind}
		case isBase64Char(c):
			e, i = scanWord(text, i)
		}
		if e.End <= e.Start {
			i++
			continue
		}
		all = append(all, e)
		i = e.End
	}
	return all
}

// scanWord examines a run of base64 characters. Without an encoding in it, next is its
// last character.
func scanWord(text string, start int) (e encoded, next int) {
	end := start
	for end < len(text) && isBase64Char(text[end]) {
		end++
	}
	digits := start
	for digits < end && isHex(text[digits]) {
		digits++
	}
	switch {
	case digits-start >= 32:
		return encoded{Extent{start, digits}, hexKind}, start
	case end-start >= 16:
		for n := 0; n < 2 && end < len(text) && text[end] == '='; n++ {
			end++
		}
		return encoded{Extent{start, end}, base64Kind}, start
	case end-start >= 6:
		if to := codePointsEnd(text, end-6); to > 0 {
			return encoded{Extent{end - 6, to}, unicodeKind}, start
		}
	}
	return encoded{}, end - 1
}

// percentEnd returns the end of the percent-encoded piece at i, 0 when there is none.
func percentEnd(text string, i int) int {
	isCode := func(i int) bool { return text[i] == '%' && isHexRun(text, i+1, 2) }
	if !isCode(i) {
		return 0
	}
	line := strings.IndexByte(text[i:], '\n')
	if line < 0 {
		line = len(text) - i
	}
	for last := i + line - 3; last >= i+3; last-- {
		if isCode(last) {
			return last + 3
		}
	}
	return i + 3
}

// escapesEnd returns the end of the \u escapes at i, 0 when there are none.
func escapesEnd(text string, i int) (end int) {
	for {
		n := 0
		for n < 2 && i+n < len(text) && text[i+n] == '\\' {
			n++
		}
		if n == 0 || i+n >= len(text) || text[i+n]|0x20 != 'u' || !isHexRun(text, i+n+1, 4) {
			return end
		}
		i += n + 5
		end = i
	}
}

// codePointsEnd returns the end of the U+ code points at i, 0 when there are none.
func codePointsEnd(text string, i int) (end int) {
	for i+6 <= len(text) && text[i] == 'U' && text[i+1] == '+' && isHexRun(text, i+2, 4) {
		if i += 6; i == len(text) {
			return i
		}
		if !strings.ContainsRune("\t\n\f\r ", rune(text[i])) {
			return end
		}
		i++
		end = i
	}
	return end
}

// isHexRun reports whether n hexadecimal digits stand at i.
func isHexRun(text string, i, n int) bool {
	if i+n > len(text) {
		return false
	}
	for _, c := range []byte(text[i : i+n]) {
		if !isHex(c) {
			return false
		}
	}
	return true
}

// isHex reports whether c is a hexadecimal digit.
func isHex(c byte) bool { return c-'0' < 10 || c|0x20-'a' < 6 }

// isBase64Char reports whether c is in one of the two base64 alphabets.
func isBase64Char(c byte) bool {
	return c|0x20-'a' < 26 || c-'0' < 10 || c == '_' || c == '/' || c == '+' || c == '-'
}

// decode returns the decoded piece; "" when it cannot be decoded. In other kinds than
// unicodeKind the piece must be printable too.
func (k kind) decode(s string) string {
	switch k {
	case percentKind:
		return readPercent(s)
	case unicodeKind:
		return readUnicode(s)
	case hexKind:
		if b, err := hex.DecodeString(s); err == nil && strings.ContainsAny(s, "0123456789") {
			return printableText(b)
		}
	case base64Kind:
		if !strings.ContainsAny(s, "0123456789+/-_") {
			return "" // a long word in code
		}
		if b, err := base64.StdEncoding.DecodeString(s); err == nil && printableText(b) != "" {
			return string(b)
		}
		if b, err := base64.RawURLEncoding.DecodeString(s); err == nil {
			return printableText(b)
		}
	}
	return ""
}

// printableText returns b as text; "" when it has a byte that gitleaks does not take for
// printable: 0 to 8, or 0x7f and above.
func printableText(b []byte) string {
	for _, c := range b {
		if c <= 8 || c >= 0x7f {
			return ""
		}
	}
	return string(b)
}

// readPercent decodes %hh.
func readPercent(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' || !isHexRun(s, i+1, 2) {
			b.WriteByte(s[i])
			continue
		}
		code, _ := strconv.ParseUint(s[i+1:i+3], 16, 8)
		if printableText([]byte{byte(code)}) == "" {
			return ""
		}
		b.WriteByte(byte(code))
		i += 2
	}
	return b.String()
}

// readUnicode decodes \uhhhh and U+hhhh.
func readUnicode(s string) string {
	var b strings.Builder
	for i := 0; i+4 <= len(s); i++ {
		if s[i]|0x20 == 'u' || s[i] == '+' && s[i-1] == 'U' {
			if isHexRun(s, i+1, 4) {
				code, _ := strconv.ParseUint(s[i+1:i+5], 16, 32)
				b.WriteRune(rune(code))
				i += 4
			}
		}
	}
	return b.String()
}
