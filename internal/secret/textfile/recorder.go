package textfile

import (
	"bufio"
	"io"
	"strings"
)

// Recorder keeps the bytes that a decoder reads, so that they can be searched as well: a
// shell may append ASCII to a file that is in UTF-16, and one additional byte shifts all
// characters after it. A nil Recorder keeps nothing.
type Recorder struct {
	in   io.Reader
	kept []byte
}

// NewRecorder returns a Recorder of what is read from in.
func NewRecorder(in io.Reader) *Recorder { return &Recorder{in: in} }

// Read implements io.Reader.
func (r *Recorder) Read(b []byte) (int, error) {
	n, err := r.in.Read(b)
	r.kept = append(r.kept, b[:n]...)
	return n, err
}

// aheadBytes is how many bytes a decoder and the reader behind it may have read ahead:
// they hold 4 kB each, of UTF-32 four times as much.
const aheadBytes = 64 << 10

// Take returns the next bytes, without zero bytes and without those of text that
// was not read yet. decoded is the reader of that text.
func (r *Recorder) Take(decoded *bufio.Reader) string {
	if r == nil {
		return ""
	}
	n := max(len(r.kept)-aheadBytes, 0)
	if _, err := decoded.Peek(1); err != nil { // the end of the text
		n = len(r.kept)
	}
	text := strings.ReplaceAll(string(r.kept[:n]), "\x00", "")
	r.kept = append(r.kept[:0], r.kept[n:]...)
	return text
}
