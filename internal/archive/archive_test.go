package archive_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/archive"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// pack returns a gzipped tar of the entries, sizes taken from content.
func pack(t testing.TB, content string, entries ...tar.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	w := tar.NewWriter(zip)
	for _, h := range entries {
		if h.Typeflag == tar.TypeReg {
			h.Size = int64(len(content))
		}
		err := w.WriteHeader(&h)
		if err == nil && h.Typeflag == tar.TypeReg {
			_, err = w.Write([]byte(content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), zip.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func file(name string, mode int64) tar.Header {
	return tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: mode}
}

func extract(t testing.TB, data []byte, l archive.Limits) (dir string, err error) {
	t.Helper()
	base := t.TempDir()
	path, dir := filepath.Join(base, "a.tar.gz"), filepath.Join(base, "in")
	if err := errors.Join(os.WriteFile(path, data, 0o600), os.Mkdir(dir, 0o700)); err != nil {
		t.Fatal(err)
	}
	return dir, archive.Extract(t.Context(), path, dir, l)
}

func TestFilesAndFoldersComeOutWithTheOwnersBitsOnly(t *testing.T) {
	t.Parallel()
	dir, err := extract(t, pack(t, "hello", tar.Header{Name: "./", Typeflag: tar.TypeDir, Mode: 0o777},
		file("cli-proxy-api", 0o6755), file("static/deep/page.html", 0o666)), archive.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]fs.FileMode{"cli-proxy-api": 0o700, "static/deep/page.html": 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode() != mode || info.Size() != 5 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

func TestWhatAnHonestReleaseDoesNotHaveIsRefused(t *testing.T) {
	t.Parallel()
	good := pack(t, "hello", file("a", 0o644))
	for name, c := range map[string]struct {
		data []byte
		code string
	}{
		"parent":      {pack(t, "x", file("../evil", 0o644)), "archive-unsafe"},
		"deep parent": {pack(t, "x", file("a/../../evil", 0o644)), "archive-unsafe"},
		"absolute":    {pack(t, "x", file("/tmp/evil", 0o644)), "archive-unsafe"},
		"backslashes": {pack(t, "x", file(`..\evil`, 0o644)), "archive-unsafe"},
		"symlink": {pack(t, "x", tar.Header{Name: "l", Linkname: "/etc", Typeflag: tar.TypeSymlink},
			file("l/evil", 0o644)), "archive-unsafe"},
		"hard link": {pack(t, "x", tar.Header{Name: "l", Linkname: "/etc/passwd", Typeflag: tar.TypeLink}),
			"archive-unsafe"},
		"device":       {pack(t, "x", tar.Header{Name: "d", Typeflag: tar.TypeChar}), "archive-unsafe"},
		"pipe":         {pack(t, "x", tar.Header{Name: "d", Typeflag: tar.TypeFifo}), "archive-unsafe"},
		"twice":        {pack(t, "x", file("a", 0o644), file("./a", 0o644)), "archive-unsafe"},
		"bomb":         {pack(t, strings.Repeat("0", 2<<20), file("a", 0o644)), "archive-too-large"},
		"bomb in many": {pack(t, strings.Repeat("0", 600<<10), file("a", 0o644), file("b", 0o644)), "archive-too-large"},
		"many files": {pack(t, "", file("a", 0), file("b", 0), file("c", 0), file("d", 0), file("e", 0)),
			"archive-too-large"},
		"cut":      {good[:len(good)-9], "archive-invalid"},
		"web page": {[]byte("\n<!DOCTYPE HTML><html>sign in</html>"), "archive-invalid"},
		"empty":    {nil, "archive-invalid"},
		"text":     {[]byte("404: Not Found"), "archive-invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, err := extract(t, c.data, archive.Limits{Bytes: 1 << 20, Files: 4})
			var f *fault.Error
			if !errors.As(err, &f) || f.Code != c.code || f.Hint == "" {
				t.Fatalf("want %s, got %v", c.code, err)
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(dir), "evil")); err == nil {
				t.Error("it wrote outside its folder")
			}
		})
	}
}

// FuzzExtract: whatever the bytes, nothing outside the folder appears, and
// nothing in it is a link or larger than allowed.
func FuzzExtract(f *testing.F) {
	f.Add(pack(f, "hello", file("a/b", 0o755)))
	f.Add(pack(f, "x", file("../evil", 0o644)))
	f.Add(pack(f, "x", tar.Header{Name: "l", Linkname: "..", Typeflag: tar.TypeSymlink}, file("l/evil", 0o644)))
	f.Add([]byte("<html>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir, _ := extract(t, data, archive.Limits{Bytes: 1 << 16, Files: 100})
		entries, err := os.ReadDir(filepath.Dir(dir))
		if err != nil || len(entries) != 2 {
			t.Fatalf("outside the folder: %v, %v", entries, err)
		}
		var total int64
		_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.Type()&^fs.ModeDir != 0 {
				t.Errorf("%s: %v, %v", path, d, err)
			} else if info, err := d.Info(); err == nil && !d.IsDir() {
				total += info.Size()
			}
			return nil
		})
		if total > 1<<16+1 {
			t.Errorf("%d bytes came out", total)
		}
	})
}
