package gitleaks_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"os"
	"strings"
	"testing"

	"github.com/h2non/filetype"

	"github.com/flowgate-go/flowgate/internal/secret/textfile"
)

// gitleaksPasses reports whether gitleaks passes over a file with this head: it
// asks this library for the file's type.
func gitleaksPasses(head []byte) bool {
	kind, err := filetype.Match(head)
	return err == nil && kind.MIME.Type == "application"
}

// heads returns the head of a file of each binary kind, with fill between.
func heads(fill byte) (all [][]byte) {
	for _, k := range textfile.BinaryKinds {
		head := bytes.Repeat([]byte{fill}, 40_000)
		copy(head[k.At:], k.Magic)
		all = append(all, head)
	}
	return all
}

func TestGitleaksSkipsTheSameBinaryFiles(t *testing.T) {
	t.Parallel()
	for _, head := range heads(0) {
		if !textfile.IsBinary(head) || !gitleaksPasses(head) {
			t.Errorf("%q: ours %v, gitleaks' %v", head[:8], textfile.IsBinary(head), gitleaksPasses(head))
		}
	}
}

func TestTextBehindTheBeginningOfABinaryIsReadWhereGitleaksReadsIt(t *testing.T) {
	t.Parallel()
	dex := []byte("dex\n" + strings.Repeat("key = x\n", 20))
	dey := []byte("dey\n" + strings.Repeat("key = x\n", 20))
	for _, head := range append(heads('a'), dex, dey) {
		if text := append(head, 0); textfile.IsBinary(text) && !gitleaksPasses(text) {
			t.Errorf("%q hides what is behind it", text[:8])
		}
	}
}

func TestFilesThatProgramsMadeAreBinaryAndTextIsNot(t *testing.T) {
	t.Parallel()
	var zipped, tarred, gzipped bytes.Buffer
	z := zip.NewWriter(&zipped)
	w, _ := z.Create("a.txt")
	_, _ = w.Write([]byte("text"))
	_ = z.Close()
	a := tar.NewWriter(&tarred)
	_ = a.WriteHeader(&tar.Header{Name: "a.txt", Size: 4})
	_, _ = a.Write([]byte("text"))
	_ = a.Close()
	g := gzip.NewWriter(&gzipped)
	_, _ = g.Write([]byte("text"))
	_ = g.Close()
	program, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"zip": zipped.Bytes(), "tar": tarred.Bytes(), "gzip": gzipped.Bytes(),
		"program": program[:100_000]} {
		if !textfile.IsBinary(text) || !gitleaksPasses(text) {
			t.Errorf("%s: ours %v, gitleaks' %v", name, textfile.IsBinary(text), gitleaksPasses(text))
		}
	}
}
