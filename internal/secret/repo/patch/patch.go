// Package patch parses what git prints about changes: Parse a patch, ParseRaw the
// output of --raw. Both yield what was added, piece by piece, and never hold a whole
// patch in memory. The package runs nothing.
package patch

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// errPatch means that git printed something that this package does not know.
var errPatch = errors.New("the patch is not in the format that git writes")

// Selection says which kinds besides AddedLines and Opaque a patch yields.
type Selection struct {
	Hunks, Files bool
	FilesOnly    bool // yield ChangedFile only
}

// parser parses the output of `git log -p --cc` with CommitFormat as its format, or of
// `git diff` without one.
type parser struct {
	in     *bufio.Reader
	want   Selection
	yield  func(Addition) error
	counts Counts
	commit Addition // commit and date
	file   file
	left   []int // lines of each parent, then of the result, that the hunk still holds
	line   int   // next line of the result
	added  bytes.Buffer
	from   int  // line number of the first line in added
	plus   bool // the last line was added
	hunk   hunk
}

// CommitFormat is the format of a commit. It begins with a byte 0, with which no line
// of a patch outside of hunks begins, and each of its three parts ends with one.
const CommitFormat = "%x00%H%x00%ad%x00%an <%ae>%n%cn <%ce>%n%n%B%x00"

// maxMessageBytes bounds how much of a commit's message is read.
const maxMessageBytes = 1 << 20

// Parse parses a whole patch and calls yield for what it adds.
func Parse(r io.Reader, want Selection, yield func(Addition) error) (Counts, error) {
	p := &parser{in: bufio.NewReaderSize(r, 1<<16), want: want, yield: yield,
		counts: Counts{Renames: map[string][]string{}}}
	for {
		if next, err := p.in.Peek(1); err == nil && next[0] == 0 && !p.inHunk() {
			if err := p.beginCommit(); err != nil {
				return p.counts, err
			}
			continue
		}
		line, err := p.in.ReadBytes('\n')
		if len(line) > 0 {
			if parseErr := p.parseLine(line); parseErr != nil {
				return p.counts, parseErr
			}
		}
		if errors.Is(err, io.EOF) {
			return p.counts, p.finish()
		}
		if err != nil {
			return p.counts, err
		}
	}
}

// beginCommit parses the header of a commit.
func (p *parser) beginCommit() error {
	if err := p.endFile(); err != nil {
		return err
	}
	_, _ = p.in.Discard(1) // the byte 0
	var parts [3]string
	for i := range parts {
		var err error
		if parts[i], err = p.readField(); err != nil {
			return fmt.Errorf("%w: the header of a commit ends early", errPatch)
		}
	}
	hash, date := parts[0], parts[1]
	if utc, ok := strings.CutSuffix(date, "+00:00"); ok { // git before 2.42
		date = utc + "Z"
	}
	p.commit = Addition{Commit: hash, Date: date}
	p.counts.Commits++
	if p.want.FilesOnly {
		return nil
	}
	message := p.commit
	message.Kind, message.Line, message.Text = Message, 1, parts[2]
	return p.yield(message)
}

// readField reads up to the next byte 0 and returns at most maxMessageBytes.
func (p *parser) readField() (string, error) {
	var kept []byte
	for {
		part, err := p.in.ReadSlice(0)
		kept = append(kept, part[:min(len(part), max(maxMessageBytes-len(kept), 0))]...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		return strings.TrimSuffix(string(kept), "\x00"), err
	}
}

// finish yields the last file; a patch that ends inside a hunk was cut off.
func (p *parser) finish() error {
	if p.inHunk() {
		return fmt.Errorf("%w: it ends in the middle", errPatch)
	}
	return p.endFile()
}

// maxHeaderBytes bounds a line outside of hunks: names of files, hashes of parents.
const maxHeaderBytes = 1 << 20

// parseLine parses one line of the patch.
func (p *parser) parseLine(line []byte) error {
	switch {
	case line[0] == '\\': // "\ No newline at end of file", about the line before
		p.cutNewline()
		return nil
	case p.inHunk():
		return p.parseHunkLine(line)
	}
	if err := p.flush(); err != nil {
		return err
	}
	word, rest, _ := strings.Cut(strings.TrimSuffix(string(line[:min(len(line), maxHeaderBytes)]), "\n"), " ")
	switch word {
	case "diff":
		if err := p.endFile(); err != nil {
			return err
		}
		return p.beginFile(rest)
	case "rename":
		return p.parseRename(rest)
	case "index":
		return p.parseIndexLine(rest)
	case "+++":
		return p.parseNewName(rest)
	case "Binary":
		return p.yieldOpaque()
	case "@@", "@@@", "@@@@", "@@@@@", "@@@@@@", "@@@@@@@", "@@@@@@@@":
		return p.beginHunk(string(line))
	}
	if strings.HasPrefix(word, "@@@@@@@@@") {
		return p.beginHunk(string(line))
	}
	return nil
}
