package supervisor

import (
	"bytes"
	"io"
	"os"
	"strings"
)

const (
	failureLines = 20      // log lines that a failure shows
	tailLimit    = 4 << 20 // bytes of a log that are looked at for its last lines
	tailBlock    = 64 << 10
)

// lastLines reads the last n lines of a file that begin at or after from; the
// last one counts although its end may not have come yet.
func lastLines(path string, from int64, n int) ([]string, error) {
	t, err := readTail(path, from, n)
	if err != nil {
		return nil, err
	}
	lines := t.lines
	if t.rest != "" {
		lines = append(lines, t.rest)
	}
	return lines[max(0, len(lines)-n):], nil
}

// ending is the end of a file.
type ending struct {
	lines  []string // complete ones
	rest   string   // behind the last line end
	offset int64    // of the file's end
}

func readTail(path string, from int64, n int) (ending, error) {
	file, err := os.Open(path)
	if err != nil {
		return ending{}, err
	}
	defer file.Close()
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return ending{}, err
	}
	text, err := readBack(file, min(from, end), end, n)
	if err != nil {
		return ending{}, err
	}
	lines := strings.Split(string(text), "\n")
	rest := lines[len(lines)-1]
	lines = lines[:len(lines)-1]
	return ending{lines: lines[max(0, len(lines)-n):], rest: rest, offset: end}, nil
}

// readBack reads a file from its end backwards until it has n line ends more
// than it needs, or reached from or the limit.
func readBack(file io.ReaderAt, from, end int64, n int) ([]byte, error) {
	var text []byte
	for at := end; at > from && len(text) < tailLimit && bytes.Count(text, []byte{'\n'}) <= n; {
		size := min(tailBlock, at-from)
		at -= size
		block := make([]byte, size)
		if _, err := file.ReadAt(block, at); err != nil && err != io.EOF {
			return nil, err
		}
		text = append(block, text...)
	}
	return text, nil
}
