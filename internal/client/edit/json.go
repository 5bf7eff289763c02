package edit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tailscale/hujson"
)

// jsonCodec returns the functions for JSON; with comments for JSONC.
func jsonCodec(comments bool) codec {
	return codec{
		lookup: func(text []byte, path Path) (any, bool, error) { return lookUpJSON(text, path, comments) },
		set:    func(text []byte, path Path, value any) ([]byte, error) { return setJSON(text, path, value, comments) },
		remove: func(text []byte, path Path) ([]byte, error) {
			place, err := findJSON(text, path, comments)
			if err != nil {
				return nil, err
			}
			return removeEntry(text, place.parent, place.index), nil
		},
		decode: func(text []byte) (map[string]any, error) {
			root, err := parseJSON(text, comments)
			if err != nil {
				return nil, err
			}
			value, err := decodeJSON(root)
			values, _ := value.(map[string]any)
			return values, err
		},
		isEmpty: func(text []byte, path Path) (bool, error) { return isEmptyJSON(text, path, comments) },
		setItem: func(text []byte, e Element, index int, value map[string]any) ([]byte, error) {
			return setJSONItem(text, e, index, value, comments)
		},
		removeItem: func(text []byte, e Element, index, _ int) ([]byte, error) {
			return removeJSONItem(text, e, index, comments)
		},
	}
}

// lookUpJSON returns the value at path; ok is false when there is none.
func lookUpJSON(text []byte, path Path, comments bool) (value any, ok bool, err error) {
	place, err := findJSON(text, path, comments)
	if err != nil || place.rest > 0 {
		return nil, false, err
	}
	value, err = decodeJSON(place.at)
	return value, true, err
}

// isEmptyJSON reports whether an object without members and comments is at path.
func isEmptyJSON(text []byte, path Path, comments bool) (bool, error) {
	place, err := findJSON(text, path, comments)
	if err != nil || place.rest > 0 {
		return false, err
	}
	object, ok := place.at.Value.(*hujson.Object)
	return ok && len(object.Members) == 0 && !hasComment(object.AfterExtra), nil
}

// jsonPlace is how far a path leads into a JSON text.
type jsonPlace struct {
	at     hujson.Value  // the value at the path, or the last value on the way to it
	parent *hujson.Value // the object that holds at; nil at the top
	index  int           // the index of at among the members of parent
	rest   int           // the number of keys at the end of the path that are missing
}

// findJSON returns how far path leads into text.
func findJSON(text []byte, path Path, comments bool) (jsonPlace, error) {
	root, err := parseJSON(text, comments)
	if err != nil {
		return jsonPlace{}, err
	}
	place := jsonPlace{at: root}
	for depth, key := range path {
		object, ok := place.at.Value.(*hujson.Object)
		if !ok {
			return place, fmt.Errorf("%s %w", describeTable(path[:depth]), ErrNotMapping)
		}
		index, err := findMember(object, key)
		if err != nil {
			return place, err
		}
		if index < 0 {
			place.rest = len(path) - depth
			return place, nil
		}
		parent := place.at
		place = jsonPlace{at: object.Members[index].Value, parent: &parent, index: index}
	}
	return place, nil
}

// describeTable returns what messages call the table at a path.
func describeTable(path Path) string {
	if len(path) == 0 {
		return "the file's top"
	}
	return path.String()
}

// parseJSON parses text; a blank text is an empty object.
func parseJSON(text []byte, comments bool) (hujson.Value, error) {
	if isBlank(text) {
		return hujson.Value{Value: &hujson.Object{}}, nil
	}
	root, err := hujson.Parse(text)
	if err != nil {
		return root, fmt.Errorf("the file does not parse: %s", strings.TrimPrefix(err.Error(), "hujson: "))
	}
	if !comments && !root.IsStandard() {
		return root, errors.New("the file has comments or a superfluous comma, which plain JSON does not allow")
	}
	return root, nil
}

// findMember returns the index of a member, -1 when there is none.
func findMember(object *hujson.Object, key string) (int, error) {
	found := -1
	for i, member := range object.Members {
		name, ok := member.Name.Value.(hujson.Literal)
		if !ok || name.String() != key {
			continue
		}
		if found >= 0 {
			return 0, fmt.Errorf("the key %q occurs twice", key)
		}
		found = i
	}
	return found, nil
}

// decodeJSON returns a value as encoding/json decodes it.
func decodeJSON(v hujson.Value) (any, error) {
	plain := v.Clone()
	plain.Standardize()
	var value any
	err := json.Unmarshal(plain.Pack(), &value)
	return value, err
}

// hasComment reports whether there is a comment between two tokens.
func hasComment(extra hujson.Extra) bool { return len(bytes.TrimSpace(extra)) > 0 }

// setJSON replaces the value at path or adds what is missing of it.
func setJSON(text []byte, path Path, value any, comments bool) ([]byte, error) {
	place, err := findJSON(text, path, comments)
	if err != nil {
		return nil, err
	}
	style := styleOf(text)
	if place.rest == 0 {
		depth := len(path) - 1
		encoded, err := style.encode(value, depth)
		if err != nil {
			return nil, err
		}
		return splice(text, place.at.StartOffset, place.at.EndOffset, encoded), nil
	}
	missing := path[len(path)-place.rest:]
	for i := len(missing) - 1; i > 0; i-- {
		value = map[string]any{missing[i]: value}
	}
	return style.addMember(text, place.at, missing[0], value, len(path)-place.rest)
}

// jsonStyle is how a file is laid out.
type jsonStyle struct{ indent, newline string }

