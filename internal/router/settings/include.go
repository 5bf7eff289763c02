package settings

import (
	"os"
	"path/filepath"

	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/router/settings/document"
)

// maxIncludes is the largest number of files that one configuration includes, over all levels.
const maxIncludes = 100

// inclusion is a file that is to be included.
type inclusion struct {
	includer document.Section // the top section of the file that includes it
	index    int              // its place in the list of includes there
	path     string           // absolute
}

// mergeIncludes adds the contents of the files that are named under include to the top
// section. As in LiteLLM, a path is relative to the file that names it, and a file that
// has been included already is left out, so that cycles end. Errors are recorded in the
// top section's file; when one file cannot be included, the others still are.
func mergeIncludes(top document.Section, path string, getenv func(string) string) {
	loaded := map[string]bool{path: true}
	pending := findIncludes(top, filepath.Dir(path), filepath.Dir(path))
	for ; len(pending) > 0; pending = pending[1:] {
		next := pending[0]
		if loaded[next.path] {
			continue
		}
		loaded[next.path] = true
		if len(loaded)-1 > maxIncludes { // without the first file
			next.fail(top, "more than %d files are included", maxIncludes)
			return
		}
		text, err := readFile(next.path)
		if err != nil {
			next.fail(top, "%s cannot be included: %s", next.path, whyUnread(err))
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

// fail records an error of the inclusion in the file of the top section.
func (i inclusion) fail(top document.Section, format string, args ...any) {
	file := i.includer.File()
	file.Fail([]any{"include", i.index}, format, args...)
	if file != top.File() {
		top.File().AddProblems(file.Problems[len(file.Problems)-1])
	}
}

// whyUnread says why a file that is to be included cannot be read.
func whyUnread(err error) string {
	if fault.HasCode(err, "settings-not-found") {
		return "there is no such file"
	}
	return err.Error()
}

// addFault records the problems of a file that cannot be parsed.
func addFault(top document.Section, err error) {
	if found, ok := fault.From(err).Detail.(yamlnode.Problems); ok {
		top.File().AddProblems(found.Problems...)
	}
}

// findIncludes returns the files that a file in the folder dir includes. A file that is
// missing there may be beside the first file, in the folder root.
func findIncludes(includer document.Section, dir, root string) []inclusion {
	var all []inclusion
	for i, name := range includer.Texts("include", "the path of a file") {
		path := name
		if !filepath.IsAbs(name) {
			path = filepath.Join(dir, name)
			if _, err := os.Stat(path); err != nil && dir != root {
				if _, err := os.Stat(filepath.Join(root, name)); err == nil {
					path = filepath.Join(root, name)
				}
			}
		}
		all = append(all, inclusion{includer, i, filepath.Clean(path)})
	}
	return all
}
