// Package edit changes single values in configuration files of other programs and keeps
// every other byte: comments, order, unknown keys, line ends and white space. Lookup
// reads a value, Set writes one, and Remove takes one out; LookupElement, SetElement and
// RemoveElement do the same with one table of a list.
//
// It works on texts, not on files, and refuses a text that it cannot read safely: one
// that does not parse, that is not UTF-8, or in which a key of the path occurs twice.
//
// It is larger than other packages because it has an editor for each format behind one set of
// functions; no caller needs one format alone.
package edit

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Format is the syntax of a file.
type Format string

// The formats that can be edited.
const (
	JSON   Format = "json"   // RFC 8259, no comments
	JSONC  Format = "jsonc"  // with comments and commas after the last member
	TOML   Format = "toml"   // TOML 1.0
	YAML   Format = "yaml"   // one document, a mapping in block style at its top
	DotEnv Format = "dotenv" // NAME=value lines
)

// MaxSize bounds a text, in bytes: configuration files are a few kilobytes.
const MaxSize = 4 << 20

// ErrNotMapping says that a key of the path has a value that is not a table of further keys.
var ErrNotMapping = errors.New("is not a table of keys")

// Path is the keys that lead from the top of a file to a value.
type Path []string

// String returns the path with dots between its keys.
func (p Path) String() string { return strings.Join(p, ".") }

// codec reads and changes texts of one format.
type codec struct {
	lookup func(text []byte, path Path) (value any, found bool, err error)
	set    func(text []byte, path Path, value any) ([]byte, error)
	remove func(text []byte, path Path) ([]byte, error)
	// decode returns all values of a text; nil when its top is not a table.
	decode func(text []byte) (map[string]any, error)
	// isEmpty reports whether the path leads to a table without keys and comments.
	isEmpty func(text []byte, path Path) (bool, error)
	// setItem writes the element of a list at index, or at its end when index is -1; a list that
	// is missing is added. removeItem takes one of n elements out. Both are nil for formats
	// whose lists are not edited.
	setItem    func(text []byte, e Element, index int, value map[string]any) ([]byte, error)
	removeItem func(text []byte, e Element, index, n int) ([]byte, error)
}

// codecOf returns the functions of a format.
func codecOf(f Format) (codec, error) {
	switch f {
	case JSON, JSONC:
		return jsonCodec(f == JSONC), nil
	case TOML:
		return tomlCodec(), nil
	case YAML:
		return yamlCodec(), nil
	case DotEnv:
		return dotEnvCodec(), nil
	}
	return codec{}, fmt.Errorf("unknown format %q", f)
}

// Lookup returns the value at path: string, bool, float64 (every number), []any or
// map[string]any. found is false when any key of the path is missing.
func Lookup(f Format, text []byte, path Path) (value any, found bool, err error) {
	c, err := prepare(f, text, path)
	if err != nil {
		return nil, false, err
	}
	return c.lookup(withoutBOM(text), path)
}

// Decode returns all values of a text, as Lookup returns them.
func Decode(f Format, text []byte) (map[string]any, error) {
	c, err := prepare(f, text, Path{"*"})
	if err != nil {
		return nil, err
	}
	values, err := c.decode(withoutBOM(text))
	plain, _ := plainNumbers(values).(map[string]any)
	return plain, err
}

// Set returns text with value (string, bool, int, []any of these; but in TOML also map[string]any) at path.
// Missing tables are added; created is the number of them. Another value is replaced in its
// place; a text that has the value already is returned unchanged.
func Set(f Format, text []byte, path Path, value any) (changed []byte, created int, err error) {
	c, err := prepare(f, text, path)
	if err != nil {
		return nil, 0, err
	}
	if s, ok := value.(string); ok && !isPlain(s) {
		return nil, 0, fmt.Errorf("the value of %s has control characters or is not UTF-8", path)
	}
	mark, plain := cutBOM(text)
	if old, found, err := c.lookup(plain, path); err == nil && found && Equal(old, value) {
		return text, 0, nil
	}
	if created, err = c.countMissing(plain, path); err != nil {
		return nil, 0, err
	}
	changed, err = c.set(plain, path, value)
	if err != nil {
		return nil, 0, err
	}
	if !c.changesOnly(plain, changed, path, value) {
		return nil, 0, fmt.Errorf("%s cannot be set without rewriting the file around it; set it by hand", path)
	}
	return append(mark, changed...), created, nil
}

