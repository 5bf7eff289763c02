package edit

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// yamlCodec returns the functions for YAML in block style.
func yamlCodec() codec {
	return codec{lookup: lookupYAML, set: setYAML, remove: removeYAML, decode: decodeYAML, isEmpty: isEmptyYAML,
		setItem: setYAMLItem, removeItem: removeYAMLItem}
}

// decodeYAML returns the values of a text.
func decodeYAML(text []byte) (map[string]any, error) {
	if bytes.Contains(bytes.ReplaceAll(text, []byte("\r\n"), nil), []byte("\r")) {
		return nil, errors.New("the file has line ends that are neither those of Unix nor those of Windows")
	}
	values := map[string]any{}
	if err := yaml.Unmarshal(text, &values); err != nil {
		return nil, fmt.Errorf("the file does not parse: %s", yaml.FormatError(err, false, false))
	}
	return values, nil
}

// lookupYAML returns the value at path.
func lookupYAML(text []byte, path Path) (any, bool, error) {
	values, err := decodeYAML(text)
	if err != nil {
		return nil, false, err
	}
	return lookupDecoded(values, path)
}

// yamlPlace is how far a path leads into a YAML text.
type yamlPlace struct {
	line, column int // of the last key of the path that exists, from 0; -1 when none does
	value        ast.Node
	rest         int // the number of keys at the end of the path that are missing
}

// findYAML returns how far path leads into text. It follows mappings in block style only.
func findYAML(text []byte, path Path) (yamlPlace, error) {
	file, err := parser.ParseBytes(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), 0)
	if err != nil {
		return yamlPlace{}, fmt.Errorf("the file does not parse: %s", yaml.FormatError(err, false, false))
	}
	if len(file.Docs) > 1 {
		return yamlPlace{}, fmt.Errorf("the file has %d documents", len(file.Docs))
	}
	place := yamlPlace{line: -1, column: -1, rest: len(path)}
	if len(file.Docs) == 1 {
		place.value = file.Docs[0].Body
	}
	for depth, key := range path {
		entry, err := findEntry(place.value, key)
		if err != nil {
			return place, fmt.Errorf("%s %w", describeTable(path[:depth]), err)
		}
		if entry == nil {
			return place, nil
		}
		at := entry.Key.GetToken().Position
		place = yamlPlace{at.Line - 1, at.Column - 1, entry.Value, len(path) - depth - 1}
	}
	return place, nil
}

// findEntry returns the entry of a mapping with that key; nil when there is none or the mapping
// is empty.
func findEntry(node ast.Node, key string) (*ast.MappingValueNode, error) {
	var entries []*ast.MappingValueNode
	switch node := node.(type) {
	case nil, *ast.NullNode, *ast.CommentGroupNode:
		return nil, nil
	case *ast.MappingNode:
		if node.IsFlowStyle {
			return nil, fmt.Errorf("is written in braces; change it by hand (%w)", ErrNotMapping)
		}
		entries = node.Values
	case *ast.MappingValueNode:
		entries = []*ast.MappingValueNode{node}
	default:
		return nil, ErrNotMapping
	}
	for _, entry := range entries {
		if entry.Key.GetToken().Value == key {
			return entry, nil
		}
	}
	return nil, nil
}

// splitLines returns the lines of a text, each with its line end.
func splitLines(text []byte) []string {
	var lines []string
	for line := range bytes.Lines(text) {
		lines = append(lines, string(line))
	}
	return lines
}

// indentOf returns the number of spaces that a line begins with.
func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// hasContent reports whether a line is neither blank nor a comment.
func hasContent(line string) bool {
	word := strings.TrimSpace(line)
	return word != "" && word[0] != '#'
}

// blockEnd returns the index after the last line of the entry whose key is at a line and a
// column. Lines with content that are indented further belong to it, and the items of a list.
func blockEnd(lines []string, line, column int) int {
	end := line + 1
	for i := end; i < len(lines); i++ {
		word := strings.TrimSpace(lines[i])
		item := strings.HasPrefix(word, "- ") || word == "-"
		if word == "" || word[0] == '#' {
			continue
		}
		if in := indentOf(lines[i]); in < column || in == column && !item || word == "..." || word == "---" {
			break
		}
		end = i + 1
	}
	return end
}

// setYAML replaces the value at path or adds lines with what is missing of it.
func setYAML(text []byte, path Path, value any) ([]byte, error) {
	place, err := findYAML(text, path)
	if err != nil {
		return nil, err
	}
	encoded, err := encodeYAML(value)
	if err != nil {
		return nil, err
	}
	lines, newline := splitLines(text), lineEnd(text)
	if place.rest == 0 {
		return replaceYAML(lines, place, encoded, newline), nil
	}
	last := func(int) (string, error) { return " " + encoded + newline, nil }
	return addYAML(lines, place, path[len(path)-place.rest:], last, newline)
}

