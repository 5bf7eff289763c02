package textfile_test

import (
	"bytes"
	"testing"

	"github.com/flowgate-go/flowgate/internal/secret/textfile"
)

func TestFilesOfEachBinaryKindAreRecognised(t *testing.T) {
	t.Parallel()
	for _, k := range textfile.BinaryKinds {
		head := make([]byte, 40_000)
		copy(head[k.At:], k.Magic)
		if !textfile.IsBinary(head) {
			t.Errorf("%q at %d is taken for text", k.Magic, k.At)
		}
		if text := bytes.ReplaceAll(head, []byte{0}, []byte{'a'}); textfile.IsBinary(text) {
			t.Errorf("text with %q at %d is taken for a binary", k.Magic, k.At)
		}
	}
}

func TestTextThatBeginsLikeABinaryIsSearched(t *testing.T) {
	t.Parallel()
	// gitleaks passes over the first three: two letters would hide a key from it.
	for _, text := range []string{"MZ = 1\nkey = x\n", "BZh\n", "%PDF is a format\n", "plain\n", "", "\x00\x01"} {
		if textfile.IsBinary([]byte(text)) {
			t.Errorf("%q is taken for a binary", text)
		}
	}
}
