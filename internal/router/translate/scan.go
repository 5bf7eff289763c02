package translate

import (
	"bytes"
	"fmt"
)

// scan reads a JSON document once, from its start to its end. Values that are only copied
// are skipped whole; nothing but keys is decoded. The first error ends the reading: after
// it every method does nothing.
type scan struct {
	doc []byte
	at  int // offset in doc
	err error

	element func(*scan) // called after each element of an array; may be nil
}

// fail ends the reading with an error, unless there is one already.
func (s *scan) fail(reason string) {
	if s.err == nil {
		s.err = fmt.Errorf("invalid JSON: %s (char %d)", reason, s.at)
	}
	s.at = len(s.doc)
}

// skipSpace steps over white space.
func (s *scan) skipSpace() {
	for s.at < len(s.doc) {
		switch s.doc[s.at] {
		case ' ', '\n', '\r', '\t':
			s.at++
		default:
			return
		}
	}
}

// kind returns the first character of the next value, 0 at the end of the document.
func (s *scan) kind() byte {
	s.skipSpace()
	if s.at == len(s.doc) {
		return 0
	}
	return s.doc[s.at]
}

// object reads the next value, an object, and calls visit for each member with its decoded
// key. A value that visit does not read is skipped. Object skips a value of another kind
// and returns false, as it does after an error.
func (s *scan) object(visit func(key []byte)) bool {
	if s.kind() != '{' {
		s.raw()
		return false
	}
	s.at++
	if s.kind() == '}' {
		s.at++
		return true
	}
	for s.err == nil {
		key, ok := s.key()
		if !ok || s.kind() != ':' {
			s.fail("expected a string key and ':'")
			break
		}
		s.at++
		s.skipSpace()
		start := s.at
		if visit(key); s.at == start {
			s.raw()
		}
		if s.ends('}') {
			return s.err == nil
		}
	}
	return false
}

// array reads the next value, an array, and calls visit for each element. An element that
// visit does not read is skipped. Array skips a value of another kind and returns false,
// as it does after an error.
func (s *scan) array(visit func()) bool {
	if s.kind() != '[' {
		s.raw()
		return false
	}
	s.at++
	if s.kind() == ']' {
		s.at++
		return true
	}
	for s.err == nil {
		s.kind()
		start := s.at
		if visit(); s.at == start {
			s.raw()
		}
		if s.element != nil {
			s.element(s)
		}
		if s.ends(']') {
			return s.err == nil
		}
	}
	return false
}

// ends steps over the closing bracket of an object or array, or over a comma, and reports
// whether it was the bracket. It also returns true after an error.
func (s *scan) ends(bracket byte) bool {
	switch s.kind() {
	case bracket:
		s.at++
		return true
	case ',':
		s.at++
		return false
	}
	s.fail("expected ',' or '" + string(bracket) + "'")
	return true
}

// text reads a string and returns what stands between its quotes, with its escapes. It
// skips a value that is not a string, and returns false.
func (s *scan) text() ([]byte, bool) {
	value := s.raw()
	if len(value) < 2 || value[0] != '"' {
		return nil, false
	}
	return value[1 : len(value)-1], true
}

// key reads a string and returns it decoded. Keys are short: for them a loop finds the
// quote faster than bytes.IndexByte, which uses vector instructions.
func (s *scan) key() ([]byte, bool) {
	if s.kind() == '"' {
		for i := s.at + 1; i < len(s.doc) && s.doc[i] != '\\'; i++ {
			if s.doc[i] == '"' {
				key := s.doc[s.at+1 : i]
				s.at = i + 1
				return key, true
			}
		}
	}
	key, ok := s.text()
	if bytes.IndexByte(key, '\\') >= 0 {
		key = appendUnescaped(nil, key)
	}
	return key, ok
}

// raw reads one value and returns its bytes.
func (s *scan) raw() []byte {
	switch s.kind() {
	case 0:
		s.fail("unexpected end")
		return nil
	case '"':
		return s.cut(s.stringEnd(s.at))
	case '{', '[':
		return s.cut(s.nestedEnd())
	}
	end := s.at
	for end < len(s.doc) && isScalar[s.doc[end]] {
		end++
	}
	if end == s.at {
		end = -1
	}
	return s.cut(end)
}

// cut returns the bytes up to end and steps over them. An end of -1 means that there is no
// value, which is an error.
func (s *scan) cut(end int) []byte {
	if end < 0 {
		s.fail("expected a value")
		return nil
	}
	value := s.doc[s.at:end]
	s.at = end
	return value
}

// isScalar holds the characters that numbers, true, false and null consist of.
var isScalar = [256]bool{'+': true, '-': true, '.': true, 'E': true,
	'0': true, '1': true, '2': true, '3': true, '4': true, '5': true, '6': true, '7': true, '8': true, '9': true,
	'a': true, 'e': true, 'f': true, 'l': true, 'n': true, 'r': true, 's': true, 't': true, 'u': true}

// stringEnd returns the end of the string that starts at i, or -1. It searches
// from quote to quote: an escaped quote has an odd number of backslashes before it.
func (s *scan) stringEnd(i int) int {
	for from := i + 1; ; {
		n := bytes.IndexByte(s.doc[from:], '"')
		if n < 0 {
			return -1
		}
		end := from + n
		if s.doc[end-1] != '\\' {
			return end + 1
		}
		slashes := 1
		for s.doc[end-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return end + 1
		}
		from = end + 1
	}
}

// nestedEnd returns the end of the object or array that starts here, or -1. The end is where
// as many brackets outside strings are closed as were opened.
func (s *scan) nestedEnd() int {
	depth := 0
	for i := s.at; i < len(s.doc); i++ {
		switch s.doc[i] {
		case '"':
			end := s.stringEnd(i)
			if end < 0 {
				return -1
			}
			i = end - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}

// isNull reports whether a value is absent or null.
func isNull(value []byte) bool { return len(value) == 0 || string(value) == "null" }

// checkEnd checks that nothing follows the value, and returns the first error.
func (s *scan) checkEnd() error {
	if s.err == nil && s.kind() != 0 {
		s.fail("unexpected data after the value")
	}
	return s.err
}