// replaceYAML writes a value on the line of its key, and keeps a comment on that line.
func replaceYAML(lines []string, place yamlPlace, encoded, newline string) []byte {
	line := lines[place.line]
	end := blockEnd(lines, place.line, place.column)
	key, rest := line[:keyEnd(line, place.column)], line[keyEnd(line, place.column):]
	comment := ""
	if end == place.line+1 {
		body := strings.TrimRight(rest, " \t\r\n")
		comment = body[valueLength(body):]
	}
	lines[place.line] = key + " " + encoded + comment + newline
	if !strings.HasSuffix(line, "\n") {
		lines[place.line] = strings.TrimSuffix(lines[place.line], newline)
	}
	return []byte(strings.Join(append(lines[:place.line+1:place.line+1], lines[end:]...), ""))
}

// keyEnd returns the offset after the colon of the key at a column of a line.
func keyEnd(line string, column int) int {
	rest := line[column:]
	if rest != "" && strings.ContainsAny(rest[:1], `"'`) {
		if i := strings.IndexByte(rest[1:], rest[0]); i >= 0 {
			return column + i + 2 + strings.IndexByte(rest[i+2:], ':') + 1
		}
	}
	for i := 0; i < len(rest); i++ { // a colon within a key is followed by another character
		if rest[i] == ':' && (i+1 == len(rest) || strings.ContainsRune(" \t\r\n", rune(rest[i+1]))) {
			return column + i + 1
		}
	}
	return len(line)
}

// addYAML adds the missing keys, each in a line of its own, at the end of the mapping at place.
// last returns what follows the colon of the last key, whose indent it is given.
func addYAML(
	lines []string, place yamlPlace, missing Path, last func(indent int) (string, error), newline string,
) ([]byte, error) {
	at, indent := len(lines), 0
	switch {
	case place.line < 0:
		for at > 0 && !hasContent(lines[at-1]) || at > 0 && strings.TrimSpace(lines[at-1]) == "..." {
			at--
		}
		if at == 0 { // nothing but comments
			at = len(lines)
		}
	default:
		at = blockEnd(lines, place.line, place.column)
		indent = place.column + 2
		if first := firstContent(lines[place.line+1 : at]); first != "" {
			indent = indentOf(first)
		}
	}
	var added strings.Builder
	for i, key := range missing {
		name, err := encodeYAML(key)
		if err != nil {
			return nil, err
		}
		added.WriteString(strings.Repeat(" ", indent+2*i) + name + ":")
		if i < len(missing)-1 {
			added.WriteString(newline)
		}
	}
	value, err := last(indent + 2*(len(missing)-1))
	if err != nil {
		return nil, err
	}
	return insertLines(lines, at, added.String()+value, newline), nil
}

// insertLines inserts a block of whole lines before the line at an index. When the line before
// it has no line end, the block's last line has none instead.
func insertLines(lines []string, at int, block, newline string) []byte {
	if at > 0 && !strings.HasSuffix(lines[at-1], "\n") {
		block = newline + strings.TrimSuffix(block, newline)
	}
	return []byte(strings.Join(lines[:at], "") + block + strings.Join(lines[at:], ""))
}

// firstContent returns the first line with content; "" when there is none.
func firstContent(lines []string) string {
	for _, line := range lines {
		if hasContent(line) {
			return line
		}
	}
	return ""
}

// removeYAML removes the lines of the entry at path.
func removeYAML(text []byte, path Path) ([]byte, error) {
	place, err := findYAML(text, path)
	if err != nil {
		return nil, err
	}
	lines := splitLines(text)
	start := len(strings.Join(lines[:place.line], ""))
	end := len(strings.Join(lines[:blockEnd(lines, place.line, place.column)], ""))
	return removeLines(text, start, end), nil
}

// isEmptyYAML reports whether the key at path has no value, as after the removal of its last child.
func isEmptyYAML(text []byte, path Path) (bool, error) {
	place, err := findYAML(text, path)
	if err != nil || place.rest > 0 {
		return false, err
	}
	_, isNull := place.value.(*ast.NullNode)
	return isNull || place.value == nil, nil
}

// encodeYAML returns a value on one line.
func encodeYAML(value any) (string, error) {
	switch value := value.(type) {
	case string:
		if strings.ContainsAny(value, "\r\n\t") || value != strings.TrimSpace(value) {
			return jsonStyle{newline: "\n"}.encode(value, 0) // YAML 1.2 has JSON's strings
		}
	case map[string]any, []any:
		return encodeFlow(value)
	case bool, int:
	default:
		return "", fmt.Errorf("a value of type %T cannot be written in YAML", value)
	}
	text, err := yaml.Marshal(value)
	return strings.TrimSpace(string(text)), err
}
