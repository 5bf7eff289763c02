package config_test

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/config/yamlnode"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// update rewrites the expected results; read the difference before committing it.
var update = flag.Bool("update", false, "rewrite the expected results under testdata/config")

const corpus = "../../testdata/config"

// environ is the environment of every test.
func environ(name string) string {
	return map[string]string{"HOME": "/home/me", "STATE_HOME": "/var/lib"}[name]
}

func TestEachBrokenFileGetsExactlyTheExpectedError(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(corpus + "/broken/*.yaml")
	if err != nil || len(files) < 44 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			_, err := config.Load(file, environ)
			expect(t, strings.TrimSuffix(file, ".yaml")+".err", relativePaths(describe(t, err)))
		})
	}
}

// describe is the fault's code and then every problem on a line of its own.
func describe(t *testing.T, err error) string {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) {
		t.Fatalf("no fault: %v", err)
	}
	if f.Exit != fault.ExitUsage {
		t.Errorf("exit status %d", f.Exit)
	}
	problems, ok := f.Detail.(yamlnode.Problems)
	if !ok || len(problems.Problems) == 0 {
		t.Fatalf("no problems in %v", err)
	}
	if !strings.HasPrefix(problems.Problems[0].String(), f.Message) {
		t.Errorf("message %q is not the first problem", f.Message)
	}
	text := f.Code + "\n"
	for _, p := range problems.Problems {
		text += p.String() + "\n"
	}
	return text
}

// relativePaths takes the way to the corpus out of a text.
func relativePaths(text string) string {
	abs, _ := filepath.Abs(corpus)
	return strings.NewReplacer(corpus+"/", "", filepath.Clean(corpus)+"/", "", abs+"/", "").Replace(text)
}

func TestEachValidFileResolvesAsExpected(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(corpus + "/valid/*.yaml")
	if err != nil || len(files) < 7 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			cfg, err := config.Load(file, environ)
			if err != nil {
				t.Fatal(err)
			}
			out, err := json.MarshalIndent(cfg, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			text := strings.ReplaceAll(relativePaths(string(out)), strings.TrimSuffix(absolutePath(t, corpus), "/"), "CORPUS")
			expect(t, strings.TrimSuffix(file, ".yaml")+".json", text+"\n")
		})
	}
}

func absolutePath(t *testing.T, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

// expect compares got with a file, or writes that file under -update.
func expect(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
