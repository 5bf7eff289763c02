package repo

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/flowgate-go/flowgate/internal/secret/repo/patch"
)

// git reads a new file as a whole before it compares it, however large it is. So files
// that are large in one of the commits are left out of patches, and are read through
// Blobs instead.

// largeBytes is bigFile as a number.
const largeBytes = 2 << 20

// source says where changes are read from: the index, or revisions.
type source struct {
	command   []string
	revisions string
	all       bool // the whole history: any object may be in it
}

// indexSource is the source of the changes in the index.
var indexSource = source{command: []string{"diff", "--staged"}}

// logSource returns the source of the commits that the revisions reach.
func logSource(revisions string, all bool) source {
	return source{revisions: revisions, all: all, command: []string{
		"log", "--cc", "--full-history", "--sparse", "--no-notes", "--no-mailmap", "--no-decorate", "--no-show-signature",
		"--encoding=UTF-8", "--date=iso-strict-local", "--format=" + patch.CommitFormat, "--stdin",
	}}
}

// input returns the standard input of the source's git command.
func (s source) input() io.Reader { return strings.NewReader(s.revisions) }

// readChanges yields all that a source adds.
func (r *Repo) readChanges(ctx context.Context, s source, w patch.Selection,
	yield func(patch.Addition) error) (patch.Counts, error) {
	large, err := r.largePaths(ctx, s)
	if err != nil {
		return patch.Counts{}, err
	}
	args := append(append(slices.Clone(s.command), "-p", "-D"), patchOptions(w)...)
	if len(large) > 0 {
		args = append(append(args, "--"), pathspecs(":(exclude,literal)", large)...)
	}
	counts, err := r.stream(ctx, s.input(), w, args, yield)
	if err != nil || len(large) == 0 {
		return counts, err
	}
	return counts, r.rawChanges(ctx, s, large, func(a patch.Addition) error {
		if patch.IsZeroHash(a.Blob) || a.Kind != patch.Opaque {
			return nil
		}
		return yield(a)
	})
}

// maxArgumentBytes bounds the pathspecs of one command.
const maxArgumentBytes = 100 << 10

// pathspecs returns the paths as pathspecs, as many as fit into one command.
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

// largePaths returns the paths at which a change has a large file, before or after it,
// as many as fit into one command.
func (r *Repo) largePaths(ctx context.Context, s source) ([]string, error) {
	if found, err := r.hasLargeObject(ctx, s); err != nil || !found {
		return nil, err
	}
	sizes := r.newSizeReader()
	defer sizes.Close()
	large := map[string]bool{}
	err := r.rawChanges(ctx, s, nil, func(a patch.Addition) error {
		if a.Kind != patch.Opaque || large[a.Path] {
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
	paths := slices.Sorted(maps.Keys(large))
	return paths[:len(pathspecs(":(exclude,literal)", paths))], err
}

// hasLargeObject reports whether the repository has a large object at all. That is
// faster than checking each change of a whole history, and slower than checking a few
// changes.
func (r *Repo) hasLargeObject(ctx context.Context, s source) (found bool, err error) {
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
				found = found || err == nil && n > largeBytes
			}
		}
		return lines.Err()
	})
	return found, err
}

// rawChanges yields the objects that a source's changes touch, as Opaque.
func (r *Repo) rawChanges(ctx context.Context, s source, paths []string, yield func(patch.Addition) error) error {
	args := append(slices.Clone(s.command), "--raw", "--no-abbrev", "--no-renames", "--no-relative",
		"--ignore-submodules=none")
	if len(paths) > 0 {
		args = append(append(args, "--"), pathspecs(":(literal)", paths)...)
	}
	return r.pipe(ctx, s.input(), args, func(stdout io.Reader) error { return patch.ParseRaw(stdout, yield) })
}

// sizeReader returns the sizes of objects.
type sizeReader struct{ Blobs }

// newSizeReader returns a sizeReader of the repository's objects.
func (r *Repo) newSizeReader() *sizeReader { return &sizeReader{Blobs{r: r, sizesOnly: true}} }

// size returns the size of an object; 0 when it does not exist.
func (s *sizeReader) size(ctx context.Context, hash string) (int64, error) {
	if patch.IsZeroHash(hash) {
		return 0, nil
	}
	size := int64(0)
	err := s.Read(ctx, hash, func(n int64, _ io.Reader) error { size = n; return nil })
	if errors.Is(err, ErrMissing) {
		err = nil
	}
	return size, err
}
