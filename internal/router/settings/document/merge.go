package document

import (
	"slices"

	"github.com/goccy/go-yaml/ast"
)

// source is a parsed text that values come from.
type source struct {
	path string
	root ast.Node
}

// piece says where a top-level value comes from, or the elements of a top-level list
// from an index on.
type piece struct {
	from   int
	source source
}

// Merge adds what an included file has, its top section, to the top section s as
// LiteLLM does: lists are extended, every other value replaces that of s. Errors and
// warnings about the values name the file that they stand in.
func (s Section) Merge(included Section) {
	f, origin := s.file, source{included.file.path, included.file.root}
	if f.pieces == nil {
		f.pieces = map[string][]piece{}
	}
	for _, key := range included.Keys() {
		value, old := included.values[key], s.values[key]
		list, isList := value.([]any)
		oldList, wasList := old.([]any)
		switch {
		case key == "include":
		case isList && wasList:
			if f.pieces[key] == nil {
				f.pieces[key] = []piece{{0, source{f.path, f.root}}}
			}
			f.pieces[key] = append(f.pieces[key], piece{len(oldList), origin})
			s.values[key] = slices.Concat(oldList, list)
		default:
			if old != nil {
				s.Warn("include-replaces", "include", "%s replaces the whole of %s, as in LiteLLM", origin.path, key)
			}
			f.pieces[key] = []piece{{0, origin}}
			s.values[key] = value
		}
	}
}

// locate returns the source of the value at path, and its path there.
func (f *File) locate(path []any) (source, []any) {
	own := source{f.path, f.root}
	if len(path) == 0 {
		return own, path
	}
	key, _ := path[0].(string)
	pieces := f.pieces[key]
	if len(pieces) == 0 {
		return own, path
	}
	if len(path) == 1 {
		return pieces[0].source, path
	}
	index, isIndex := path[1].(int)
	if !isIndex {
		return pieces[0].source, path
	}
	for _, p := range slices.Backward(pieces) {
		if p.from <= index {
			return p.source, append([]any{key, index - p.from}, path[2:]...)
		}
	}
	return own, path
}
