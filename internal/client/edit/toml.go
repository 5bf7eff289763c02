package edit

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// tomlCodec returns the functions for TOML.
func tomlCodec() codec {
	return codec{lookup: lookupTOML, set: setTOML, remove: removeTOML, decode: decodeTOML, isEmpty: isEmptyTOML}
}

// tomlEntry is a line "key = value".
type tomlEntry struct {
	path                   Path // of the value, including the path of the table
	start, end, valueStart int  // offsets of the key, the end of the value and its start
}

// tomlTable is a line "[table]" with the entries that belong to it.
type tomlTable struct {
	path       Path // empty for the top of the file
	start      int  // offset of its header
	contentEnd int  // offset after the line of its last entry, or of its header when it has none; -1 when neither
	isArray    bool // "[[table]]"
}

// tomlLayout is the places of everything in a TOML text. tables[0] is the top of the file.
type tomlLayout struct {
	tables  []tomlTable
	entries []tomlEntry
}

// parseLayout finds the tables and entries of a text.
func parseLayout(text []byte) (tomlLayout, error) {
	layout := tomlLayout{tables: []tomlTable{{contentEnd: -1}}}
	p := unstable.Parser{}
	p.Reset(text)
	for p.NextExpression() {
		e := p.Expression()
		current := &layout.tables[len(layout.tables)-1]
		switch e.Kind {
		case unstable.Table, unstable.ArrayTable:
			path, start, end := readKeys(e.Key())
			start = lineStart(text, start)
			layout.tables = append(layout.tables, tomlTable{path, start, restOfLine(text, end), e.Kind == unstable.ArrayTable})
		case unstable.KeyValue:
			path, start, keyEnd := readKeys(e.Key())
			raw := e.Raw
			end := int(raw.Offset + raw.Length)
			value := keyEnd + bytes.IndexByte(text[keyEnd:], '=') + 1
			value += len(text[value:]) - len(bytes.TrimLeft(text[value:], " \t"))
			end = value + len(bytes.TrimRight(text[value:end], " \t\r\n"))
			layout.entries = append(layout.entries, tomlEntry{slices.Concat(current.path, path), start, end, value})
			current.contentEnd = restOfLine(text, end)
		}
	}
	return layout, p.Error()
}

// readKeys returns the keys of a table or an entry, and the offsets where they begin and end.
func readKeys(keys unstable.Iterator) (path Path, start, end int) {
	for first := true; keys.Next(); first = false {
		key := keys.Node()
		if first {
			start = int(key.Raw.Offset)
		}
		path, end = append(path, string(key.Data)), int(key.Raw.Offset+key.Raw.Length)
	}
	return path, start, end
}

// lineStart returns the offset of the first byte of the line that at is in.
func lineStart(text []byte, at int) int { return bytes.LastIndexByte(text[:at], '\n') + 1 }

