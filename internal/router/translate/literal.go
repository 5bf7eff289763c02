package translate

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Texts are kept as what stands between the quotes of a JSON string, escapes as
// they are: so they move from one document into another without being decoded.

// appendText appends text as a JSON string.
func appendText(dst, text []byte) []byte {
	dst = append(dst, '"')
	dst = append(dst, text...)
	return append(dst, '"')
}

// appendMember appends a comma, unless the object has just begun, the key and
// the value.
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

// appendEscaped appends plain as a text: quotes, backslashes and control
// characters are escaped, everything else stays.
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

// appendUnescaped appends what text says. An escape that is cut off or wrong is
// left as it stands.
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

// escapedRune reads the \uXXXX, or the pair of them that is one character, at
// the start of text. It returns the character and the length of its escape; 0
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

func hexRune(text []byte) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return rune(n), err == nil
}

// plainText returns what text says, without a copy where it has no escapes.
func plainText(text []byte) []byte {
	if bytes.IndexByte(text, '\\') < 0 {
		return text
	}
	return appendUnescaped(nil, text)
}

// maxNumber is the largest number that counts as one of tokens or the like.
const maxNumber = 1 << 40

// wholeNumber reads a number of tokens or the like; -1 when value is not one.
func wholeNumber(value []byte) int {
	n, err := strconv.Atoi(string(value))
	if err != nil || n < 0 || n > maxNumber {
		return -1
	}
	return n
}
