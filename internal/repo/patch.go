package repo

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Added is a run of lines that a commit, or the index, added to a file.
type Added struct {
	Commit string // full hash; empty for the index
	Date   string // author date, RFC 3339, UTC
	Path   string
	Line   int // of the first line in the new file
	Text   string
}

// Counts says what a patch was about besides added lines.
type Counts struct {
	Commits int
	Binary  int // changes of binary files, whose contents a patch does not show
}

// errPatch says that git printed what this package does not know.
var errPatch = errors.New("a patch that does not read as git writes it")

// patch reads what `git log -p -U0 --cc` prints with header as its format, or
// `git diff -U0` without one.
type patch struct {
	in      *bufio.Reader
	yield   func(Added) error
	counts  Counts
	commit  Added // commit and date
	path    string
	left    []int // lines of each parent, then of the result, that the hunk still has
	line    int   // of the result, next
	added   bytes.Buffer
	from    int // line of the first in added
	noBreak bool
	plus    bool // the last line was an added one
}

// header is the format of a commit: a byte 0 begins it, which begins no other line.
const header = "%x00%H%x00%ad"

// parse reads a whole patch and calls yield for each run of added lines.
func parse(r io.Reader, yield func(Added) error) (Counts, error) {
	p := &patch{in: bufio.NewReaderSize(r, 1<<16), yield: yield}
	for {
		line, err := p.in.ReadBytes('\n')
		if len(line) > 0 {
			if bad := p.take(line); bad != nil {
				return p.counts, bad
			}
		}
		if errors.Is(err, io.EOF) {
			return p.counts, p.end()
		}
		if err != nil {
			return p.counts, err
		}
	}
}

// end flushes the last run; a patch that ends inside a hunk was cut off.
func (p *patch) end() error {
	if p.inHunk() {
		return fmt.Errorf("%w: it ends in the middle", errPatch)
	}
	return p.flush()
}

func (p *patch) inHunk() bool {
	for _, n := range p.left {
		if n > 0 {
			return true
		}
	}
	return false
}

func (p *patch) take(line []byte) error {
	switch {
	case line[0] == '\\': // "\ No newline at end of file", about the line before
		if n := p.added.Len(); p.plus && n > 0 && p.added.Bytes()[n-1] == '\n' {
			p.added.Truncate(n - 1)
		}
		return nil
	case p.inHunk():
		return p.body(line)
	}
	if err := p.flush(); err != nil {
		return err
	}
	switch {
	case line[0] == 0:
		hash, date, ok := strings.Cut(strings.TrimSuffix(string(line[1:]), "\n"), "\x00")
		if !ok {
			return fmt.Errorf("%w: %.80q", errPatch, line)
		}
		if utc, ok := strings.CutSuffix(date, "+00:00"); ok { // git before 2.42
			date = utc + "Z"
		}
		p.commit, p.path = Added{Commit: hash, Date: date}, ""
		p.counts.Commits++
	case bytes.HasPrefix(line, []byte("diff --")):
		p.path = ""
	case bytes.HasPrefix(line, []byte("+++ ")):
		return p.file(strings.TrimSuffix(string(line[4:]), "\n"))
	case bytes.HasPrefix(line, []byte("Binary files ")):
		p.counts.Binary++
	case bytes.HasPrefix(line, []byte("@@")):
		return p.hunk(string(line))
	}
	return nil
}

// file reads the name of the new file: b/name, quoted as in C when it has
// unusual characters, with a tab behind it when it has spaces.
func (p *patch) file(name string) error {
	if name == "/dev/null" {
		return nil
	}
	name = strings.TrimSuffix(name, "\t")
	if strings.HasPrefix(name, `"`) {
		var err error
		if name, err = unquote(name); err != nil {
			return err
		}
	}
	path, ok := strings.CutPrefix(name, "b/")
	if !ok {
		return fmt.Errorf("%w: file %.80q", errPatch, name)
	}
	p.path = path
	return nil
}

// lessThanNone is how git prints the -1 lines that a combined diff without
// context has in the result when the end of a file is taken off, as the stash
// of a deletion is (seen with git 2.39): an unsigned long of 64 or 32 bits.
var lessThanNone = [...]string{"18446744073709551615", "4294967295"}

// hunk reads "@@ -1,2 +3,4 @@ …", or with a third @ and range for each further parent.
func (p *patch) hunk(line string) error {
	words := strings.Fields(line)
	p.left = p.left[:0]
	for _, w := range words[1:] {
		if w[0] != '-' && w[0] != '+' {
			break
		}
		start, count, given := strings.Cut(w[1:], ",")
		n := 1
		at, err := strconv.Atoi(start)
		switch combined := len(words[0]) > 2; {
		case combined && slices.Contains(lessThanNone[:], count):
			n = 0
		case err == nil && given:
			n, err = strconv.Atoi(count)
		}
		if err != nil || n < 0 {
			return fmt.Errorf("%w: %.80q", errPatch, line)
		}
		p.left = append(p.left, n)
		if p.line = at; w[0] == '+' {
			break
		}
	}
	if len(p.left) != len(words[0]) {
		return fmt.Errorf("%w: %.80q", errPatch, line)
	}
	return nil
}

// body reads a line of a hunk. Before it stands a mark for each parent: + not in
// it, - only in it, a space for the rest.
func (p *patch) body(line []byte) error {
	parents := len(p.left) - 1
	if len(line) <= parents && len(bytes.TrimRight(line, "\n")) < parents {
		return fmt.Errorf("%w: %.80q in a hunk", errPatch, line)
	}
	marks, text := line[:parents], line[parents:]
	removed := bytes.IndexByte(marks, '-') >= 0
	for i, m := range marks {
		if removed && m == '-' || !removed && m != '+' {
			p.left[i]--
		}
	}
	p.plus = false
	if removed {
		return nil
	}
	p.left[parents]--
	p.line++
	for _, m := range marks {
		if m != '+' { // in one of the parents
			return p.flush()
		}
	}
	if p.added.Len() == 0 {
		p.from = p.line - 1
	}
	p.plus = true
	p.added.Write(text)
	return nil
}

func (p *patch) flush() error {
	p.plus = false
	if p.added.Len() == 0 {
		return nil
	}
	a := p.commit
	a.Path, a.Line, a.Text = p.path, p.from, p.added.String()
	p.added.Reset()
	return p.yield(a)
}

// unquote reads git's quoting of a path: C's escapes, bytes in octal.
func unquote(s string) (string, error) {
	bad := fmt.Errorf("%w: file name %.80q", errPatch, s)
	inner, ok := strings.CutSuffix(s[1:], `"`)
	if !ok {
		return "", bad
	}
	var b strings.Builder
	for i := 0; i < len(inner); i++ {
		if inner[i] != '\\' {
			b.WriteByte(inner[i])
			continue
		}
		if i++; i == len(inner) {
			return "", bad
		}
		if at := strings.IndexByte(`abtnvfr"\`, inner[i]); at >= 0 {
			b.WriteByte("\a\b\t\n\v\f\r\"\\"[at])
			continue
		}
		if i+3 > len(inner) {
			return "", bad
		}
		code, err := strconv.ParseUint(inner[i:i+3], 8, 8)
		if err != nil {
			return "", bad
		}
		b.WriteByte(byte(code))
		i += 2
	}
	return b.String(), nil
}