// restOfLine returns the offset after the line that at is in and its line end.
func restOfLine(text []byte, at int) int {
	if i := bytes.IndexByte(text[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(text)
}

// decodeTOML returns the values of a text.
func decodeTOML(text []byte) (map[string]any, error) {
	values := map[string]any{}
	if err := toml.Unmarshal(text, &values); err != nil {
		if at := (*toml.DecodeError)(nil); errors.As(err, &at) {
			line, column := at.Position()
			return nil, fmt.Errorf("the file does not parse: line %d, column %d: %w", line, column, err)
		}
		return nil, fmt.Errorf("the file does not parse: %w", err)
	}
	return values, nil
}

// lookupTOML returns the value at path.
func lookupTOML(text []byte, path Path) (any, bool, error) {
	values, err := decodeTOML(text)
	if err != nil {
		return nil, false, err
	}
	return lookupDecoded(values, path)
}

// lookupDecoded returns the value at path in decoded tables, with its numbers as float64.
func lookupDecoded(values map[string]any, path Path) (any, bool, error) {
	at := any(values)
	for depth, key := range path {
		if at == nil { // YAML's "key:" without anything after it
			return nil, false, nil
		}
		table, ok := at.(map[string]any)
		if !ok {
			return nil, false, fmt.Errorf("%s %w", describeTable(path[:depth]), ErrNotMapping)
		}
		if at, ok = table[key]; !ok {
			return nil, false, nil
		}
	}
	return plainNumbers(at), true, nil
}

// plainNumbers returns v with every number as a float64, as JSON has them.
func plainNumbers(v any) any {
	switch v := v.(type) {
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case uint64:
		return float64(v)
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = plainNumbers(v[i])
		}
		return list
	case map[string]any:
		table := make(map[string]any, len(v))
		for key := range v {
			table[key] = plainNumbers(v[key])
		}
		return table
	}
	return v
}

// setTOML replaces the value at path or adds a line with it.
func setTOML(text []byte, path Path, value any) ([]byte, error) {
	if _, _, err := lookupTOML(text, path); err != nil {
		return nil, err
	}
	layout, err := parseLayout(text)
	if err != nil {
		return nil, fmt.Errorf("the file does not parse: %w", err)
	}
	encoded, err := encodeTOML(value)
	if err != nil {
		return nil, err
	}
	return layout.set(text, path, encoded), nil
}

// set returns text with an encoded value at path: in the place of the old one, in a new line of
// its table, or in a new table at the end.
func (l tomlLayout) set(text []byte, path Path, encoded string) []byte {
	newline := lineEnd(text)
	for _, e := range l.entries {
		if slices.Equal(e.path, path) {
			return splice(text, e.valueStart, e.end, encoded)
		}
	}
	table, key := path[:len(path)-1], path[len(path)-1]
	line := quoteKey(key) + " = " + encoded + newline
	for _, t := range l.tables {
		if !slices.Equal(t.path, table) || t.isArray {
			continue
		}
		if len(table) == 0 && t.contentEnd < 0 {
			return l.addFirst(text, line)
		}
		return insertLine(text, t.contentEnd, line, newline)
	}
	header := "[" + quotePath(table) + "]" + newline
	if !isBlank(text) {
		header = newline + header
	}
	return insertLine(text, len(text), header+line, newline)
}

// addFirst adds the first entry at the top of the file: before the first table and the
// comments right above it.
func (l tomlLayout) addFirst(text []byte, line string) []byte {
	if len(l.tables) == 1 {
		return insertLine(text, len(text), line, lineEnd(text))
	}
	at := l.tables[1].start
	for at > 0 {
		above := lineStart(text, at-1)
		if !bytes.HasPrefix(bytes.TrimSpace(text[above:at]), []byte("#")) {
			break
		}
		at = above
	}
	return splice(text, at, at, line+lineEnd(text))
}

// insertLine inserts a line at an offset that is the start of a line, or the end of a
// text that may lack its last line end.
func insertLine(text []byte, at int, line, newline string) []byte {
	if at > 0 && text[at-1] != '\n' {
		line = newline + strings.TrimSuffix(line, newline)
	}
	return splice(text, at, at, line)
}

// removeTOML removes the line of the value at path, or the table at path.
func removeTOML(text []byte, path Path) ([]byte, error) {
	layout, err := parseLayout(text)
	if err != nil {
		return nil, err
	}
	for _, e := range layout.entries {
		if slices.Equal(e.path, path) {
			return removeLines(text, lineStart(text, e.start), restOfLine(text, e.end)), nil
		}
	}
	for _, t := range layout.tables[1:] {
		if slices.Equal(t.path, path) && !t.isArray {
			start := t.start
			if above := lineStart(text, max(start-1, 0)); len(bytes.TrimSpace(text[above:start])) == 0 {
				start = above // the empty line that Set puts before a table
			}
			return removeLines(text, start, t.contentEnd), nil
		}
	}
	return nil, fmt.Errorf("%s is not on a line of its own; remove it by hand", path)
}

// removeLines removes whole lines. When the last one has no line end, the line before them
// loses its own.
func removeLines(text []byte, start, end int) []byte {
	if end == len(text) && end > start && text[end-1] != '\n' {
		start = len(bytes.TrimSuffix(bytes.TrimSuffix(text[:start], []byte("\n")), []byte("\r")))
	}
	return splice(text, start, end, "")
}

// isEmptyTOML reports whether path leads to a table without entries and comments.
func isEmptyTOML(text []byte, path Path) (bool, error) {
	value, found, err := lookupTOML(text, path)
	table, ok := value.(map[string]any)
	if err != nil || !found || !ok || len(table) > 0 {
		return false, err
	}
	layout, err := parseLayout(text)
	for i, t := range layout.tables {
		if i > 0 && slices.Equal(t.path, path) {
			end := len(text)
			if i+1 < len(layout.tables) {
				end = layout.tables[i+1].start
			}
			return len(bytes.TrimSpace(text[t.contentEnd:end])) == 0, err // else comments
		}
	}
	return false, err
}

// encodeTOML returns a value as it is written after "key = ".
func encodeTOML(value any) (string, error) {
	switch value := value.(type) {
	case string:
		return quoteTOML(value)
	case bool, int:
		return fmt.Sprint(value), nil
	case []any:
		items := make([]string, len(value))
		for i := range value {
			item, err := encodeTOML(value[i])
			if err != nil {
				return "", err
			}
			items[i] = item
		}
		return "[" + strings.Join(items, ", ") + "]", nil
	}
	return "", fmt.Errorf("a value of type %T cannot be written in TOML", value)
}

// quoteTOML returns text as a basic string of TOML. It is a string of JSON in which DEL is
// escaped, too.
func quoteTOML(text string) (string, error) {
	quoted, err := jsonStyle{newline: "\n"}.encode(text, 0)
	return strings.ReplaceAll(quoted, "\x7f", `\u007F`), err
}

// quoteKey returns a key as it is written in TOML: bare, or in quotes where that is necessary.
func quoteKey(key string) string {
	if regexp.MustCompile(`^[A-Za-z0-9_-]+$`).MatchString(key) {
		return key
	}
	quoted, _ := quoteTOML(key) // a string can always be encoded
	return quoted
}

// quotePath returns a path as it is written in TOML.
func quotePath(path Path) string {
	quoted := make([]string, len(path))
	for i, key := range path {
		quoted[i] = quoteKey(key)
	}
	return strings.Join(quoted, ".")
}
