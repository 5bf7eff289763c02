package edit

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// Element names one table in a list: the one whose key Key has the value Name. Other
// elements of the list, of whatever type, stay as they are.
type Element struct {
	List Path // of the list
	Key  string
	Name string
}

// String returns the path of the list with the element in brackets.
func (e Element) String() string { return fmt.Sprintf("%s[%s=%s]", e.List, e.Key, e.Name) }

// ErrNotList says that a path leads to a value that is not a list.
var ErrNotList = errors.New("is not a list")

// LookupElement returns the element, as Lookup returns values. found is false when the list or
// the element is missing.
func LookupElement(f Format, text []byte, e Element) (value map[string]any, found bool, err error) {
	c, err := prepareElement(f, text, e)
	if err != nil {
		return nil, false, err
	}
	items, index, err := c.findElement(withoutBOM(text), e)
	if err != nil || index < 0 {
		return nil, false, err
	}
	value, _ = items[index].(map[string]any)
	return value, true, nil
}

// SetElement returns text with value as the element: in the place of the old one, else at the
// end of the list. value has e.Name at e.Key. Missing tables and the list are added; created is
// the number of them.
func SetElement(f Format, text []byte, e Element, value map[string]any) (changed []byte, created int, err error) {
	c, err := prepareElement(f, text, e)
	if err != nil {
		return nil, 0, err
	}
	if value[e.Key] != e.Name {
		return nil, 0, fmt.Errorf("the element %s has another name in it", e)
	}
	if c.setItem == nil {
		return nil, 0, fmt.Errorf("%s: lists in %s are not edited", e.List, f)
	}
	mark, plain := cutBOM(text)
	items, index, err := c.findElement(plain, e)
	if err != nil || index >= 0 && Equal(items[index], value) {
		return text, 0, err
	}
	if created, err = c.countMissing(plain, append(slices.Clone(e.List), e.Key)); err != nil {
		return nil, 0, err
	}
	if changed, err = c.setItem(plain, e, index, value); err != nil {
		return nil, 0, err
	}
	if !c.changesOnlyElement(plain, changed, e, index, value) {
		return nil, 0, fmt.Errorf("%s cannot be set without rewriting the file around it; set it by hand", e)
	}
	return append(mark, changed...), created, nil
}

// RemoveElement returns text without the element, and without the list and the tables around
// it that are empty then, at most created of them. A text without the element is returned
// unchanged.
func RemoveElement(f Format, text []byte, e Element, created int) ([]byte, error) {
	c, err := prepareElement(f, text, e)
	if err != nil {
		return nil, err
	}
	mark, plain := cutBOM(text)
	items, index, err := c.findElement(plain, e)
	if err != nil || index < 0 {
		return text, err
	}
	if len(items) == 1 && created > 0 {
		return Remove(f, text, e.List, created-1)
	}
	if plain, err = c.removeItem(plain, e, index, len(items)); err != nil {
		return nil, err
	}
	rest, _, err := c.lookup(plain, e.List)
	if list, _ := rest.([]any); err != nil || len(list) != len(items)-1 {
		return nil, fmt.Errorf("%s cannot be removed without rewriting the file around it; remove it by hand", e)
	}
	return append(mark, plain...), nil
}

// prepareElement is prepare for the list of an element.
func prepareElement(f Format, text []byte, e Element) (codec, error) {
	c, err := prepare(f, text, e.List)
	if err == nil && (e.Key == "" || e.Name == "" || !isPlain(e.Key) || !isPlain(e.Name)) {
		err = fmt.Errorf("the element %q has an empty key or name, or control characters", e.String())
	}
	return c, err
}

// findElement returns the values of the list and the index of the element; -1 when it is
// missing. An element that is there twice is an error.
func (c codec) findElement(text []byte, e Element) (items []any, index int, err error) {
	value, found, err := c.lookup(text, e.List)
	if err != nil || !found || value == nil {
		return nil, -1, err
	}
	items, isList := value.([]any)
	if !isList {
		return nil, -1, fmt.Errorf("%s %w", e.List, ErrNotList)
	}
	index = -1
	for i, item := range items {
		if table, ok := item.(map[string]any); ok && table[e.Key] == e.Name {
			if index >= 0 {
				return nil, -1, fmt.Errorf("%s occurs twice", e)
			}
			index = i
		}
	}
	return items, index, nil
}

// changesOnlyElement reports whether changed has the values of text with value as the element
// that was at index, or is new when index is -1.
func (c codec) changesOnlyElement(text, changed []byte, e Element, index int, value map[string]any) bool {
	var items []any
	if before, found, err := c.lookup(text, e.List); err != nil {
		return false
	} else if found {
		items, _ = before.([]any)
	}
	if index < 0 {
		items = append(slices.Clone(items), any(value))
	} else {
		items[index] = value
	}
	return c.changesOnly(text, changed, e.List, items)
}

// sortedKeys returns the keys of an element in the order in which they are written: its name
// first.
func (e Element) sortedKeys(value map[string]any) []string {
	rest := slices.DeleteFunc(slices.Sorted(maps.Keys(value)), func(key string) bool { return key == e.Key })
	return append([]string{e.Key}, rest...)
}

// Equal reports whether two values of a file are the same, whatever types their numbers have.
func Equal(a, b any) bool { return reflect.DeepEqual(plainNumbers(a), plainNumbers(b)) }
