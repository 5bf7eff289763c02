package settings

import (
	"os"
	"path/filepath"

	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/router/settings/document"
)

// maxIncluded is how many files one file may include, over all levels.
const maxIncluded = 100

// inclusion is a file that is to be included.
type inclusion struct {
	declared document.Section // the top section of the file that includes it
	index    int              // in the list there
	path     string           // absolute
}

// mergeIncludes adds what the files that include names have to the top section. As in
// LiteLLM, a path is relative to the file that it stands in, and a file that was
// included already is left out, so that circles end. Errors are recorded in the file;
// one file that cannot be included does not keep the others out.
func mergeIncludes(top document.Section, path string, getenv func(string) string) {
	loaded := map[string]bool{path: true}
	pending := findIncludes(top, filepath.Dir(path), filepath.Dir(path))
	for ; len(pending) > 0; pending = pending[1:] {
		next := pending[0]
		if loaded[next.path] {
			continue
		}
		loaded[next.path] = true
		if len(loaded) > maxIncluded {
			next.fail(top, "more than %d files are included", maxIncluded)
			return
		}
		text, err := readFile(next.path)
		if err != nil {
			next.fail(top, "%s cannot be included: %s", next.path, err)
			continue
		}
		_, included, err := document.Parse(next.path, text, getenv)
		if err != nil {
			addFault(top, err)
			continue
		}
		top.Merge(included)
		pending = append(pending, findIncludes(included, filepath.Dir(next.path), filepath.Dir(path))...)
		top.File().AddProblems(included.File().Problems...)
	}
}

// fail records in the top section's file that the inclusion is wrong.
func (i inclusion) fail(top document.Section, format string, args ...any) {
	file := i.declared.File()
	file.Fail([]any{"include", i.index}, format, args...)
	if file != top.File() {
		top.File().AddProblems(file.Problems[len(file.Problems)-1])
	}
}

// addFault records the problems of a file that cannot be parsed.
func addFault(top document.Section, err error) {
	if found, ok := fault.From(err).Detail.(yamlnode.Problems); ok {
		top.File().AddProblems(found.Problems...)
	}
}

// findIncludes returns the files that a file in the folder dir includes. One that is
// missing there may lie beside the first file, in the folder root.
func findIncludes(declared document.Section, dir, root string) []inclusion {
	var all []inclusion
	for i, name := range declared.Texts("include", "the path of a file") {
		path := name
		if !filepath.IsAbs(name) {
			path = filepath.Join(dir, name)
			if _, err := os.Stat(path); err != nil && dir != root {
				if _, err := os.Stat(filepath.Join(root, name)); err == nil {
					path = filepath.Join(root, name)
				}
			}
		}
		all = append(all, inclusion{declared, i, filepath.Clean(path)})
	}
	return all
}
