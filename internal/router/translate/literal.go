package translate

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// A text is what stands between the quotes of a JSON string, with its escapes: so
// it moves from one document into another without being decoded. A decoded text is
// called plain.

// appendText appends text as a JSON string.
func appendText(dst, text []byte) []byte {
	dst = append(dst, '"')
	dst = append(dst, text...)
	return append(dst, '"')
}

// appendMember appends the key and the value of a member, with a comma before them
// unless it is the first of its object. The value is raw JSON.
func appendMember(dst []byte, key string, value []byte) []byte {
	return append(appendKey(dst, key), value...)
}

// appendTextMember appends a member whose value is a text.
func appendTextMember(dst []byte, key string, text []byte) []byte {
	return appendText(appendKey(dst, key), text)
}

// appendNumberMember appends a member whose value is a whole number.
func appendNumberMember(dst []byte, key string, n int) []byte {
	return strconv.AppendInt(appendKey(dst, key), int64(n), 10)
}

// appendKey appends the key of a member and its colon, with a comma before them
// unless the member is the first.
func appendKey(dst []byte, key string) []byte {
	dst = appendComma(dst)
	dst = append(dst, '"')
	dst = append(dst, key...)
	return append(dst, '"', ':')
}

// appendComma appends the comma before a member or an element, unless it is the
// first of its object or array.
func appendComma(dst []byte) []byte {
	if n := len(dst); n > 0 && (dst[n-1] == '{' || dst[n-1] == '[') {
		return dst
	}
	return append(dst, ',')
}

const hexDigits = "0123456789abcdef"

// appendEscaped appends plain as a text: it escapes quotes, backslashes and control
// characters, and copies everything else.
func appendEscaped(dst, plain []byte) []byte {
	from := 0
	for i, c := range plain {
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, plain[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(dst, plain[from:]...)
}

// escapeString returns plain as a text. Bytes that are not UTF-8 become U+FFFD.
func escapeString(plain string) []byte {
	return appendEscaped(nil, bytes.ToValidUTF8([]byte(plain), []byte("\ufffd")))
}

// appendUnescaped appends the decoded text. An escape that is cut off, and a \u
// without four hexadecimal digits, are copied as they are.
func appendUnescaped(dst, text []byte) []byte {
	for {
		i := bytes.IndexByte(text, '\\')
		if i < 0 || i+1 == len(text) {
			return append(dst, text...)
		}
		dst = append(dst, text[:i]...)
		text = text[i:]
		n := 2
		switch c := text[1]; c {
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'u':
			var char rune
			if char, n = escapedRune(text); n == 0 {
				n = 2
				dst = append(dst, text[:2]...)
				break
			}
			dst = utf8.AppendRune(dst, char)
		default:
			dst = append(dst, c)
		}
		text = text[n:]
	}
}

// escapedRune reads the \uXXXX at the start of text, or the surrogate pair of two of
// them. It returns the character and the length of its escape in bytes, which is 0
// when there is none.
func escapedRune(text []byte) (char rune, length int) {
	char, ok := hexRune(text)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(char) {
		return char, 6
	}
	if second, ok := hexRune(text[6:]); ok {
		if pair := utf16.DecodeRune(char, second); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return utf8.RuneError, 6
}

// hexRune reads one \uXXXX at the start of text.
func hexRune(text []byte) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return rune(n), err == nil
}

// plainText returns the decoded text, which is text itself when it has no escapes.
func plainText(text []byte) []byte {
	if bytes.IndexByte(text, '\\') < 0 {
		return text
	}
	return appendUnescaped(nil, text)
}

// maxNumber is the largest number that wholeNumber accepts.
const maxNumber = 1 << 40

// wholeNumber reads a number from 0 to maxNumber, such as one of tokens. It returns -1
// for any other value.
func wholeNumber(value []byte) int {
	n, err := strconv.Atoi(string(value))
	if err != nil || n < 0 || n > maxNumber {
		return -1
	}
	return n
}
