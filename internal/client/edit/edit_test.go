package edit_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/client/edit"
)

// change is one value that is set in a text.
type change struct {
	name, path string // keys with slashes between them
	format     edit.Format
	text, want string
	value      any
}

var changes = []change{
	{"an empty JSON file", "env/A", edit.JSON, "", "{\n  \"env\": {\n    \"A\": \"x\"\n  }\n}\n", "x"},
	{"an empty object", "A", edit.JSON, "{}", "{\n  \"A\": \"x\"\n}", "x"},
	{"a value in its place", "a/b", edit.JSON, `{"a": {"b": 1, "c":2}}`, `{"a": {"b": "x", "c":2}}`, "x"},
	{"a member on its own line", "b", edit.JSON, "{\n\t\"a\": 1\n}\n", "{\n\t\"a\": 1,\n\t\"b\": true\n}\n", true},
	{"a member on one line", "b", edit.JSON, `{"a":1}`, `{"a":1, "b": 7}`, 7},
	{"Windows line ends", "a/b", edit.JSON, "{\r\n  \"z\": 1\r\n}\r\n",
		"{\r\n  \"z\": 1,\r\n  \"a\": {\r\n    \"b\": \"x\"\r\n  }\r\n}\r\n", "x"},
	{"a byte order mark", "b", edit.JSON, "\xef\xbb\xbf{\"a\":1}", "\xef\xbb\xbf{\"a\":1, \"b\": \"x\"}", "x"},
	{"a comment after the last member", "b", edit.JSONC, "{\n  \"a\": 1 // one\n  // more\n}\n",
		"{\n  \"a\": 1, // one\n  // more\n  \"b\": \"x\"\n}\n", "x"},
	{"a comma after the last member", "b", edit.JSONC, "{\n  \"a\": 1, // one\n}\n",
		"{\n  \"a\": 1, // one\n  \"b\": \"x\",\n}\n", "x"},
	{"nothing but a comment", "b", edit.JSONC, "{\n  // empty\n}\n", "{\n  // empty\n  \"b\": \"x\"\n}\n", "x"},
	{"no escapes for people", "a", edit.JSON, "{}", "{\n  \"a\": \"<&>é\"\n}", "<&>é"},

	{"an empty TOML file", "model", edit.TOML, "", "model = \"x\"\n", "x"},
	{"a key before the first table", "model", edit.TOML, "# my file\n\n# tools\n[mcp]\na = 1\n",
		"# my file\n\nmodel = \"x\"\n\n# tools\n[mcp]\na = 1\n", "x"},
	{"a key after the last one", "model", edit.TOML, "a = 1 # one\n\n[t]\nb = 2\n",
		"a = 1 # one\nmodel = \"x\"\n\n[t]\nb = 2\n", "x"},
	{"a value with a comment", "a", edit.TOML, "a   = 'old' # keep\n", "a   = \"x\" # keep\n", "x"},
	{"a list in its place", "a", edit.TOML, "a = [\n  1, # one\n  2,\n]\nb = 2\n", "a = \"x\"\nb = 2\n", "x"},
	{"a new table", "p/fg/url", edit.TOML, "a = 1", "a = 1\n\n[p.fg]\nurl = \"x\"", "x"},
	{"a table that is there", "p/fg/url", edit.TOML, "[p.fg] # mine\nname = \"n\"\n\n[q]\n",
		"[p.fg] # mine\nname = \"n\"\nurl = \"x\"\n\n[q]\n", "x"},
	{"a dotted key", "p/fg/url", edit.TOML, "p.fg.url = \"old\"\n", "p.fg.url = \"x\"\n", "x"},
	{"a key with a dot in it", "p/a.b/url", edit.TOML, "", "[p.\"a.b\"]\nurl = \"x\"\n", "x"},
	{"TOML with Windows line ends", "p/u", edit.TOML, "a = 1\r\n", "a = 1\r\n\r\n[p]\r\nu = \"x\"\r\n", "x"},

	{"a TOML list", "p/args", edit.TOML, "", "[p]\nargs = [\"x y\", 1]\n", []any{"x y", 1}},

	{"an empty YAML file", "a/b", edit.YAML, "", "a:\n  b: x\n", "x"},
	{"a key at the end", "b", edit.YAML, "# mine\na: 1 # one\n\n# the end\n", "# mine\na: 1 # one\nb: x\n\n# the end\n", "x"},
	{"a YAML value with a comment", "a", edit.YAML, "a:   'old # not' # keep\nb: 2\n", "a: x # keep\nb: 2\n", "x"},
	{"a block of text", "a", edit.YAML, "a: |\n  one\n\n  two\nb: 2\n", "a: x\nb: 2\n", "x"},
	{"a deeper key", "a/c", edit.YAML, "a:\n    b: 1\n\nd: 2\n", "a:\n    b: 1\n    c: true\n\nd: 2\n", true},
	{"a key without a value", "a/c", edit.YAML, "a:\nd: 2\n", "a:\n  c: 3\nd: 2\n", 3},
	{"a list without an indent", "z", edit.YAML, "a:\n- 1\n- 2\n", "a:\n- 1\n- 2\nz: x\n", "x"},
	{"a text that looks like a number", "a", edit.YAML, "", "a: \"1\"\n", "1"},
	{"no line end", "b", edit.YAML, "a: 1", "a: 1\nb: x", "x"},

	{"an empty environment", "A", edit.DotEnv, "", "A=x\n", "x"},
	{"a variable in its place", "A", edit.DotEnv, "# c\nexport A='old'  # keep\nB=2\n", "# c\nexport A=x  # keep\nB=2\n", "x"},
	{"a value with a space", "B", edit.DotEnv, "A=1\r\n", "A=1\r\nB=\"a \\\"b\\\" \\$c\"\r\n", `a "b" $c`},
}

