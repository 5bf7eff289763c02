package scan

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// Sizes in which gitleaks reads files; a fragment ends after an empty line when
// there is one within the second of them.
const (
	fragmentBytes = 100_000
	peekBytes     = 25_000
)

// errBinary says that a file is of a kind that is no text: an archive, a
// program, a document.
var errBinary = errors.New("binary")

// fragments cuts a file into fragments as gitleaks does and yields each.
func fragments(r io.Reader, path string, yield func(Fragment)) error {
	in := bufio.NewReader(r)
	buf := make([]byte, fragmentBytes, fragmentBytes+peekBytes)
	line := 1
	for {
		n, err := in.Read(buf[:fragmentBytes])
		if n == 0 {
			if err == nil || errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if line == 1 {
			if binary(buf[:n]) {
				return errBinary
			}
		}
		piece, err := untilEmptyLine(in, buf[:n])
		if err != nil {
			return err
		}
		text := string(piece)
		yield(Fragment{Path: path, Line: line, Text: text})
		line += strings.Count(text, "\n")
	}
}

// untilEmptyLine reads on until the fragment ends in an empty line.
func untilEmptyLine(in *bufio.Reader, piece []byte) ([]byte, error) {
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

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
