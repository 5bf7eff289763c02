package document

import (
	"slices"

	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
)

// piece is the origin of a top-level value, or of the elements of a top-level list from
// an index on.
type piece struct {
	from   int
	locate Locator
}

// Merge adds the values of included, the top section of an included file, to the top
// section s as LiteLLM does: lists are extended, every other value replaces that of s. Errors and
// warnings about the values name the file that has them.
func (s Section) Merge(included Section) {
	f, origin := s.file, included.file
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
				f.pieces[key] = []piece{{0, f.locate}}
			}
			f.pieces[key] = append(f.pieces[key], piece{len(oldList), origin.locate})
			s.values[key] = slices.Concat(oldList, list)
		default:
			if old != nil {
				s.Warn("include-replaces", "include", "%s replaces the whole of %s, as in LiteLLM", origin.path, key)
			}
			f.pieces[key] = []piece{{0, origin.locate}}
			s.values[key] = value
		}
	}
}

// AddProblems adds the errors of a file that this one includes.
func (f *File) AddProblems(problems ...yamlnode.Problem) {
	f.Problems = append(f.Problems, problems...)
}

// Locate returns the place of the value at path, which may be in an included file.
func (f *File) Locate(path []any) Place {
	if len(path) == 0 {
		return f.locate(path)
	}
	key, _ := path[0].(string)
	pieces := f.pieces[key]
	if len(pieces) == 0 {
		return f.locate(path)
	}
	if len(path) > 1 {
		if index, isIndex := path[1].(int); isIndex {
			for _, p := range slices.Backward(pieces) {
				if p.from <= index {
					return p.locate(append([]any{key, index - p.from}, path[2:]...))
				}
			}
		}
	}
	return pieces[0].locate(path)
}
