package keyfile_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/flowgate-go/flowgate/internal/keyfile"
)

func TestVariablesThatAreNotSetAreReadFromAFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"KEY": "secret\n", "BOTH": "of the file", "LINES": "{\n}\r\n\n", "x.y": "no"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o440); err != nil {
			t.Fatal(err)
		}
	}
	sub := filepath.Join(dir, "sub")
	if err := os.Mkdir(sub, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, link := range [][2]string{{"../KEY", "LINKED"}} { // as kubelet makes them
		if err := os.Symlink(link[0], filepath.Join(sub, link[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(sub, "PIPE"), 0o600); err != nil {
		t.Fatal(err)
	}
	environment := func(name string) string { return map[string]string{"BOTH": "of the environment"}[name] }
	for name, want := range map[string]string{"KEY": "secret", "BOTH": "of the environment", "LINES": "{\n}", "NONE": "",
		"x.y": "", "": ""} {
		if got := keyfile.Getenv(dir, environment)(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{"LINKED": "secret", "PIPE": "", "../KEY": ""} {
		if got := keyfile.Getenv(sub, environment)(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
	if got := keyfile.Getenv("", environment)("BOTH"); got != "of the environment" {
		t.Errorf("without a folder: %q", got)
	}
}
