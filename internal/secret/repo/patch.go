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

// Kind says what an Added is.
type Kind int

// Kinds of what a commit, or the index, adds.
const (
	AddedLines  Kind = iota // Text are added lines, one after the other
	Hunk                    // Text are added lines and unchanged ones around them; New says which are added
	ChangedFile             // Blob is what a changed file holds now; New says which lines of it are added
	Opaque                  // Blob is what a file holds that git does not compare line by line; Old what it held before
	Renamed                 // the file at From is at Path now, with other content or the same; Blob is its new content
	Message                 // Text is the message of a commit; the names of its author and committer go before it
)

// Addition is something that a commit, or the index, adds.
type Addition struct {
	Kind     Kind
	Commit   string // full hash; empty for the index
	Date     string // author date, RFC 3339, UTC
	Path     string
	From     string
	Line     int // of the first line of Text in the new file
	Text     string
	NewLines []LineRange
	Blob     string
	OldBlobs []string
}

// LineRange are lines of a file, counted from 1, Last included.
type LineRange struct{ First, Last int }

// Counts says what a patch was about besides added lines.
type Counts struct {
	Commits int
	Renames map[string][]string // new paths of a path
}

// errPatch says that git printed what this package does not know.
var errPatch = errors.New("a patch that does not read as git writes it")

// selection says which kinds besides Run and Opaque a patch yields.
type selection struct {
	hunks, files bool
	only         bool // files and nothing else
}

// patchParser reads what `git log -p --cc` prints with header as its format, or
// `git diff` without one.
type patchParser struct {
	in     *bufio.Reader
	want   selection
	yield  func(Addition) error
	counts Counts
	commit Addition // commit and date
	file   file
	left   []int // lines of each parent, then of the result, that the hunk still has
	line   int   // of the result, next
	added  bytes.Buffer
	from   int  // line of the first in added
	plus   bool // the last line was an added one
	hunk   hunk
}

// file is what is known of the file whose changes are being read.
type file struct {
	path, renamed string
	blob          string
	old           []string    // of the parents that have the file
	isNew         bool        // no parent has it
	lines         []LineRange // that are added
}

// hunk is the new side of a hunk.
type hunk struct {
	text  bytes.Buffer
	from  int
	other bool // not all of its lines are added
	first int  // of file.lines that are in it
}

// header is the format of a commit: a byte 0 begins it, which begins no line of
// a patch outside of hunks, and one ends each of its three parts.
const header = "%x00%H%x00%ad%x00%an <%ae>%n%cn <%ce>%n%n%B%x00"

// maxMessageBytes bounds the part of a commit's message that is read, in bytes.
const maxMessageBytes = 1 << 20

