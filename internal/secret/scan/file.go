package scan

import (
	"bufio"
	"errors"
	"io"
	"strings"

	"github.com/flowgate-go/flowgate/internal/secret/textfile"
)

// Sizes in which gitleaks reads files. A fragment ends after an empty line when there
// is one within the next peekBytes.
const (
	fragmentBytes = 100_000
	peekBytes     = 25_000
)

// errBinary means that a file is in a binary format: an archive, a program, a document.
var errBinary = errors.New("binary")

// readFragments splits a file into fragments as gitleaks does and yields each. It
// decodes a file in UTF-16 or UTF-32 first.
func readFragments(r io.Reader, path string, yield func(Fragment)) error {
	in := bufio.NewReader(r)
	buf := make([]byte, fragmentBytes, fragmentBytes+peekBytes)
	f := Fragment{Path: path, Line: 1}
	var source *textfile.Recorder
	for first := true; ; first = false {
		n, err := in.Read(buf[:fragmentBytes])
		if first && textfile.IsBinary(buf[:n]) {
			return errBinary
		}
		if encoding := textfile.DetectEncoding(buf[:min(n, textfile.HeadBytes)]); first && encoding != nil {
			source = textfile.NewRecorder(io.MultiReader(strings.NewReader(string(buf[:n])), in))
			in = bufio.NewReader(encoding.NewDecoder().Reader(source))
			n, err = in.Read(buf[:fragmentBytes])
		}
		if n == 0 {
			if err == nil || errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		piece, err := readUntilEmptyLine(in, buf[:n])
		if err != nil {
			return err
		}
		f.Text = string(piece)
		f.bytes = source.Take(in)
		yield(f)
		f = f.next()
	}
}

// next returns the place of the text after a fragment.
func (f Fragment) next() Fragment {
	last := strings.LastIndexByte(f.Text, '\n')
	if last >= 0 {
		f.Column = 0
	}
	f.Line += strings.Count(f.Text, "\n")
	f.Column += countRunes(f.Text[last+1:])
	f.Text, f.bytes = "", ""
	return f
}

// Sizes of texts that are longer than a fragment.
const (
	pieceBytes = 256 << 10 // added lines that are searched at once
	seamBytes  = 8 << 10   // on either side of the end of a fragment that are searched together
)

// splitLong splits a long text, at line ends where there are any, and yields each
// piece.
func splitLong(f Fragment, yield func(Fragment)) {
	for rest := f.Text; rest != ""; {
		end := len(rest)
		if end > 2*pieceBytes {
			end = pieceBytes
			if at := strings.LastIndexByte(rest[:end], '\n'); at > 0 {
				end = at + 1
			}
		}
		f.Text, rest = rest[:end], rest[end:]
		yield(f)
		f = f.next()
	}
}

// fileSearcher searches the fragments of one file, and across their ends.
type fileSearcher struct {
	w       *Worker
	rules   scope
	tail    Fragment // end of the previous fragment
	hasTail bool     // a fragment was searched before
	bytes   rawSearcher
}

// search returns what is found in the next fragment of a file.
func (s *fileSearcher) search(f Fragment) []Finding {
	found := s.w.search(f, s.rules)
	if s.hasTail {
		found = append(found, s.searchSeam(f)...)
	}
	s.tail, s.hasTail = tailOf(f), true
	if f.bytes != "" {
		found = append(found, s.bytes.search(s, f, found)...)
	}
	return found
}

// searchSeam returns what begins in the previous fragment and ends in f.
func (s *fileSearcher) searchSeam(f Fragment) (found []Finding) {
	middle := len(s.tail.Text)
	joined := s.tail
	joined.Text += f.Text[:min(seamBytes, len(f.Text))]
	for _, n := range s.w.search(joined, s.rules) {
		if n.at.Start < middle && middle < n.at.End {
			found = append(found, n)
		}
	}
	return found
}

// tailOf returns the end of a fragment, from the beginning of a line where there is
// one.
func tailOf(f Fragment) Fragment {
	at := max(len(f.Text)-seamBytes, 0)
	if line := strings.IndexByte(f.Text[at:], '\n'); line >= 0 && at > 0 && at+line+1 < len(f.Text) {
		at += line + 1
	}
	tail := f
	tail.Text = f.Text[:at]
	tail = tail.next()
	tail.Text = f.Text[at:]
	return tail
}

// readUntilEmptyLine reads on until the fragment ends in an empty line.
func readUntilEmptyLine(in *bufio.Reader, piece []byte) ([]byte, error) {
	breaks := 0
	for i := len(piece) - 1; i >= 0 && isSpace(piece[i]) && breaks < 2; i-- {
		if piece[i] == '\n' {
			breaks++
		}
	}
	if breaks >= 2 {
		return piece, nil
	}
	breaks = 0
	for n := len(piece); ; {
		switch c := piece[len(piece)-1]; {
		case c == '\n':
			breaks++
		case !isSpace(c):
			breaks = 0
		}
		if breaks >= 2 || len(piece)-n >= peekBytes {
			return piece, nil
		}
		c, err := in.ReadByte()
		if errors.Is(err, io.EOF) {
			return piece, nil
		}
		if err != nil {
			return piece, err
		}
		piece = append(piece, c)
	}
}

// isSpace reports whether c is white space, as gitleaks counts it.
func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
