package patch

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// hunk is the new side of a hunk.
type hunk struct {
	text  bytes.Buffer
	from  int  // line number of its first line
	mixed bool // not all of its lines are added
	first int  // index of its first range in file.lines
}

// minusOneLines is how git prints the -1 lines that a combined diff without context has
// in the result when the end of a file is removed, as the stash of a deletion is (git
// 2.39): an unsigned long of 64 or 32 bits.
var minusOneLines = [...]string{"18446744073709551615", "4294967295"}

// inHunk reports whether the hunk has more lines.
func (p *parser) inHunk() bool {
	for _, n := range p.left {
		if n > 0 {
			return true
		}
	}
	return false
}

// beginHunk parses "@@ -1,2 +3,4 @@ …", with a third @ and range for each further
// parent.
func (p *parser) beginHunk(line string) error {
	words := strings.Fields(line)
	p.left = p.left[:0]
	for _, w := range words[1:] {
		if w[0] != '-' && w[0] != '+' {
			break
		}
		start, count, hasCount := strings.Cut(w[1:], ",")
		n := 1
		at, err := strconv.Atoi(start)
		switch combined := len(words[0]) > 2; {
		case combined && slices.Contains(minusOneLines[:], count):
			n = 0
		case err == nil && hasCount:
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
	p.hunk.from, p.hunk.first = p.line, len(p.file.lines)
	return nil
}

// parseHunkLine parses a line of a hunk. It begins with a mark for each parent: + not
// in it, - only in it, a space otherwise.
func (p *parser) parseHunkLine(line []byte) error {
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
	isAdded := bytes.Count(marks, []byte("+")) == parents // in none of the parents
	p.keepHunkLine(text, isAdded)
	if !isAdded {
		return p.flushRun()
	}
	p.countAddedLine()
	if p.added.Len() == 0 {
		p.from = p.line - 1
	}
	p.plus = true
	if !p.want.FilesOnly {
		p.added.Write(text)
	}
	return nil
}

// cutNewline removes the last line break of the added lines.
func (p *parser) cutNewline() {
	if n := p.added.Len(); p.plus && n > 0 && p.added.Bytes()[n-1] == '\n' {
		p.added.Truncate(n - 1)
	}
}

// keepHunkLine keeps a line of the new side, when hunks are selected.
func (p *parser) keepHunkLine(text []byte, isAdded bool) {
	if p.want.Hunks && !p.file.isNew {
		p.hunk.text.Write(text)
		p.hunk.mixed = p.hunk.mixed || !isAdded
	}
}

// countAddedLine adds the line before p.line to the added ranges.
func (p *parser) countAddedLine() {
	at, n := p.line-1, len(p.file.lines)
	if n > p.hunk.first && p.file.lines[n-1].Last == at-1 {
		p.file.lines[n-1].Last = at
		return
	}
	p.file.lines = append(p.file.lines, LineRange{at, at})
}

// flush yields the added lines and the hunk that were read.
func (p *parser) flush() error {
	if err := p.flushRun(); err != nil {
		return err
	}
	h := &p.hunk
	text, mixed, lines := h.text.String(), h.mixed, p.file.lines[min(h.first, len(p.file.lines)):]
	h.text.Reset()
	h.mixed, h.first = false, len(p.file.lines)
	if !mixed || len(lines) == 0 {
		return nil
	}
	a := p.commit
	a.Kind, a.Path, a.Line, a.Text, a.NewLines = Hunk, p.file.path, h.from, text, lines
	return p.yield(a)
}

// flushRun yields the added lines that were read.
func (p *parser) flushRun() error {
	p.plus = false
	if p.added.Len() == 0 {
		return nil
	}
	a := p.commit
	a.Path, a.Line, a.Text = p.file.path, p.from, p.added.String()
	p.added.Reset()
	return p.yield(a)
}
