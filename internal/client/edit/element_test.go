package edit_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/client/edit"
)

// addition is one element that is set in a list of a text.
type addition struct {
	name, list string // keys with slashes between them
	format     edit.Format
	text, want string
}

// element is what the tests write.
var element = map[string]any{"name": "FG", "url": "u", "size": 7}

var additions = []addition{
	{"an empty JSON file", "m", edit.JSON, "",
		"{\n  \"m\": [\n    {\n      \"name\": \"FG\",\n      \"size\": 7,\n      \"url\": \"u\"\n    }\n  ]\n}\n"},
	{"after the last element", "m", edit.JSON, "{\n\t\"m\": [\n\t\t{\"name\": \"a\"}\n\t]\n}\n",
		"{\n\t\"m\": [\n\t\t{\"name\": \"a\"},\n\t\t{\n\t\t\t\"name\": \"FG\",\n\t\t\t\"size\": 7,\n\t\t\t\"url\": \"u\"\n\t\t}\n\t]\n}\n"},
	{"an empty list", "a/m", edit.JSON, `{"a": {"m": []}}`,
		"{\"a\": {\"m\": [\n      {\n        \"name\": \"FG\",\n        \"size\": 7,\n        \"url\": \"u\"\n      }\n    ]}}"},
	{"in its place", "m", edit.JSON, `{"m": [{"name": "FG", "old": 1}, "x"]}`,
		"{\"m\": [{\n      \"name\": \"FG\",\n      \"size\": 7,\n      \"url\": \"u\"\n    }, \"x\"]}"},
	{"a comment after the last element", "m", edit.JSONC, "{\n  \"m\": [\n    1, // one\n    // more\n  ]\n}\n",
		"{\n  \"m\": [\n    1, // one\n    // more\n    {\n      \"name\": \"FG\",\n      \"size\": 7,\n      \"url\": \"u\"\n    },\n  ]\n}\n"},

	{"an empty YAML file", "m", edit.YAML, "", "m:\n  - name: FG\n    size: 7\n    url: u\n"},
	{"a deeper list", "a/m", edit.YAML, "a:\n    b: 1\n\nz: 2", "a:\n    b: 1\n    m:\n      - name: FG\n        size: 7\n        url: u\n\nz: 2"},
	{"after the last YAML element", "m", edit.YAML, "m: # mine\n- name: a # one\n  x: [1, 2]\n\n# the end\nz: 1\n",
		"m: # mine\n- name: a # one\n  x: [1, 2]\n- name: FG\n  size: 7\n  url: u\n\n# the end\nz: 1\n"},
	{"YAML in its place", "m", edit.YAML, "m:\n  - a\n  -\n    name: FG # mine\n    old:\n      - 1\n  # next\n  - b\n",
		"m:\n  - a\n  - name: FG\n    size: 7\n    url: u\n  # next\n  - b\n"},
	{"a key without a list", "m", edit.YAML, "m:\nz: 1\r\n", "m:\n  - name: FG\n    size: 7\n    url: u\nz: 1\r\n"},
	{"an empty YAML list", "m", edit.YAML, "m: [] # none\r\n", "m: [{name: FG, size: 7, url: u}] # none\r\n"},
	{"a YAML list without a line end", "m", edit.YAML, "m:\n  - x", "m:\n  - x\n  - name: FG\n    size: 7\n    url: u"},
	{"YAML with Windows line ends", "m", edit.YAML, "m:\r\n- x\r\n", "m:\r\n- x\r\n- name: FG\r\n  size: 7\r\n  url: u\r\n"},
}

func elementOf(list string) edit.Element {
	return edit.Element{List: strings.Split(list, "/"), Key: "name", Name: "FG"}
}

func TestAnElementIsSetAndTakenOutAndEveryOtherByteStays(t *testing.T) {
	t.Parallel()
	for _, a := range additions {
		e := elementOf(a.list)
		got, created, err := edit.SetElement(a.format, []byte(a.text), e, element)
		if err != nil || string(got) != a.want {
			t.Errorf("%s: %v\n%q, not\n%q", a.name, err, got, a.want)
			continue
		}
		if again, _, err := edit.SetElement(a.format, got, e, element); err != nil || string(again) != string(got) {
			t.Errorf("%s: the second time %v\n%q", a.name, err, again)
		}
		if value, found, err := edit.LookupElement(a.format, got, e); err != nil || !found || !edit.Equal(value, element) {
			t.Errorf("%s: %v, found %v, %v", a.name, value, found, err)
		}
		if _, before, _ := edit.LookupElement(a.format, []byte(a.text), e); before {
			continue
		}
		removed, err := edit.RemoveElement(a.format, got, e, created)
		if want := strings.Join(strings.Fields(a.text), ""); err != nil ||
			strings.Join(strings.Fields(strings.ReplaceAll(string(removed), "m: []\nz", "m:\nz")), "") != want &&
				(want != "" || strings.Trim(string(removed), "{}\n") != "") {
			t.Errorf("%s: removed %v\n%q", a.name, err, removed)
		}
	}
}

func TestAListThatCannotBeEditedSafelyIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, want string
		format     edit.Format
		text       string
	}{
		{"a table in its place", "not a list", edit.JSON, `{"m": {}}`},
		{"the element twice", "twice", edit.JSON, `{"m": [{"name": "FG"}, {"name": "FG"}]}`},
		{"a YAML list in brackets", "by hand", edit.YAML, "m: [a, b]\n"},
		{"a YAML value in its place", "not a list", edit.YAML, "m: x\n"},
		{"TOML", "not edited", edit.TOML, ""},
		{"variables", "not edited", edit.DotEnv, ""},
	} {
		_, _, err := edit.SetElement(c.format, []byte(c.text), elementOf("m"), element)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, _, err := edit.SetElement(edit.JSON, nil, elementOf("m"), map[string]any{"name": "other"}); err == nil {
		t.Error("an element of another name was set")
	}
	if _, _, err := edit.SetElement(edit.JSON, nil, edit.Element{List: edit.Path{"m"}, Key: "name"}, element); err == nil {
		t.Error("an element without a name was set")
	}
}

// FuzzSetElementThenRemove has any text: after SetElement the element is there, and after
// RemoveElement it is not; no text makes either of them panic.
func FuzzSetElementThenRemove(f *testing.F) {
	formats := []edit.Format{edit.JSON, edit.JSONC, edit.YAML}
	for i, format := range formats {
		for _, a := range additions {
			if a.format == format {
				f.Add(i, a.text, a.list)
			}
		}
	}
	f.Fuzz(func(t *testing.T, format int, text, list string) {
		if format < 0 || format >= len(formats) {
			return
		}
		e := elementOf(list)
		_, before, err := edit.LookupElement(formats[format], []byte(text), e)
		if err != nil {
			return
		}
		set, created, err := edit.SetElement(formats[format], []byte(text), e, element)
		if err != nil {
			return
		}
		if got, found, err := edit.LookupElement(formats[format], set, e); err != nil || !found || !edit.Equal(got, element) {
			t.Fatalf("%s: set in %q gives %q: found %v %v, %v", formats[format], text, set, found, got, err)
		}
		if before {
			return
		}
		removed, err := edit.RemoveElement(formats[format], set, e, created)
		if err != nil {
			t.Fatalf("%s: it cannot be removed from %q: %v", formats[format], set, err)
		}
		if _, found, err := edit.LookupElement(formats[format], removed, e); found || err != nil {
			t.Fatalf("%s: it is still in %q, was %q: %v", formats[format], removed, set, err)
		}
	})
}
