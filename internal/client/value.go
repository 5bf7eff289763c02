package client

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/flowgate-go/flowgate/internal/client/edit"
)

// Value is one value in a client's file. Its strings may hold placeholders.
type Value struct {
	Path    edit.Path `json:"path"`
	Element string    `json:"element"` // the value is the table of the list at Path that is known by this key
	Value   any       `json:"value"`
	Keep    bool      `json:"keep"` // it is written only where the file has no value

	secret bool // the key is in it
}

// element returns which table of a list the value is; ok is false when it is not in a list.
func (v Value) element() (e edit.Element, ok bool) {
	if v.Element == "" {
		return e, false
	}
	table, _ := v.Value.(map[string]any)
	name, _ := table[v.Element].(string)
	return edit.Element{List: v.Path, Key: v.Element, Name: name}, true
}

// String returns the path of the value.
func (v Value) String() string {
	if e, ok := v.element(); ok {
		return e.String()
	}
	return v.Path.String()
}

// lookup returns the value that a text has in the place of v.
func (v Value) lookup(f edit.Format, text []byte) (value any, found bool, err error) {
	if e, ok := v.element(); ok {
		table, found, err := edit.LookupElement(f, text, e)
		return table, found, err
	}
	return edit.Lookup(f, text, v.Path)
}

// set returns text with the value in its place; created is the number of tables and lists that
// were added for it.
func (v Value) set(f edit.Format, text []byte) (changed []byte, created int, err error) {
	if e, ok := v.element(); ok {
		table, _ := v.Value.(map[string]any)
		return edit.SetElement(f, text, e, table)
	}
	return edit.Set(f, text, v.Path, v.Value)
}

// remove returns text without the value and at most created empty tables and lists around it.
func (v Value) remove(f edit.Format, text []byte, created int) ([]byte, error) {
	if e, ok := v.element(); ok {
		return edit.RemoveElement(f, text, e, created)
	}
	return edit.Remove(f, text, v.Path, created)
}

// values returns the values that Setup writes into a file.
func (t Target) values(f File) []Value {
	filled := make([]Value, 0, len(f.Set))
	for _, v := range f.Set {
		if v.Value == "{catalog}" && t.Catalog == "" {
			continue // there is no router whose models it could list
		}
		v.secret = holdsKey(v.Value)
		v.Path = t.fillPath(v.Path)
		v.Value = dropRepeated(t.fillValue(v.Value))
		same := func(other Value) bool { return slices.Equal(other.Path, v.Path) && v.Element == "" }
		if !slices.ContainsFunc(filled, same) { // both groups may be one
			filled = append(filled, v)
		}
	}
	return filled
}

// fillPath returns path with values in place of the placeholders.
func (t Target) fillPath(path edit.Path) edit.Path {
	filled := make(edit.Path, len(path))
	for i, key := range path {
		filled[i] = t.fill(key)
	}
	return filled
}

// fillValue returns value with values in place of the placeholders. A string that is a number of
// tokens and nothing else becomes a number.
func (t Target) fillValue(value any) any {
	switch value := value.(type) {
	case string:
		filled := t.fill(value)
		if n, err := strconv.Atoi(filled); err == nil && (value == "{context}" || value == "{fast_context}") {
			return n
		}
		return filled
	case float64: // as JSON decodes numbers
		return int(value)
	case []any:
		list := make([]any, len(value))
		for i := range value {
			list[i] = t.fillValue(value[i])
		}
		return list
	case map[string]any:
		table := make(map[string]any, len(value))
		for key := range value {
			table[key] = t.fillValue(value[key])
		}
		return table
	}
	return value
}

// dropRepeated returns a list without the elements that it has already: both groups may be one.
func dropRepeated(value any) any {
	list, ok := value.([]any)
	if !ok {
		return value
	}
	kept := []any{}
	for _, item := range list {
		if !slices.ContainsFunc(kept, func(other any) bool { return reflect.DeepEqual(item, other) }) {
			kept = append(kept, item)
		}
	}
	return kept
}

// holdsKey reports whether a value of the table has the key itself in it.
func holdsKey(value any) bool { return mentions(value, "{key}") }

// mentions reports whether a value of the table has a placeholder in it.
func mentions(value any, placeholder string) bool {
	inside := func(value any) bool { return mentions(value, placeholder) }
	switch value := value.(type) {
	case string:
		return strings.Contains(value, placeholder)
	case []any:
		return slices.ContainsFunc(value, inside)
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(value)), inside)
	}
	return false
}

// WantsCatalog reports whether the client's settings refer to Codex's catalogue of models.
func (c Client) WantsCatalog() bool { return c.wants("{catalog}") }

// WantsModels reports whether the client's settings say more of the models than their names.
func (c Client) WantsModels() bool {
	return c.wants("{catalog}") || c.wants("{context}") || c.wants("{fast_context}")
}

// wants reports whether the client's settings have a placeholder in them.
func (c Client) wants(placeholder string) bool {
	return slices.ContainsFunc(c.Files, func(f File) bool {
		return slices.ContainsFunc(f.Set, func(v Value) bool { return mentions(v.Value, placeholder) })
	})
}
