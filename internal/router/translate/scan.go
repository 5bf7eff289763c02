package translate

import (
	"bytes"
	"fmt"
)

// scan reads a JSON document once, from its start to its end. Values that only
// move are skipped as a whole; nothing is decoded. The first error ends the
// reading: every method then does nothing.
type scan struct {
	doc []byte
	at  int
	err error

	element func(*scan) // called behind each element of an array; may be nil
}

func (s *scan) fail(reason string) {
	if s.err == nil {
		s.err = fmt.Errorf("invalid JSON: %s (char %d)", reason, s.at)
	}
	s.at = len(s.doc)
}

func (s *scan) space() {
	for s.at < len(s.doc) {
		switch s.doc[s.at] {
		case ' ', '\n', '\r', '\t':
			s.at++
		default:
			return
		}
	}
}

// kind returns the first character of the value that comes next, 0 at the end.
func (s *scan) kind() byte {
	s.space()
	if s.at == len(s.doc) {
		return 0
	}
	return s.doc[s.at]
}

// object calls visit for each member of the object that comes next, with the
// decoded key. visit reads the value, or leaves it: then it is skipped. A value
// of another kind is skipped, and object returns false.
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
		s.space()
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

// array calls visit for each element of the array that comes next. visit reads
// the element, or leaves it: then it is skipped. A value of another kind is
// skipped, and array returns false.
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

// ends reports whether the object or array ends here, and steps over the
// bracket, or over the comma.
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

// text reads a string and returns what stands between its quotes, escapes as
// they are. It returns false, and reads over the value, when that is not a string.
func (s *scan) text() ([]byte, bool) {
	value := s.raw()
	if len(value) < 2 || value[0] != '"' {
		return nil, false
	}
	return value[1 : len(value)-1], true
}

// key reads a string and returns it decoded. Keys are short: a search for the quote
// that has a vector's speed is slower there.
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

// cut takes the bytes up to end; -1 says that there is no value.
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

// stringEnd returns the end of the string that starts at i, or -1. It hops from
// quote to quote: an escaped one has an odd number of backslashes before it.
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

// nestedEnd returns the end of the object or array that starts here, or -1: the
// place where as many brackets are closed as were opened, strings left out.
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

// isNull reports whether a value says nothing: it is absent or null.
func isNull(value []byte) bool { return len(value) == 0 || string(value) == "null" }

// end checks that nothing follows the value, and returns the first error.
func (s *scan) end() error {
	if s.err == nil && s.kind() != 0 {
		s.fail("unexpected data after the value")
	}
	return s.err
}
