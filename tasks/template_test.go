package tasks_test

import (
	"bytes"
	"go/format"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/valyala/quicktemplate/parser"
)

// TestTemplatesAreCompiledAsTheyAre compiles each template as `go generate` does.
func TestTemplatesAreCompiledAsTheyAre(t *testing.T) {
	t.Parallel()
	found := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".qtpl") {
			return err
		}
		found++
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var source bytes.Buffer
		folder := filepath.Dir(path)
		if err := parser.ParseNoLineComments(&source, bytes.NewReader(text), path, filepath.Base(folder)); err != nil {
			return err
		}
		want, err := format.Source(source.Bytes())
		if err != nil {
			return err
		}
		if got, err := os.ReadFile(path + ".go"); err != nil || dropOrigin(got) != dropOrigin(want) {
			t.Errorf("%s.go is not what %s makes (%v): go generate %s", path, path, err, folder)
		}
		return nil
	})
	if err != nil || found == 0 {
		t.Errorf("%d templates, %v", found, err)
	}
}

// dropOrigin returns a compiled template without its first line, which has the path as qtc was given it.
func dropOrigin(source []byte) string {
	_, rest, _ := strings.Cut(string(source), "\n")
	return rest
}
