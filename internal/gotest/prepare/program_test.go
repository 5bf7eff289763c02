package prepare

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/subprocess"
)

// TestThePathOfTheProgramThatTestsRunChangesWithIt has a file in place of the compiled program.
func TestThePathOfTheProgramThatTestsRunChangesWithIt(t *testing.T) {
	cache, root, source := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "program")
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("HOME", cache) // where macOS has its caches
	t.Setenv(subprocess.ProgramVariable, source)
	paths := map[string]string{}
	for _, content := range []string{"old", "new", "old"} {
		if err := os.WriteFile(source, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		env := (&Program{Root: root, Tests: "test"}).Env(t.Context(), &out)
		if len(env) != 1 || out.Len() > 0 {
			t.Fatalf("%q, %s", env, out.String())
		}
		path, isOurs := strings.CutPrefix(env[0], subprocess.ProgramVariable+"=")
		info, err := os.Stat(path)
		if text, readErr := os.ReadFile(path); !isOurs || err != nil || readErr != nil || string(text) != content ||
			info.Mode().Perm()&0o100 == 0 {
			t.Errorf("%s: %v, %v, %v", env[0], text, err, readErr)
		}
		if before := paths[content]; before != "" && before != path {
			t.Errorf("%s and %s have the same program", before, path)
		}
		paths[content] = path
	}
	if paths["old"] == paths["new"] {
		t.Errorf("two programs have the path %s", paths["old"])
	}
	for _, change := range []struct {
		file    string
		matters bool
	}{{"docs/page.md", true}, {"test/script/a_test.go", false}, {".git/index", false}} {
		path := filepath.Join(root, change.file)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
		path, _ = strings.CutPrefix((&Program{Root: root, Tests: "test"}).Env(t.Context(), &bytes.Buffer{})[0],
			subprocess.ProgramVariable+"=")
		if changed := path != paths["old"]; changed != change.matters {
			t.Errorf("%s changes the path: %v", change.file, changed)
		}
		paths["old"] = path
	}
	older, killed := time.Now().Add(-maxAge-time.Minute), filepath.Join(filepath.Dir(paths["new"]), "new-of a killed run")
	if err := errors.Join(os.Mkdir(killed, 0o700), os.Chtimes(killed, older, older)); err != nil {
		t.Fatal(err)
	}
	_ = (&Program{Root: root, Tests: "test"}).Env(t.Context(), &bytes.Buffer{})
	if _, err := os.Stat(paths["new"]); err != nil {
		t.Errorf("a program of today is gone: %v", err)
	}
	if left, err := os.ReadDir(filepath.Dir(killed)); err != nil || len(left) != 3 {
		t.Errorf("%v, %v", left, err)
	}
}

func TestTestsRunWithoutAProgramThatDoesNotCompile(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	t.Setenv(subprocess.ProgramVariable, filepath.Join(t.TempDir(), "absent"))
	var out bytes.Buffer
	if env := (&Program{Root: t.TempDir()}).Env(t.Context(), &out); env != nil || !strings.Contains(out.String(), "absent") {
		t.Errorf("%q, %s", env, out.String())
	}
}
