package release_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/release"
)

func TestAVersionsSectionIsFoundUnderEveryHeading(t *testing.T) {
	t.Parallel()
	const text = "# Changelog\n\n## Unreleased\n\n- new\n\n## [1.2.0] - 2026-01-02\n\n- two\n\n### Fixed\n- three\n## " +
		"v1.1.0\n- one\n## 1.0.0\n\n"
	for version, want := range map[string]string{"Unreleased": "- new", "1.2.0": "- two\n\n### Fixed\n- three",
		"v1.1.0": "- one", "1.0.0": "", "9.0.0": "", "1.2": ""} {
		if got, found := release.FindSection(text, version); got != want || found != (want != "") {
			t.Errorf("%s: %q, %v", version, got, found)
		}
	}
}

// copySource returns the source tree in another place: what git tracks, and what is new.
func copySource(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "elsewhere")
	list := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = "../.."
	out, err := list.Output()
	if err != nil {
		t.Skipf("this is no clone of the repository: %v", err)
	}
	for _, name := range strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		data, err := os.ReadFile(filepath.Join("../..", name))
		if errors.Is(err, os.ErrNotExist) {
			continue // deleted and not committed
		}
		if err == nil {
			err = os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTheSameSourceGivesTheSameBytesElsewhereAndLater(t *testing.T) {
	t.Parallel()
	platforms := []release.Platform{{OS: runtime.GOOS, Arch: runtime.GOARCH}}
	var built [2]map[string][]byte
	for i, source := range []string{"../..", copySource(t)} {
		dir := t.TempDir()
		b, err := release.Build(t.Context(), source, dir, "1.2.3", platforms, io.Discard)
		if err != nil || len(b.Artifacts) != 2 {
			t.Fatalf("%+v, %v", b, err)
		}
		built[i] = readFiles(t, dir)
		time.Sleep(time.Second) // a time stamp with seconds in it would differ
	}
	if len(built[0]) != 3 {
		t.Errorf("%d files", len(built[0]))
	}
	for name, data := range built[0] {
		if !bytes.Equal(data, built[1][name]) {
			t.Errorf("%s differs", name)
		}
		if strings.HasSuffix(name, ".cdx.json") {
			checkMaterials(t, data)
		}
		if strings.Contains(name, runtime.GOOS+"_"+runtime.GOARCH+".tar") {
			checkRuns(t, data)
		}
	}
}

func readFiles(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if files[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func checkMaterials(t *testing.T, data []byte) {
	t.Helper()
	var doc struct {
		Format     string `json:"bomFormat"`
		Components []struct{ Name string }
	}
	if err := json.Unmarshal(data, &doc); err != nil || doc.Format != "CycloneDX" || len(doc.Components) < 10 ||
		!bytes.Contains(data, []byte("itchyny/gojq")) {
		t.Errorf("bill of materials: %v, %d components", err, len(doc.Components))
	}
}

// checkRuns executes the program out of the archive.
func checkRuns(t *testing.T, data []byte) {
	t.Helper()
	unzipped, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for entries := tar.NewReader(unzipped); ; {
		h, err := entries.Next()
		if err != nil {
			t.Fatalf("there is no program in the archive: %v", err)
		}
		if h.Name != "flowgate" {
			continue
		}
		content, err := io.ReadAll(entries)
		path := filepath.Join(t.TempDir(), "flowgate")
		if err == nil {
			err = os.WriteFile(path, content, 0o700)
		}
		if err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(path, "version").CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
}

func TestAMissingSourceTreeIsReported(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := release.Build(t.Context(), dir, dir, "1", nil, io.Discard)
	wantCode(t, err, "source-missing")
	_, err = release.ReadNotes(filepath.Join(dir, "CHANGELOG.md"), "1")
	wantCode(t, err, "changelog-missing")
	_, err = release.ReadNotes("../../CHANGELOG.md", "999.0.0")
	wantCode(t, err, "changelog-entry-missing")
}

func wantCode(t *testing.T, err error, want string) {
	t.Helper()
	if f := (*fault.Error)(nil); !errors.As(err, &f) || f.Code != want || f.Hint == "" {
		t.Errorf("want %s, got %v", want, err)
	}
}

func FuzzSection(f *testing.F) {
	f.Add("## 1.2.3\n- x\n## 1.2.2\n", "1.2.3")
	f.Add("##", "")
	f.Fuzz(func(t *testing.T, text, version string) {
		got, found := release.FindSection(text, version)
		if found != (got != "") || !strings.Contains(text, got) {
			t.Errorf("%q, %v", got, found)
		}
	})
}
