// Package rewrite changes flowgate.yaml and other YAML files that people edit:
// Migrate rewrites a file in the current version, WireKey adds a reference to a key,
// AddToList adds an item to a list, ExtractSecrets and ExtractKeys replace keys by references.
// They change only the bytes that they have to; comments and order stay. Replace keeps
// the old file beside the new one.
//
// It refuses a change after which the file would not mean what was intended.
//
// It has more than 700 lines because every change is a method of one editor, which
// keeps the rest of the file byte for byte.
package rewrite

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
)

// newEditor returns an editor of the text that keeps its byte order mark and line endings.
func newEditor(data []byte) *editor {
	e := &editor{data: data, bom: len(data) - len(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))), newline: "\n",
		lines: findLineStarts(data)}
	if bytes.Contains(data, []byte("\r\n")) {
		e.newline = "\r\n"
	}
	return e
}

// migrateText returns data with old keys renamed and, unless version is 3, with the
// current version written; root is data's tree.
func migrateText(data []byte, root *yamlnode.Node, version int) ([]byte, error) {
	e := newEditor(data)
	e.flow = len(root.Fields) > 0 && data[e.offset(root.At)] == '{'

	if version != 3 {
		e.setVersion(root)
	}
	if _, hasNew := root.Field("secret_files"); !hasNew {
		e.renameKey(root, "secrets", "secret_files")
	}
	services, _ := root.Field("services")
	if _, hasNew := services.Value.Field(config.CLIProxy); !hasNew {
		e.renameKey(services.Value, config.OldUpstream, config.CLIProxy)
	}
	for _, s := range serviceFields(services.Value) {
		if _, hasNew := s.Value.Field("readiness_path"); !hasNew {
			e.renameKey(s.Value, "health_path", "readiness_path")
		}
		dependsOn, _ := s.Value.Field("depends_on")
		e.renameInDependsOn(dependsOn.Value)
	}
	if _, hasNew := root.Field("auth"); !hasNew {
		e.moveOAuth(root)
	}
	return e.apply(), e.err
}

// serviceFields returns the fields of the map services; none when it is missing.
func serviceFields(services *yamlnode.Node) []yamlnode.Field {
	if services == nil {
		return nil
	}
	return services.Fields
}

// editor collects replacements of byte ranges of data and applies them at once.
type editor struct {
	data    []byte
	bom     int   // length of the byte order mark in bytes
	lines   []int // byte offset of each line
	newline string
	flow    bool // the top level is {…}, as in JSON
	edits   []edit
	err     error
}

// edit replaces the bytes from the offset from up to the offset to by text.
type edit struct {
	from, to int
	text     string
}

// replace records an edit, and records equal edits once: an anchored map is visited wherever
// an alias names it.
func (e *editor) replace(from, to int, text string) {
	if added := (edit{from, to, text}); !slices.Contains(e.edits, added) {
		e.edits = append(e.edits, added)
	}
}

// apply returns the text with all edits. Edits that overlap are an error.
func (e *editor) apply() []byte {
	slices.SortStableFunc(e.edits, func(a, b edit) int { return cmp.Compare(a.from, b.from) })
	var out bytes.Buffer
	written := 0 // offset up to which data was copied or replaced
	for _, ed := range e.edits {
		if ed.from < written {
			e.err = cmp.Or(e.err, fmt.Errorf("changes overlap at line %d", yamlnode.PosOf(e.data, ed.from).Line))
			continue
		}
		out.Write(e.data[written:ed.from])
		out.WriteString(ed.text)
		written = ed.to
	}
	out.Write(e.data[written:])
	return out.Bytes()
}

// offset returns the byte offset at which a place begins.
func (e *editor) offset(at yamlnode.Pos) int {
	if at.Line < 1 || at.Line > len(e.lines) {
		return len(e.data) - 1
	}
	i := e.lines[at.Line-1]
	if at.Line == 1 {
		i += e.bom
	}
	for range at.Column - 1 {
		_, size := utf8.DecodeRune(e.data[i:])
		i += size
	}
	return min(i, len(e.data)-1)
}

// locateWord returns the byte range of the scalar old at a place, quotes included, and
// its quote. It sets e.err when the text has anything else there.
func (e *editor) locateWord(at yamlnode.Pos, old string) (from, to int, quote string) {
	from = e.offset(at)
	for _, quote = range [...]string{"", `"`, "'"} {
		if strings.HasPrefix(string(e.data[from:min(from+len(old)+2, len(e.data))]), quote+old+quote) {
			return from, from + len(old) + 2*len(quote), quote
		}
	}
	e.err = cmp.Or(e.err, fmt.Errorf("%q is not where it was read, at line %d", old, at.Line))
	return from, from, ""
}

// renameKey renames the key old of a map, if the map has it.
func (e *editor) renameKey(in *yamlnode.Node, old, current string) {
	f, ok := in.Field(old)
	if !ok {
		return
	}
	if from, to, quote := e.locateWord(f.At, old); from < to {
		e.replace(from, to, quote+current+quote)
	}
}

// findLineStarts returns the byte offsets at which the lines begin.
func findLineStarts(data []byte) []int {
	starts := []int{0}
	for i, b := range data {
		if b == '\n' && i+1 < len(data) {
			starts = append(starts, i+1)
		}
	}
	return starts
}