// countMissing returns how many of the tables around path are missing.
func (c codec) countMissing(text []byte, path Path) (missing int, err error) {
	for n := len(path) - 1; n > 0; n-- {
		if _, found, err := c.lookup(text, path[:n]); err != nil || found {
			return missing, err
		}
		missing++
	}
	return missing, nil
}

// changesOnly reports whether changed has the values of text with value at path.
func (c codec) changesOnly(text, changed []byte, path Path, value any) bool {
	want, err := c.decode(text)
	if err != nil {
		return false
	}
	if want == nil {
		want = map[string]any{}
	}
	at := want
	for _, key := range path[:len(path)-1] {
		next, ok := at[key].(map[string]any)
		if !ok {
			next = map[string]any{}
			at[key] = next
		}
		at = next
	}
	at[path[len(path)-1]] = value
	got, err := c.decode(changed)
	return err == nil && Equal(got, want)
}

// Remove returns text without the value at path, and without the tables around it that are
// empty then, at most created of them. A text without the value is returned unchanged.
func Remove(f Format, text []byte, path Path, created int) ([]byte, error) {
	c, err := prepare(f, text, path)
	if err != nil {
		return nil, err
	}
	mark, plain := cutBOM(text)
	if _, found, err := c.lookup(plain, path); err != nil || !found {
		return text, err
	}
	if plain, err = c.remove(plain, path); err != nil {
		return nil, err
	}
	if _, found, err := c.lookup(plain, path); err != nil || found {
		return nil, fmt.Errorf("%s cannot be removed without rewriting the file around it; remove it by hand", path)
	}
	for n := len(path) - 1; n > 0 && created > 0; n, created = n-1, created-1 {
		if empty, err := c.isEmpty(plain, path[:n]); err != nil || !empty {
			return append(mark, plain...), err
		}
		if plain, err = c.remove(plain, path[:n]); err != nil {
			return nil, err
		}
	}
	return append(mark, plain...), nil
}

// prepare checks the text and the path and returns the codec of the format.
func prepare(f Format, text []byte, path Path) (codec, error) {
	switch {
	case len(path) == 0:
		return codec{}, errors.New("the path is empty")
	case len(text) > MaxSize:
		return codec{}, fmt.Errorf("the file has %d bytes; more than %d are not edited", len(text), MaxSize)
	case slices.ContainsFunc(path, func(key string) bool { return key == "" || !isPlain(key) }):
		return codec{}, fmt.Errorf("the path %q has an empty key or control characters", path.String())
	case !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0:
		return codec{}, errors.New("the file is not UTF-8 text")
	}
	return codecOf(f)
}

// isPlain reports whether text is UTF-8 without control characters.
func isPlain(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

// bom is the byte order mark of UTF-8.
var bom = []byte("\xef\xbb\xbf")

// cutBOM returns the byte order mark of text, if it has one, and the rest.
func cutBOM(text []byte) (mark, rest []byte) {
	if rest, found := bytes.CutPrefix(text, bom); found {
		return bytes.Clone(bom), rest
	}
	return nil, text
}

// withoutBOM returns text without its byte order mark.
func withoutBOM(text []byte) []byte {
	_, rest := cutBOM(text)
	return rest
}

// blanks are the white space characters that every format ignores between lines.
const blanks = " \t\r\n"

// isBlank reports whether text has no other characters than blanks.
func isBlank(text []byte) bool { return len(bytes.Trim(text, blanks)) == 0 }

// lineEnd returns the line end that text uses: that of its first line.
func lineEnd(text []byte) string {
	if i := bytes.IndexByte(text, '\n'); i > 0 && text[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// splice returns text with the bytes from start to end replaced by with.
func splice(text []byte, start, end int, with string) []byte {
	out := make([]byte, 0, len(text)+len(with))
	out = append(out, text[:start]...)
	out = append(out, with...)
	return append(out, text[end:]...)
}