// parsePatch reads a whole patch and calls yield for what it adds.
func parsePatch(r io.Reader, want selection, yield func(Addition) error) (Counts, error) {
	p := &patchParser{in: bufio.NewReaderSize(r, 1<<16), want: want, yield: yield, counts: Counts{Renames: map[string][]string{}}}
	for {
		if next, err := p.in.Peek(1); err == nil && next[0] == 0 && !p.inHunk() {
			if err := p.beginCommit(); err != nil {
				return p.counts, err
			}
			continue
		}
		line, err := p.in.ReadBytes('\n')
		if len(line) > 0 {
			if bad := p.parseLine(line); bad != nil {
				return p.counts, bad
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

// beginCommit reads the header of a commit.
func (p *patchParser) beginCommit() error {
	if err := p.endFile(); err != nil {
		return err
	}
	_, _ = p.in.Discard(1) // it was seen
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
	if p.want.only {
		return nil
	}
	message := p.commit
	message.Kind, message.Line, message.Text = Message, 1, parts[2]
	return p.yield(message)
}

// readField reads up to the next byte 0 and keeps the beginning.
func (p *patchParser) readField() (string, error) {
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

// finish flushes the last file; a patch that ends inside a hunk was cut off.
func (p *patchParser) finish() error {
	if p.inHunk() {
		return fmt.Errorf("%w: it ends in the middle", errPatch)
	}
	return p.endFile()
}

func (p *patchParser) inHunk() bool {
	for _, n := range p.left {
		if n > 0 {
			return true
		}
	}
	return false
}

func (p *patchParser) parseLine(line []byte) error {
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

// maxHeaderBytes bounds a line outside of hunks: names of files, hashes of parents.
const maxHeaderBytes = 1 << 20

// cutNewline takes the last line break off what was read last.
func (p *patchParser) cutNewline() {
	if n := p.added.Len(); p.plus && n > 0 && p.added.Bytes()[n-1] == '\n' {
		p.added.Truncate(n - 1)
	}
}

// beginFile reads "--git a/NAME b/NAME" or "--cc NAME". Names that differ are
// said again by lines that follow.
func (p *patchParser) beginFile(words string) (err error) {
	p.file = file{}
	form, names, _ := strings.Cut(words, " ")
	if form != "--git" {
		p.file.path, err = parseName(names)
		return err
	}
	half := len(names) / 2
	if len(names)%2 == 0 || names[half] != ' ' {
		return nil
	}
	second, err := parseName(names[half+1:])
	if err != nil {
		return err
	}
	p.file.path, _ = strings.CutPrefix(second, "b/")
	return nil
}

// parseRename reads "from NAME" and "to NAME".
func (p *patchParser) parseRename(words string) error {
	which, name, _ := strings.Cut(words, " ")
	name, err := parseName(name)
	if err != nil {
		return err
	}
	if which == "from" {
		p.file.renamed = name
		return nil
	}
	p.file.path = name
	p.counts.Renames[p.file.renamed] = append(p.counts.Renames[p.file.renamed], name)
	if p.want.only {
		return nil
	}
	a := p.commit // of a file that is only renamed, git does not print the hash
	a.Kind, a.Path, a.From, a.Blob = Renamed, name, p.file.renamed, a.Commit+":"+name
	return p.yield(a)
}

// parseIndexLine reads "OLD..NEW MODE", or with more than one OLD, a comma between them.
func (p *patchParser) parseIndexLine(words string) error {
	hashes, _, _ := strings.Cut(words, " ")
	before, after, ok := strings.Cut(hashes, "..")
	if !ok {
		return fmt.Errorf("%w: index %.80q", errPatch, words)
	}
	p.file.blob = after
	for hash := range strings.SplitSeq(before, ",") {
		if strings.Trim(hash, "0") != "" {
			p.file.old = append(p.file.old, hash)
		}
	}
	p.file.isNew = len(p.file.old) == 0
	return nil
}

// yieldOpaque yields a file of which git only says that it differs.
func (p *patchParser) yieldOpaque() error {
	if p.file.path == "" || p.file.blob == "" {
		return fmt.Errorf("%w: a binary file without a name", errPatch)
	}
	if strings.Trim(p.file.blob, "0") == "" || p.want.only { // it is removed
		return nil
	}
	a := p.commit
	a.Kind, a.Path, a.Blob, a.OldBlobs = Opaque, p.file.path, p.file.blob, p.file.old
	return p.yield(a)
}

// endFile yields what was held back until the end of a file's changes.
func (p *patchParser) endFile() error {
	if err := p.flush(); err != nil {
		return err
	}
	f := p.file
	p.file = file{}
	if !p.want.files || f.isNew || len(f.lines) == 0 || f.blob == "" {
		return nil
	}
	a := p.commit
	a.Kind, a.Path, a.Blob, a.NewLines = ChangedFile, f.path, f.blob, f.lines
	return p.yield(a)
}

// parseName is a name that git printed: quoted as in C when it has unusual
// characters.
func parseName(name string) (string, error) {
	if strings.HasPrefix(name, `"`) {
		return unquoteName(name)
	}
	return name, nil
}

// parseNewName reads the name of the new file, b/NAME, with a tab behind it when it has
// spaces.
func (p *patchParser) parseNewName(name string) error {
	if name == "/dev/null" {
		return nil
	}
	name, err := parseName(strings.TrimSuffix(name, "\t"))
	if err != nil {
		return err
	}
	path, ok := strings.CutPrefix(name, "b/")
	if !ok {
		return fmt.Errorf("%w: file %.80q", errPatch, name)
	}
	p.file.path = path
	return nil
}

// minusOneLines is how git prints the -1 lines that a combined diff without
// context has in the result when the end of a file is taken off, as the stash
// of a deletion is (seen with git 2.39): an unsigned long of 64 or 32 bits.
var minusOneLines = [...]string{"18446744073709551615", "4294967295"}

// beginHunk reads "@@ -1,2 +3,4 @@ …", or with a third @ and range for each further parent.
func (p *patchParser) beginHunk(line string) error {
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
		case combined && slices.Contains(minusOneLines[:], count):
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
	p.hunk.from, p.hunk.first = p.line, len(p.file.lines)
	return nil
}

// parseHunkLine reads a line of a hunk. Before it stands a mark for each parent: + not in
// it, - only in it, a space for the rest.
func (p *patchParser) parseHunkLine(line []byte) error {
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
	if !p.want.only {
		p.added.Write(text)
	}
	return nil
}

// keepHunkLine keeps a line of the new side, when a hunk is wanted as a whole.
func (p *patchParser) keepHunkLine(text []byte, isAdded bool) {
	if p.want.hunks && !p.file.isNew {
		p.hunk.text.Write(text)
		p.hunk.other = p.hunk.other || !isAdded
	}
}

// countAddedLine counts the line before p.line as an added one.
func (p *patchParser) countAddedLine() {
	at, n := p.line-1, len(p.file.lines)
	if n > p.hunk.first && p.file.lines[n-1].Last == at-1 {
		p.file.lines[n-1].Last = at
		return
	}
	p.file.lines = append(p.file.lines, LineRange{at, at})
}

// flush yields the run and the hunk that were read.
func (p *patchParser) flush() error {
	if err := p.flushRun(); err != nil {
		return err
	}
	h := &p.hunk
	text, other, lines := h.text.String(), h.other, p.file.lines[min(h.first, len(p.file.lines)):]
	h.text.Reset()
	h.other, h.first = false, len(p.file.lines)
	if !other || len(lines) == 0 {
		return nil
	}
	a := p.commit
	a.Kind, a.Path, a.Line, a.Text, a.NewLines = Hunk, p.file.path, h.from, text, lines
	return p.yield(a)
}

func (p *patchParser) flushRun() error {
	p.plus = false
	if p.added.Len() == 0 {
		return nil
	}
	a := p.commit
	a.Path, a.Line, a.Text = p.file.path, p.from, p.added.String()
	p.added.Reset()
	return p.yield(a)
}

// unquoteName reads git's quoting of a path: C's escapes, bytes in octal.
func unquoteName(s string) (string, error) {
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
