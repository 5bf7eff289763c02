package edit

import "github.com/tailscale/hujson"

// setJSONItem writes the element of a list at index, or at its end when index is -1.
func setJSONItem(text []byte, e Element, index int, value map[string]any, comments bool) ([]byte, error) {
	place, err := findJSON(text, e.List, comments)
	if err != nil {
		return nil, err
	}
	list, isArray := place.at.Value.(*hujson.Array)
	if place.rest > 0 || !isArray { // there is no list, or null in its place
		return setJSON(text, e.List, []any{value}, comments)
	}
	style := styleOf(text)
	encoded, err := style.encode(value, len(e.List))
	if err != nil {
		return nil, err
	}
	if index >= 0 {
		old := list.Elements[index]
		return splice(text, old.StartOffset, old.EndOffset, encoded), nil
	}
	body, _ := bodyOf(place.at)
	return style.addEntry(text, place.at, body, encoded, len(e.List)), nil
}

// removeJSONItem takes the element of a list at index out.
func removeJSONItem(text []byte, e Element, index int, comments bool) ([]byte, error) {
	place, err := findJSON(text, e.List, comments)
	if err != nil {
		return nil, err
	}
	return removeEntry(text, &place.at, index), nil
}
