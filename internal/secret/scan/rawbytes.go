package scan

import (
	"bufio"
	"io"
	"slices"
	"strings"
)

// A shell may append ASCII to a file that is in UTF-16, and one additional byte shifts
// all characters after it. So the bytes of a file that is decoded are searched as well,
// without zero bytes.

// byteRecorder keeps the bytes that a decoder reads. A nil byteRecorder keeps nothing.
type byteRecorder struct {
	in   io.Reader
	kept []byte
}

func (r *byteRecorder) Read(b []byte) (int, error) {
	n, err := r.in.Read(b)
	r.kept = append(r.kept, b[:n]...)
	return n, err
}

// aheadBytes is how many bytes a decoder and the reader behind it may have read ahead:
// they hold 4 kB each, of UTF-32 four times as much.
const aheadBytes = 64 << 10

// takeBytes returns the next bytes, without zero bytes and without those of text that
// was not read yet. decoded is the reader of that text.
func (r *byteRecorder) takeBytes(decoded *bufio.Reader) string {
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

// rawSearcher searches the bytes of a file that is decoded.
type rawSearcher struct {
	seam *fileSearcher
	at   Fragment // the place of the next bytes
	seen map[secretKey]bool
}

// secretKey identifies a secret that a rule found, wherever it is.
type secretKey struct{ rule, secret string }

// search returns what is found in the bytes of f, without what was found in the decoded
// text.
func (m *rawSearcher) search(of *fileSearcher, f Fragment, decoded []Finding) []Finding {
	if m.seam == nil {
		m.seam, m.seen = &fileSearcher{w: of.w, of: of.of}, map[secretKey]bool{}
		m.at = Fragment{Path: f.Path, Commit: f.Commit, Date: f.Date, Line: 1}
	}
	for _, n := range decoded {
		m.seen[secretKey{n.Rule, n.secret}] = true
	}
	m.at.Text = f.bytes
	found := m.seam.search(m.at)
	m.at = m.at.next()
	return slices.DeleteFunc(found, func(n Finding) bool { return m.seen[secretKey{n.Rule, n.secret}] })
}
