package patch

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ParseRaw parses the output of git with --raw and yields the objects that changes
// touch, as Opaque.
func ParseRaw(r io.Reader, yield func(Addition) error) error {
	p := &parser{in: bufio.NewReaderSize(r, 1<<16), yield: yield}
	for {
		if next, err := p.in.Peek(1); err == nil && next[0] == 0 {
			if err := p.beginCommit(); err != nil {
				return err
			}
			continue
		}
		line, err := p.in.ReadString('\n')
		if strings.HasPrefix(line, ":") {
			if err := p.parseRawLine(strings.TrimSuffix(line, "\n")); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// parseRawLine parses ":MODE MODE HASH HASH STATUS<tab>NAME". A merge has as many
// colons as parents, and a mode and a hash for each of them and the result.
func (p *parser) parseRawLine(line string) error {
	head, name, ok := strings.Cut(line, "\t")
	parents := len(head) - len(strings.TrimLeft(head, ":"))
	words := strings.Fields(head[parents:])
	if !ok || len(words) != 2*parents+3 {
		return fmt.Errorf("%w: %.80q", errPatch, line)
	}
	name, err := parseName(name)
	if err != nil {
		return err
	}
	a := p.commit
	a.Path, a.Blob = name, words[2*parents+1]
	if mode := words[parents]; mode == "160000" { // a submodule's object is a commit of another repository
		return nil
	}
	a.Kind = Opaque
	for _, hash := range words[parents+1 : 2*parents+1] {
		if !IsZeroHash(hash) {
			a.OldBlobs = append(a.OldBlobs, hash)
		}
	}
	return p.yield(a)
}

// IsZeroHash reports whether a hash is that of no object.
func IsZeroHash(hash string) bool { return strings.Trim(hash, "0") == "" }
