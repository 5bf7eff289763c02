package edit

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// setYAMLItem writes the element of a list at index, or at its end when index is -1.
func setYAMLItem(text []byte, e Element, index int, value map[string]any) ([]byte, error) {
	place, err := findYAML(text, e.List)
	if err != nil {
		return nil, err
	}
	lines, newline := splitLines(text), lineEnd(text)
	list, isList := place.value.(*ast.SequenceNode)
	switch {
	case place.rest > 0:
		return addYAML(lines, place, e.List[len(e.List)-place.rest:], func(indent int) (string, error) {
			item, err := e.encodeYAML(value, indent+2, newline)
			return newline + item, err
		}, newline)
	case isList && list.IsFlowStyle && len(list.Values) > 0:
		return nil, fmt.Errorf("%s is written in brackets; change it by hand", e.List)
	case isList && list.IsFlowStyle:
		item, err := encodeYAML(value)
		return replaceYAML(lines, place, "["+item+"]", newline), err
	case !isList: // "key:" without anything after it
		item, err := e.encodeYAML(value, place.column+2, newline)
		return insertLines(lines, place.line+1, item, newline), err
	}
	column := list.Start.Position.Column - 1
	item, err := e.encodeYAML(value, column, newline)
	if err != nil || index < 0 {
		return insertLines(lines, blockEnd(lines, place.line, place.column), item, newline), err
	}
	start := list.Entries[index].Start.Position.Line - 1
	rest := lines[itemEnd(lines, start, column):]
	return insertLines(append(lines[:start:start], rest...), start, item, newline), nil
}

// removeYAMLItem takes one of n elements out of a list.
func removeYAMLItem(text []byte, e Element, index, n int) ([]byte, error) {
	place, err := findYAML(text, e.List)
	if err != nil {
		return nil, err
	}
	lines := splitLines(text)
	list, isList := place.value.(*ast.SequenceNode)
	switch {
	case !isList:
		return nil, fmt.Errorf("%s %w", e.List, ErrNotList)
	case list.IsFlowStyle && n > 1:
		return nil, fmt.Errorf("%s is written in brackets; change it by hand", e.List)
	case list.IsFlowStyle || n == 1:
		return replaceYAML(lines, place, "[]", lineEnd(text)), nil
	}
	start := list.Entries[index].Start.Position.Line - 1
	end := itemEnd(lines, start, list.Start.Position.Column-1)
	return removeLines(text, len(strings.Join(lines[:start], "")), len(strings.Join(lines[:end], ""))), nil
}

// itemEnd returns the index after the last line of the element whose dash is at a line and a
// column: lines with content that are indented further belong to it.
func itemEnd(lines []string, line, column int) int {
	end := line + 1
	for i := end; i < len(lines); i++ {
		if !hasContent(lines[i]) {
			continue
		}
		if indentOf(lines[i]) <= column {
			break
		}
		end = i + 1
	}
	return end
}

// encodeYAML returns the lines of an element whose dash is at a column.
func (e Element) encodeYAML(value map[string]any, column int, newline string) (string, error) {
	var out strings.Builder
	mark := "- "
	for _, key := range e.sortedKeys(value) {
		name, err := encodeYAML(key)
		if err != nil {
			return "", err
		}
		encoded, err := encodeYAML(value[key])
		if err != nil {
			return "", err
		}
		out.WriteString(strings.Repeat(" ", column) + mark + name + ": " + encoded + newline)
		mark = "  "
	}
	return out.String(), nil
}

// encodeFlow returns a table or a list in braces or brackets on one line.
func encodeFlow(value any) (string, error) {
	text, err := yaml.MarshalWithOptions(value, yaml.Flow(true))
	return strings.TrimSpace(string(text)), err
}
