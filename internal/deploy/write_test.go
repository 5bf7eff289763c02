package deploy_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/flowgate-go/flowgate/internal/deploy"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// rendering returns a rendering with files of that content, by path.
func rendering(files ...string) deploy.Rendering {
	r := deploy.Rendering{Kind: "test", Options: struct{}{}}
	for i := 0; i < len(files); i += 2 {
		r.Files = append(r.Files, deploy.File{Path: files[i], Mode: 0o644, Content: files[i+1]})
	}
	return r
}

// states returns the states of a result's files.
func states(files []deploy.FileResult) map[string]string {
	all := map[string]string{}
	for _, f := range files {
		all[f.Path] = f.State
	}
	return all
}

// write writes a rendering, which must not fail.
func write(t *testing.T, r deploy.Rendering, dir string, force bool) map[string]string {
	t.Helper()
	result, err := r.Write(dir, force)
	if err != nil {
		t.Fatal(err)
	}
	return states(result.Files)
}

// readFile returns the content of a file, "" when there is none.
func readFile(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(text)
}

// writeFile writes a file.
func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestFilesAreWrittenReplacedAndRemoved(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "deploy")
	first := rendering("a.yaml", "one\n", "sub/b.yaml", "two\n", "c.sh", "three\n")
	first.Files[2].Mode = 0o755
	if got := write(t, first, dir, false); got["a.yaml"] != deploy.Written || got["sub/b.yaml"] != deploy.Written {
		t.Errorf("the first time: %v", got)
	}
	if info, err := os.Stat(filepath.Join(dir, "c.sh")); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("%v, %v", info, err)
	}
	if got := write(t, first, dir, false); got["a.yaml"] != deploy.Unchanged || got[deploy.IndexFile] != deploy.Unchanged {
		t.Errorf("the second time: %v", got)
	}
	got := write(t, rendering("a.yaml", "other\n"), dir, false)
	if got["a.yaml"] != deploy.Written || got["sub/b.yaml"] != deploy.Removed || readFile(t, dir, "a.yaml") != "other\n" ||
		readFile(t, dir, "sub", "b.yaml") != "" {
		t.Errorf("another rendering: %v", got)
	}
}

func TestAnEditedOrForeignFileIsKept(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(t *testing.T, dir string){
		"edited":  func(t *testing.T, dir string) { writeFile(t, filepath.Join(dir, "a.yaml"), "mine\n") },
		"foreign": func(t *testing.T, dir string) { writeFile(t, filepath.Join(dir, "b.yaml"), "mine\n") },
		"folder":  func(t *testing.T, dir string) { _ = os.Mkdir(filepath.Join(dir, "b.yaml"), 0o755) },
	} {
		dir := t.TempDir()
		write(t, rendering("a.yaml", "one\n"), dir, false)
		prepare(t, dir)
		_, err := rendering("a.yaml", "two\n", "b.yaml", "three\n").Write(dir, false)
		if !fault.HasCode(err, "deploy-file-foreign") {
			t.Errorf("%s: %v", name, err)
		}
		if got := readFile(t, dir, "a.yaml"); got != "one\n" && got != "mine\n" {
			t.Errorf("%s: something was written: %q", name, got)
		}
		if name == "folder" {
			continue
		}
		write(t, rendering("a.yaml", "two\n", "b.yaml", "three\n"), dir, true)
		if readFile(t, dir, "a.yaml")+readFile(t, dir, "b.yaml") != "two\nthree\n" {
			t.Errorf("%s: -force did not replace it", name)
		}
	}
}

func TestAFileThatNoRenderingHasAnyMoreIsKeptWhenItWasEdited(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, rendering("a.yaml", "one\n", "b.yaml", "two\n"), dir, false)
	writeFile(t, filepath.Join(dir, "b.yaml"), "mine\n")
	if got := write(t, rendering("a.yaml", "one\n"), dir, false); got["b.yaml"] != deploy.Kept ||
		readFile(t, dir, "b.yaml") != "mine\n" {
		t.Errorf("%v", got)
	}
}

func TestNoLinkLeadsOutOfTheFolder(t *testing.T) {
	t.Parallel()
	outside, dir := t.TempDir(), t.TempDir()
	writeFile(t, filepath.Join(outside, "b.yaml"), "theirs\n")
	writeFile(t, filepath.Join(outside, "a.yaml"), "theirs\n")
	if err := os.Symlink(outside, filepath.Join(dir, "sub")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(outside, "a.yaml"), filepath.Join(dir, "a.yaml")); err != nil {
		t.Fatal(err)
	}
	index := `{"schema":"flowgate.deploy/v1","kind":"test","options":{},"files":{"../` + filepath.Base(outside) + `/b.yaml":"x"}}`
	writeFile(t, filepath.Join(dir, deploy.IndexFile), index)
	_, err := rendering("sub/b.yaml", "ours\n").Write(dir, true)
	if err == nil {
		t.Error("a file was written through a link")
	}
	write(t, rendering("a.yaml", "ours\n"), dir, true)
	if readFile(t, outside, "a.yaml")+readFile(t, outside, "b.yaml") != "theirs\ntheirs\n" {
		t.Error("a file outside of the folder was changed")
	}
}

func TestCheckSaysWhatDiffers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, rendering("a", "1\n", "b", "2\n", "c", "3\n", "d", "4\n", "e", "5\n"), dir, false)
	writeFile(t, filepath.Join(dir, "b"), "edited\n")
	if err := os.Remove(filepath.Join(dir, "c")); err != nil {
		t.Fatal(err)
	}
	render := func(files ...string) map[string]deploy.Renderer {
		return map[string]deploy.Renderer{"test": func(json.RawMessage) (deploy.Rendering, error) { return rendering(files...), nil }}
	}
	got, err := deploy.Check(dir, render("a", "1\n", "b", "2\n", "c", "3\n", "d", "new\n"))
	want := map[string]string{"a": deploy.Current, "b": deploy.Edited, "c": deploy.Missing, "d": deploy.Outdated, "e": deploy.Left}
	if err != nil || len(got.Files) != len(want) || !fault.HasCode(got.Err(), "deploy-differs") {
		t.Fatalf("%v, %v, %v", got, err, got.Err())
	}
	for name, state := range states(got.Files) {
		if state != want[name] {
			t.Errorf("%s is %s, want %s", name, state, want[name])
		}
	}
	if _, err := deploy.Check(t.TempDir(), render()); !fault.HasCode(err, "deploy-folder-unknown") {
		t.Errorf("another folder: %v", err)
	}
	if _, err := deploy.Check(filepath.Join(dir, "none"), render()); !fault.HasCode(err, "deploy-folder-unreadable") {
		t.Errorf("no folder: %v", err)
	}
}
