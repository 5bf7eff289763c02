package scan_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/secret/scan"
)

// FuzzAnyBytesAreCutIntoFragments: the places of fragments follow one another,
// whatever the encoding of a file.
func FuzzAnyBytesAreCutIntoFragments(f *testing.F) {
	f.Add([]byte("\xff\xfea\x00\n\x00"))
	f.Add([]byte("\x00\x00\xfe\xff\x00\x00\x00a\x00\x00"))
	f.Add([]byte("a\x00b\x00c\x00d\x00\n\x00e\x00f\x00g\x00\xd8"))
	f.Add([]byte("plain\n" + "t\x00o\x00k\x00e\x00n\x00 \x00=\x00 \x00x\x00"))
	f.Add([]byte(strings.Repeat("x", 130_000)))
	w := scanner(f).Worker()
	f.Fuzz(func(t *testing.T, b []byte) {
		line, column := 1, 0
		err := scan.Fragments(strings.NewReader(string(b)), "a.txt", func(at scan.Fragment) {
			if at.Line != line || at.Column != column {
				t.Fatalf("%d:%d, not %d:%d", at.Line, at.Column, line, column)
			}
			if last := strings.LastIndexByte(at.Text, '\n'); last >= 0 {
				line, column = line+strings.Count(at.Text, "\n"), len(scan.Characters(at.Text[last+1:]))
			} else {
				column += len(scan.Characters(at.Text))
			}
			w.Search(at)
		})
		_ = err // a kind of file that is no text
	})
}

// A column is counted in characters, on the line that people see.
func TestColumnsAreThoseOfPeople(t *testing.T) {
	t.Parallel()
	w := scanner(t).Worker()
	for name, c := range map[string]struct {
		text                       string
		line, column, end, columns int
	}{
		"plain":             {"x\nab " + token(1) + "\n", 2, 4, 2, 44},
		"tabs":              {"\t\t" + token(1), 1, 3, 1, 43},
		"several bytes":     {"üñ日 " + token(1) + "\n", 1, 5, 1, 45},
		"line ends of DOS":  {"a\r\nb " + token(1) + "\r\n", 2, 3, 2, 43},
		"a byte order mark": {"\ufeff" + token(1) + "\n", 1, 1, 1, 41},
		"a long line":       {strings.Repeat("ü ", 5000) + token(1), 1, 10001, 1, 10041},
	} {
		found := w.Scan(scan.Fragment{Path: "a.txt", Line: 1, Text: c.text})
		if len(found) != 1 {
			t.Errorf("%s: %+v", name, found)
			continue
		}
		if n := found[0]; n.Line != c.line || n.Column != c.column || n.EndLine != c.end || n.EndColumn != c.columns {
			t.Errorf("%s: %d:%d to %d:%d", name, n.Line, n.Column, n.EndLine, n.EndColumn)
		}
	}
}

func TestColumnsGoOnInTheNextFragmentOfALine(t *testing.T) {
	t.Parallel()
	w := scanner(t).Worker()
	text := strings.Repeat("ü ", 60_000) + token(1) + "\n"
	columns := 0
	if err := scan.Fragments(strings.NewReader(text), "a.txt", func(f scan.Fragment) {
		for _, n := range w.Scan(f) {
			columns = n.Column
		}
	}); err != nil || columns != 120_001 {
		t.Errorf("%d, %v", columns, err)
	}
}