// styleOf returns the layout of text: the indent of its first indented line, two spaces
// when there is none.
func styleOf(text []byte) jsonStyle {
	style := jsonStyle{indent: "  ", newline: lineEnd(text)}
	for line := range bytes.Lines(text) {
		word := bytes.TrimLeft(line, " \t")
		if len(word) < len(line) && len(bytes.TrimSpace(word)) > 0 {
			style.indent = string(line[:len(line)-len(word)])
			break
		}
	}
	return style
}

// encode returns value as it is written in a member of an object at a depth (0: the top).
func (s jsonStyle) encode(value any, depth int) (string, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent(strings.Repeat(s.indent, depth+1), s.indent)
	if err := e.Encode(value); err != nil {
		return "", err
	}
	return strings.ReplaceAll(strings.TrimSpace(out.String()), "\n", s.newline), nil
}

// jsonBody is what is between the brackets of an object or an array.
type jsonBody struct {
	entries []jsonEntry
	after   hujson.Extra // before the closing bracket
	isArray bool
}

// jsonEntry is a member of an object or an element of an array.
type jsonEntry struct {
	before hujson.Extra // white space and comments before it
	start  int          // its offset
	value  hujson.Value
}

// bodyOf returns the body of an object or an array; false for another value.
func bodyOf(v hujson.Value) (body jsonBody, ok bool) {
	switch v := v.Value.(type) {
	case *hujson.Object:
		body.after = v.AfterExtra
		for _, m := range v.Members {
			body.entries = append(body.entries, jsonEntry{m.Name.BeforeExtra, m.Name.StartOffset, m.Value})
		}
		return body, true
	case *hujson.Array:
		body.after, body.isArray = v.AfterExtra, true
		for _, e := range v.Elements {
			body.entries = append(body.entries, jsonEntry{e.BeforeExtra, e.StartOffset, e})
		}
		return body, true
	}
	return body, false
}

// addMember adds a member at the end of an object, whose depth is 0 at the top.
func (s jsonStyle) addMember(text []byte, at hujson.Value, key string, value any, depth int) ([]byte, error) {
	name, err := s.encode(key, depth)
	if err != nil {
		return nil, err
	}
	encoded, err := s.encode(value, depth)
	if err != nil {
		return nil, err
	}
	body, ok := bodyOf(at)
	if !ok || body.isArray {
		return nil, ErrNotMapping
	}
	if isBlank(text) {
		return append(bytes.Clone(text), "{"+s.newline+s.indent+name+": "+encoded+s.newline+"}"+s.newline...), nil
	}
	return s.addEntry(text, at, body, name+": "+encoded, depth), nil
}

// addEntry adds an encoded entry at the end of a body, whose depth is 0 at the top.
func (s jsonStyle) addEntry(text []byte, at hujson.Value, body jsonBody, entry string, depth int) []byte {
	inner, outer := s.newline+strings.Repeat(s.indent, depth+1), s.newline+strings.Repeat(s.indent, depth)
	closing := at.EndOffset - 1
	switch {
	case len(body.entries) > 0:
		return s.appendEntry(text, at, body, entry, inner)
	case hasComment(body.after):
		kept := bytes.TrimRight(text[:closing], " \t\r\n")
		return splice(text, len(kept), closing, inner+entry+outer)
	}
	return splice(text, at.StartOffset+1, closing, inner+entry+outer)
}

// appendEntry adds an entry after the last one of a body, on a line of its own unless the whole
// body stands on one line.
func (s jsonStyle) appendEntry(text []byte, at hujson.Value, body jsonBody, entry, inner string) []byte {
	last := body.entries[len(body.entries)-1].value
	closing := at.EndOffset - 1
	first := body.entries[0].before
	if !bytes.Contains(first, []byte("\n")) && !hasComment(last.AfterExtra) && !hasComment(body.after) {
		inner = " "
	} else if i := bytes.LastIndexByte(first, '\n'); i >= 0 {
		inner = s.newline + string(first[i+1:])
	}
	// What is between the last value and the bracket, comments for example, stays.
	between := string(text[last.EndOffset:closing])
	kept := strings.TrimRight(between, " \t\r\n")
	tail := between[len(kept):]
	if last.AfterExtra != nil { // there is a comma after the last entry: the new one gets one, too
		return splice(text, last.EndOffset, closing, kept+inner+entry+","+tail)
	}
	return splice(text, last.EndOffset, closing, ","+kept+inner+entry+tail)
}

// removeEntry takes an entry out of an object or an array, with its comma and the white space
// before it. Comments stay.
func removeEntry(text []byte, parent *hujson.Value, index int) []byte {
	if parent == nil {
		return text
	}
	body, _ := bodyOf(*parent)
	entry := body.entries[index]
	start := entry.start
	start -= len(text[:start]) - len(bytes.TrimRight(text[:start], " \t\r\n"))
	end := entry.value.EndOffset
	isLast := index == len(body.entries)-1
	hasComma := !isLast || entry.value.AfterExtra != nil
	switch {
	case hasComma:
		comma := end + len(entry.value.AfterExtra)
		kept := strings.TrimRight(string(text[end:comma]), " \t\r\n")
		return splice(text, start, comma+1, kept)
	case index > 0: // the comma before it
		before := body.entries[index-1].value
		comma := before.EndOffset + len(before.AfterExtra)
		text = splice(text, start, end, "")
		return splice(text, comma, comma+1, "")
	}
	if !hasComment(body.after) && !hasComment(entry.before) && !hasComment(entry.value.AfterExtra) {
		return splice(text, parent.StartOffset+1, parent.EndOffset-1, "")
	}
	return splice(text, start, end, "")
}
