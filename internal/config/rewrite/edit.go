// Package rewrite changes flowgate.yaml and other YAML files that people edit:
// Migrate to the current version, WireKey to refer to a key, AddToList. Only the
// bytes of the change are touched; comments and order stay. Replace keeps the old
// file beside the new one.
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

// newEditor returns an editor of the text that keeps its byte order mark and line ends.
func newEditor(data []byte) *editor {
	e := &editor{data: data, bom: len(data) - len(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))), newline: "\n",
		lines: findLineStarts(data)}
	if bytes.Contains(data, []byte("\r\n")) {
		e.newline = "\r\n"
	}
	return e
}

// migrateText returns data with old keys renamed and, unless it is 3, the
// version written; root is data's tree.
func migrateText(data []byte, root *yamlnode.Node, version int) ([]byte, error) {
	e := newEditor(data)
	e.flow = len(root.Fields) > 0 && data[e.offset(root.At)] == '{'

	if version != 3 {
		e.setVersion(root)
	}
	if _, both := root.Field("secret_files"); !both {
		e.renameKey(root, "secrets", "secret_files")
	}
	services, _ := root.Field("services")
	if _, both := services.Value.Field(config.CLIProxy); !both {
		e.renameKey(services.Value, config.OldUpstream, config.CLIProxy)
	}
	for _, s := range serviceFields(services.Value) {
		if _, both := s.Value.Field("readiness_path"); !both {
			e.renameKey(s.Value, "health_path", "readiness_path")
		}
		dependsOn, _ := s.Value.Field("depends_on")
		e.renameInDependsOn(dependsOn.Value)
	}
	if _, both := root.Field("auth"); !both {
		e.moveOAuth(root)
	}
	return e.apply(), e.err
}

// serviceFields returns the services that have keys of their own.
func serviceFields(services *yamlnode.Node) []yamlnode.Field {
	if services == nil {
		return nil
	}
	return services.Fields
}

// editor collects replacements of stretches of data and applies them at once.
type editor struct {
	data    []byte
	bom     int
	lines   []int // byte offset of each line
	newline string
	flow    bool // the top level is {…}, as in JSON
	edits   []edit
	err     error
}

type edit struct {
	from, to int
	text     string
}

// replace records an edit once; an anchored map is met wherever it is named.
func (e *editor) replace(from, to int, text string) {
	if new := (edit{from, to, text}); !slices.Contains(e.edits, new) {
		e.edits = append(e.edits, new)
	}
}

// apply returns the text with all edits. Edits that overlap are an error.
func (e *editor) apply() []byte {
	slices.SortStableFunc(e.edits, func(a, b edit) int { return cmp.Compare(a.from, b.from) })
	var out bytes.Buffer
	last := 0
	for _, ed := range e.edits {
		if ed.from < last {
			e.err = cmp.Or(e.err, fmt.Errorf("changes overlap at line %d", yamlnode.PosOf(e.data, ed.from).Line))
			continue
		}
		out.Write(e.data[last:ed.from])
		out.WriteString(ed.text)
		last = ed.to
	}
	out.Write(e.data[last:])
	return out.Bytes()
}

// offset is the byte at which a place begins.
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

// locateWord returns the stretch of the scalar old at a place, quotes included, and
// its quote. Anything else there is an error: the tree and the text disagree.
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

// renameKey changes the key of a map where it stands.
func (e *editor) renameKey(in *yamlnode.Node, old, new string) {
	f, ok := in.Field(old)
	if !ok {
		return
	}
	if from, to, quote := e.locateWord(f.At, old); from < to {
		e.replace(from, to, quote+new+quote)
	}
}

// findLineStarts returns the offsets at which the lines begin, in bytes.
func findLineStarts(data []byte) []int {
	starts := []int{0}
	for i, b := range data {
		if b == '\n' && i+1 < len(data) {
			starts = append(starts, i+1)
		}
	}
	return starts
}
