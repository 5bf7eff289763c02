package repo

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// git reads a file that is new as a whole before it compares it, however large
// it is. So files that are large in one of the commits are left out of patches;
// which they are, and what they hold, is asked for by itself.

// largeBytes is bigFile as a number.
const largeBytes = 2 << 20

// source is where changes are taken from: the index, or revisions.
type source struct {
	command   []string
	revisions string
	all       bool // of the whole history: any object may be large
}

var indexSource = source{command: []string{"diff", "--staged"}}

func logSource(revisions string, all bool) source {
	return source{revisions: revisions, all: all, command: []string{
		"log", "--cc", "--full-history", "--sparse", "--no-notes", "--no-mailmap", "--no-decorate", "--no-show-signature",
		"--encoding=UTF-8", "--date=iso-strict-local", "--format=" + header, "--stdin",
	}}
}

func (s source) input() io.Reader { return strings.NewReader(s.revisions) }

// readChanges yields all that a source adds.
func (r *Repo) readChanges(ctx context.Context, s source, w selection, yield func(Addition) error) (Counts, error) {
	large, err := r.largePaths(ctx, s)
	if err != nil {
		return Counts{}, err
	}
	args := append(append(slices.Clone(s.command), "-p", "-D"), w.options()...)
	if len(large) > 0 {
		args = append(append(args, "--"), pathspecs(":(exclude,literal)", large)...)
	}
	counts, err := r.stream(ctx, s.input(), w, args, yield)
	if err != nil || len(large) == 0 {
		return counts, err
	}
	return counts, r.rawChanges(ctx, s, large, func(a Addition) error {
		if isZero(a.Blob) || a.Kind != Opaque {
			return nil
		}
		return yield(a)
	})
}

// maxArgumentBytes bounds the pathspecs of one command, in bytes.
const maxArgumentBytes = 100 << 10

func pathspecs(magic string, paths []string) (all []string) {
	size := 0
	for _, path := range paths {
		if size += len(magic) + len(path) + 1; size > maxArgumentBytes {
			break
		}
		all = append(all, magic+path)
	}
	return all
}

// largePaths are the paths at which a change has a large file, before or after
// it: as many as fit into one command.
func (r *Repo) largePaths(ctx context.Context, s source) ([]string, error) {
	if any, err := r.hasLargeObject(ctx, s); err != nil || !any {
		return nil, err
	}
	sizes := r.newSizeReader()
	defer sizes.Close()
	large := map[string]bool{}
	err := r.rawChanges(ctx, s, nil, func(a Addition) error {
		if a.Kind != Opaque || large[a.Path] {
			return nil
		}
		for _, hash := range append(a.OldBlobs, a.Blob) {
			size, err := sizes.size(ctx, hash)
			if err != nil {
				return err
			}
			large[a.Path] = large[a.Path] || size > largeBytes
		}
		if !large[a.Path] {
			delete(large, a.Path)
		}
		return nil
	})
	paths := sorted(large)
	return paths[:len(pathspecs(":(exclude,literal)", paths))], err
}

// hasLargeObject reports whether the repository has a large object at all. That is
// faster than to look at each change of a whole history, and slower than to look
// at a few changes.
func (r *Repo) hasLargeObject(ctx context.Context, s source) (any bool, err error) {
	if !s.all {
		return true, nil
	}
	args := []string{"cat-file", "--batch-all-objects", "--unordered", "--batch-check=%(objectsize) %(objecttype)"}
	err = r.pipe(ctx, nil, args, func(stdout io.Reader) error {
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			size, _, _ := bytes.Cut(lines.Bytes(), []byte(" "))
			if len(size) >= len("1000000") {
				n, err := strconv.ParseInt(string(size), 10, 64)
				any = any || err == nil && n > largeBytes
			}
		}
		return lines.Err()
	})
	return any, err
}

// rawChanges yields which objects a source's changes are about, as Opaque.
func (r *Repo) rawChanges(ctx context.Context, s source, paths []string, yield func(Addition) error) error {
	args := append(slices.Clone(s.command), "--raw", "--no-abbrev", "--no-renames", "--no-relative", "--ignore-submodules=none")
	if len(paths) > 0 {
		args = append(append(args, "--"), pathspecs(":(literal)", paths)...)
	}
	return r.pipe(ctx, s.input(), args, func(stdout io.Reader) error {
		p := &patchParser{in: bufio.NewReaderSize(stdout, 1<<16), yield: yield}
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
	})
}

// parseRawLine reads ":MODE MODE HASH HASH STATUS<tab>NAME"; of a merge, there are as
// many colons as parents, and a mode and a hash for each of them and the result.
func (p *patchParser) parseRawLine(line string) error {
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
	if mode := words[parents]; mode == "160000" { // a submodule: the object is a commit of another repository
		return nil
	}
	a.Kind = Opaque
	for _, hash := range words[parents+1 : 2*parents+1] {
		if !isZero(hash) {
			a.OldBlobs = append(a.OldBlobs, hash)
		}
	}
	return p.yield(a)
}

func isZero(hash string) bool { return strings.Trim(hash, "0") == "" }

// sizeReader asks for the sizes of objects.
type sizeReader struct{ Blobs }

func (r *Repo) newSizeReader() *sizeReader { return &sizeReader{Blobs{r: r, sizesOnly: true}} }

// size is the size of an object; 0 when there is none.
func (s *sizeReader) size(ctx context.Context, hash string) (int64, error) {
	if isZero(hash) {
		return 0, nil
	}
	size := int64(0)
	err := s.Read(ctx, hash, func(n int64, _ io.Reader) error { size = n; return nil })
	if errors.Is(err, ErrMissing) {
		err = nil
	}
	return size, err
}
