// Package splice finds single values in JSON documents and server-sent events
// and replaces them in the bytes that pass, so that a body of any size is
// neither decoded nor encoded again. Members scans a document, Stream rewrites
// a stream of events.
//
// It never validates a document fully: what lies inside a value is skipped by
// matching quotes and brackets. It is longer than 700 lines because
// one pass both rewrites an event and finds out what it means.
package splice

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// SyntaxError says where a document stops being a JSON object.
type SyntaxError struct {
	Offset int    // bytes from the start of the document
	Reason string // what was expected or found
}

// Error names the reason and the offset, in the words of Python's json.
func (e *SyntaxError) Error() string { return fmt.Sprintf("%s (char %d)", e.Reason, e.Offset) }

// Visit is called for one member of an object: its decoded key, and where its value
// starts and ends in the document. It returns false to stop the scan; the rest of the
// document is then not checked. key is only valid during the call.
type Visit func(key []byte, start, end int) bool

// Members calls visit for each top-level member of the JSON object in doc, in
// order, duplicates included. The error is a *SyntaxError when doc is not
// an object, is cut off, or is followed by more than white space.
func Members(doc []byte, visit Visit) error {
	i := skipSpace(doc, 0)
	if i == len(doc) || doc[i] != '{' {
		return &SyntaxError{i, "expected a JSON object"}
	}
	i = skipSpace(doc, i+1)
	if i < len(doc) && doc[i] == '}' {
		return checkEnd(doc, i+1)
	}
	for {
		key, next, err := readKey(doc, i)
		if err != nil {
			return err
		}
		end, err := skipValue(doc, next)
		if err != nil {
			return err
		}
		if !visit(key, next, end) {
			return nil
		}
		i = skipSpace(doc, end)
		switch {
		case i == len(doc):
			return &SyntaxError{i, "unexpected end of the object"}
		case doc[i] == '}':
			return checkEnd(doc, i+1)
		case doc[i] != ',':
			return &SyntaxError{i, "expected ',' or '}'"}
		}
		i = skipSpace(doc, i+1)
	}
}

// readKey reads `"key" :` at i and returns the decoded key and where the value starts.
func readKey(doc []byte, i int) (key []byte, next int, err error) {
	if i == len(doc) || doc[i] != '"' {
		return nil, 0, &SyntaxError{i, "unexpected character, expected a string key"}
	}
	end, err := skipString(doc, i)
	if err != nil {
		return nil, 0, err
	}
	key = doc[i+1 : end-1]
	if bytes.IndexByte(key, '\\') >= 0 {
		var s string
		if json.Unmarshal(doc[i:end], &s) != nil {
			return nil, 0, &SyntaxError{i, "invalid escape in a key"}
		}
		key = []byte(s)
	}
	i = skipSpace(doc, end)
	if i == len(doc) || doc[i] != ':' {
		return nil, 0, &SyntaxError{i, "expected ':'"}
	}
	return key, skipSpace(doc, i+1), nil
}

// skipValue returns the end of the value that starts at i.
func skipValue(doc []byte, i int) (int, error) {
	if i == len(doc) {
		return 0, &SyntaxError{i, "unexpected end, expected a value"}
	}
	switch doc[i] {
	case '"':
		return skipString(doc, i)
	case '{', '[':
		return skipNested(doc, i)
	}
	end := i
	for end < len(doc) && isScalar[doc[end]] {
		end++
	}
	if !isPlainScalar(doc[i:end]) && !json.Valid(doc[i:end]) {
		return 0, &SyntaxError{i, "expected a value"}
	}
	return end, nil
}

// isPlainScalar reports whether text is a value that needs no further check:
// null, true, false, or a whole number that is not negative.
func isPlainScalar(text []byte) bool {
	switch string(text) {
	case "null", "true", "false", "0":
		return true
	}
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(text) > 0 && text[0] != '0'
}

// isScalar has the characters of which numbers, true, false and null consist.
var isScalar = [256]bool{'+': true, '-': true, '.': true, 'E': true,
	'0': true, '1': true, '2': true, '3': true, '4': true, '5': true, '6': true, '7': true, '8': true, '9': true,
	'a': true, 'e': true, 'f': true, 'l': true, 'n': true, 'r': true, 's': true, 't': true, 'u': true}

// skipNested returns the end of the object or array that starts at i: the place where
// as many brackets are closed as were opened. Those in strings do not count.
func skipNested(doc []byte, i int) (int, error) {
	start, depth := i, 0
	for i < len(doc) {
		switch doc[i] {
		case '"':
			end, err := skipString(doc, i)
			if err != nil {
				return 0, err
			}
			i = end
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1, nil
			}
		}
		i++
	}
	return 0, &SyntaxError{start, "object or array is not closed"}
}

// skipString returns the end of the string that starts at i, after its closing quote.
// It searches for quotes; an escaped one has an odd number of backslashes before it.
func skipString(doc []byte, i int) (int, error) {
	for from := i + 1; ; {
		n := bytes.IndexByte(doc[from:], '"')
		if n < 0 {
			return 0, &SyntaxError{i, "string is not closed"}
		}
		end, slashes := from+n, 0
		for doc[end-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return end + 1, nil
		}
		from = end + 1
	}
}

// skipSpace returns the place of the first character at or after i that is not white space.
func skipSpace(doc []byte, i int) int {
	for i < len(doc) && (doc[i] == ' ' || doc[i] == '\n' || doc[i] == '\r' || doc[i] == '\t') {
		i++
	}
	return i
}

// checkEnd returns an error when doc has more than white space from i on.
func checkEnd(doc []byte, i int) error {
	if i = skipSpace(doc, i); i < len(doc) {
		return &SyntaxError{i, "unexpected data after the object"}
	}
	return nil
}

// Elements calls visit with the place of each element of the JSON array in
// doc, in order, until visit returns false. The error is as that of Members.
func Elements(doc []byte, visit func(start, end int) bool) error {
	i := skipSpace(doc, 0)
	if i == len(doc) || doc[i] != '[' {
		return &SyntaxError{i, "expected a JSON array"}
	}
	i = skipSpace(doc, i+1)
	if i < len(doc) && doc[i] == ']' {
		return checkEnd(doc, i+1)
	}
	for {
		end, err := skipValue(doc, i)
		if err != nil {
			return err
		}
		if !visit(i, end) {
			return nil
		}
		i = skipSpace(doc, end)
		switch {
		case i == len(doc):
			return &SyntaxError{i, "unexpected end of the array"}
		case doc[i] == ']':
			return checkEnd(doc, i+1)
		case doc[i] != ',':
			return &SyntaxError{i, "expected ',' or ']'"}
		}
		i = skipSpace(doc, i+1)
	}
}
