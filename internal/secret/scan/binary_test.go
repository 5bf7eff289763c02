package scan_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"os"
	"strings"
	"testing"

	"github.com/h2non/filetype"

	"github.com/flowgate-go/flowgate/internal/secret/scan"
)

// gitleaksPasses reports whether gitleaks reads no file that begins so.
func gitleaksPasses(head []byte) bool {
	kind, err := filetype.Match(head)
	return err == nil && kind.MIME.Type == "application"
}

func TestWhatIsPassedOverAsBinaryGitleaksPassesOverToo(t *testing.T) {
	t.Parallel()
	for _, head := range scan.Heads(0) {
		if !scan.Binary(head) || !gitleaksPasses(head) {
			t.Errorf("%q: ours %v, gitleaks' %v", head[:8], scan.Binary(head), gitleaksPasses(head))
		}
	}
}

func TestTextBehindTheBeginningOfABinaryIsReadWhereGitleaksReadsIt(t *testing.T) {
	t.Parallel()
	for _, head := range append(scan.Heads('a'), []byte("dex\n"+strings.Repeat("key = x\n", 20)), []byte("dey\n"+strings.Repeat("key = x\n", 20))) {
		if text := append(head, 0); scan.Binary(text) && !gitleaksPasses(text) {
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
	for name, text := range map[string][]byte{"zip": zipped.Bytes(), "tar": tarred.Bytes(), "gzip": gzipped.Bytes(), "program": program[:100_000]} {
		if !scan.Binary(text) || !gitleaksPasses(text) {
			t.Errorf("%s: ours %v, gitleaks' %v", name, scan.Binary(text), gitleaksPasses(text))
		}
	}
	// gitleaks passes over the first three: who hides a key from it writes two letters before.
	for _, text := range []string{"MZ = 1\nkey = x\n", "BZh\n", "%PDF is a format\n", "plain\n", "", "\x00\x01"} {
		if scan.Binary([]byte(text)) {
			t.Errorf("%q is taken for a binary", text)
		}
	}
}
