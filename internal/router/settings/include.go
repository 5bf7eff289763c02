package settings

import (
	"os"
	"path/filepath"

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
// included already is left out, so that circles end. Errors are recorded in the file.
func mergeIncludes(top document.Section, path string, getenv func(string) string) error {
	loaded := map[string]bool{path: true}
	pending := findIncludes(top, filepath.Dir(path), filepath.Dir(path))
	for ; len(pending) > 0 && top.File().Err() == nil; pending = pending[1:] {
		next := pending[0]
		if loaded[next.path] {
			continue
		}
		loaded[next.path] = true
		at := []any{"include", next.index}
		if len(loaded) > maxIncluded {
			next.declared.File().Fail(at, "more than %d files are included", maxIncluded)
			return next.declared.File().Err()
		}
		text, err := readFile(next.path)
		if err != nil {
			next.declared.File().Fail(at, "%s cannot be included: %s", next.path, err)
			return next.declared.File().Err()
		}
		_, included, err := document.Parse(next.path, text, getenv)
		if err != nil {
			return err
		}
		top.Merge(included)
		pending = append(pending, findIncludes(included, filepath.Dir(next.path), filepath.Dir(path))...)
		if err := included.File().Err(); err != nil {
			return err
		}
	}
	return top.File().Err()
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
