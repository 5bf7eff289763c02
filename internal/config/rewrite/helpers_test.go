package rewrite_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

// update rewrites the expected results; read the difference before committing it.
var update = flag.Bool("update", false, "rewrite the expected results under testdata/config")

const corpus = "../../../testdata/config"

// environ is the environment of every test.
func environ(name string) string {
	return map[string]string{"HOME": "/home/me", "STATE_HOME": "/var/lib"}[name]
}

// makeEmptyFile makes an empty file and the folder that it lies in.
func makeEmptyFile(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
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