func TestSetChangesOneValueAndKeepsEveryOtherByte(t *testing.T) {
	t.Parallel()
	for _, c := range changes {
		path := edit.Path(strings.Split(c.path, "/"))
		got, created, err := edit.Set(c.format, []byte(c.text), path, c.value)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %v\n%q, not\n%q", c.name, err, got, c.want)
			continue
		}
		if again, _, err := edit.Set(c.format, got, path, c.value); err != nil || string(again) != string(got) {
			t.Errorf("%s: the second time %v\n%q", c.name, err, again)
		}
		_, before, err := edit.Lookup(c.format, []byte(c.text), path)
		if err != nil || before {
			continue
		}
		removed, err := edit.Remove(c.format, got, path, created)
		if _, found, _ := edit.Lookup(c.format, removed, path[:1]); err != nil ||
			found && created == len(path)-1 {
			t.Errorf("%s: removed %v\n%q", c.name, err, removed)
		}
	}
}

func TestRemoveTakesBackWhatSetAdded(t *testing.T) {
	t.Parallel()
	for _, c := range changes {
		path := edit.Path(strings.Split(c.path, "/"))
		if _, found, _ := edit.Lookup(c.format, []byte(c.text), path); found || c.text == "" || c.text == "{}" {
			continue
		}
		set, created, err := edit.Set(c.format, []byte(c.text), path, c.value)
		if err != nil {
			t.Fatal(err)
		}
		got, err := edit.Remove(c.format, set, path, created)
		if want := c.text; err != nil || strings.Join(strings.Fields(string(got)), "") != strings.Join(strings.Fields(want), "") {
			t.Errorf("%s: %v\n%q, not\n%q", c.name, err, got, want)
		}
	}
}

func TestWhatCannotBeEditedSafelyIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, path, want string
		format           edit.Format
		text             string
	}{
		{"broken JSON", "a", "does not parse", edit.JSON, "{"},
		{"comments where none are read", "a", "comments", edit.JSON, "{} // x\n"},
		{"a list in the way", "a/b", "not a table", edit.JSON, `{"a": []}`},
		{"a list at the top", "a", "not a table", edit.JSON, `[]`},
		{"a key twice", "a", "twice", edit.JSON, `{"a":1,"a":2}`},
		{"UTF-16", "a", "not UTF-8", edit.JSON, "\xff\xfe{\x00}\x00"},
		{"broken TOML", "a", "does not parse", edit.TOML, "a = \n"},
		{"a TOML value in the way", "a/b", "not a table", edit.TOML, "a = 1\n"},
		{"TOML in braces", "a/c", "by hand", edit.TOML, "a = {b = 1}\n"},
		{"a list of tables", "a/c", "not a table", edit.TOML, "[[a]]\nb = 1\n"},
		{"broken YAML", "a", "does not parse", edit.YAML, "a: [\n"},
		{"YAML in braces", "a/c", "by hand", edit.YAML, "a: {b: 1}\n"},
		{"a YAML value in the way", "a/b", "not a table", edit.YAML, "a: 1\n"},
		{"a variable twice", "A", "twice", edit.DotEnv, "A=1\nA=2\n"},
		{"too long", "a", "more than", edit.JSON, strings.Repeat(" ", edit.MaxSize+1)},
	} {
		_, _, err := edit.Set(c.format, []byte(c.text), strings.Split(c.path, "/"), "x")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// FuzzSetThenRemove has any text: after Set the value is there, and after Remove it is
// not; no text makes either of them panic.
func FuzzSetThenRemove(f *testing.F) {
	formats := []edit.Format{edit.JSON, edit.JSONC, edit.TOML, edit.YAML, edit.DotEnv}
	for i, format := range formats {
		for _, c := range changes {
			if c.format == format {
				f.Add(i, c.text, c.path, "x")
			}
		}
	}
	f.Fuzz(func(t *testing.T, format int, text, keys, value string) {
		if format < 0 || format >= len(formats) || value == "" {
			return
		}
		path := edit.Path(strings.Split(keys, "/"))
		_, before, err := edit.Lookup(formats[format], []byte(text), path)
		if err != nil {
			return
		}
		set, created, err := edit.Set(formats[format], []byte(text), path, value)
		if err != nil {
			return
		}
		got, found, err := edit.Lookup(formats[format], set, path)
		if err != nil || !found || got != value {
			t.Fatalf("%s: %q set in %q gives %q: found %v %q, %v", formats[format], path, text, set, found, got, err)
		}
		if before {
			return
		}
		removed, err := edit.Remove(formats[format], set, path, created)
		if err != nil {
			t.Fatalf("%s: %q cannot be removed from %q: %v", formats[format], path, set, err)
		}
		if _, found, err := edit.Lookup(formats[format], removed, path); found || err != nil {
			t.Fatalf("%s: %q is still in %q, was %q: %v", formats[format], path, removed, set, err)
		}
	})
}
