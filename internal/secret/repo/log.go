package repo

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/internal/secret/repo/patch"
)

// ErrRevision means that a revision or range names no commit.
var ErrRevision = errors.New("no such revision")

// diffOptions are the options of every patch: it has added lines, merges compared with
// all parents, and no program of the user's in between.
var diffOptions = [...]string{"--no-color", "--no-ext-diff", "--no-textconv", "--submodule=short", "--no-relative",
	"--full-index",
	"--src-prefix=a/", "--dst-prefix=b/"}

// Context is how many unchanged lines a Hunk has around the added ones.
const Context = 12

// patchOptions returns the options of a patch that shows what is selected.
func patchOptions(w patch.Selection) []string {
	context := 0
	if w.Hunks {
		context = Context
	}
	return append(diffOptions[:len(diffOptions):len(diffOptions)], fmt.Sprintf("-U%d", context))
}

// StagedChanges yields what the index adds to HEAD, with the whole of each changed
// file.
func (r *Repo) StagedChanges(ctx context.Context, yield func(patch.Addition) error) (patch.Counts, error) {
	return r.readChanges(ctx, indexSource, patch.Selection{Files: true}, yield)
}

// RangeChanges yields what the commits of A..B add, or of any revisions that git log
// accepts, without options, with the whole of each changed file.
func (r *Repo) RangeChanges(ctx context.Context, revisions string, yield func(patch.Addition) error) (patch.Counts,
	error) {
	for _, word := range strings.Fields(revisions) {
		if strings.HasPrefix(word, "-") {
			return patch.Counts{}, fmt.Errorf("%w: %q is an option", ErrRevision, word)
		}
	}
	if _, err := r.Git(ctx, nil, append([]string{"rev-list", "-n1", "--end-of-options"},
		append(strings.Fields(revisions), "--")...)...); err != nil {
		return patch.Counts{}, fmt.Errorf("%w: %w", ErrRevision, err)
	}
	return r.readChanges(ctx, logSource(strings.Join(strings.Fields(revisions), "\n")+"\n", false),
		patch.Selection{Files: true}, yield)
}

// ReachesShallow reports whether the revisions reach a commit at which a shallow clone
// ends: the commits between it and the beginning of the range are not here.
func (r *Repo) ReachesShallow(ctx context.Context, revisions string) (cut bool, err error) {
	ends := strings.Fields(r.Shallow)
	if len(ends) == 0 {
		return false, nil
	}
	in := strings.NewReader(strings.Join(strings.Fields(revisions), "\n") + "\n")
	err = r.pipe(ctx, in, []string{"rev-list", "--stdin"}, func(stdout io.Reader) error {
		commits := bufio.NewScanner(stdout)
		for commits.Scan() {
			cut = cut || slices.Contains(ends, commits.Text())
		}
		return commits.Err()
	})
	return cut, err
}

// LogChanges yields what the commits that tips reach and known does not reach add, with
// the lines around it.
func (r *Repo) LogChanges(ctx context.Context, tips, known []string, yield func(patch.Addition) error) (patch.Counts,
	error) {
	if len(tips) == 0 {
		return patch.Counts{}, nil
	}
	return r.readChanges(ctx, logSource(revisionInput(tips, known), len(known) == 0), patch.Selection{Hunks: true}, yield)
}

// LogFiles yields the whole of the changed files with these paths, in each commit that
// tips reach and known does not. It counts nothing.
func (r *Repo) LogFiles(ctx context.Context, tips, known, paths []string, yield func(patch.Addition) error) error {
	if len(tips) == 0 {
		return nil
	}
	s, w := logSource(revisionInput(tips, known), false), patch.Selection{Files: true, FilesOnly: true}
	for len(paths) > 0 {
		limits := pathspecs(":(literal)", paths)
		if len(limits) == 0 {
			return fmt.Errorf("a name of %d bytes is too long for git", len(paths[0]))
		}
		args := append(append(append(slices.Clone(s.command), "-p", "-D"), patchOptions(w)...), "--")
		if _, err := r.stream(ctx, s.input(), w, append(args, limits...), yield); err != nil {
			return err
		}
		paths = paths[len(limits):]
	}
	return nil
}

// revisionInput returns the input of git log --stdin for the commits that tips reach
// and known does not.
func revisionInput(tips, known []string) string {
	var b strings.Builder
	for _, t := range tips {
		b.WriteString(t + "\n")
	}
	for _, k := range known {
		b.WriteString("^" + k + "\n")
	}
	return b.String()
}

// stream runs a git command and parses the patch that it prints.
func (r *Repo) stream(ctx context.Context, in io.Reader, w patch.Selection, args []string,
	yield func(patch.Addition) error) (patch.Counts, error) {
	var counts patch.Counts
	err := r.pipe(ctx, in, args, func(stdout io.Reader) (err error) {
		counts, err = patch.Parse(stdout, w, yield)
		return err
	})
	return counts, err
}

// Tips returns all commits from which a history scan begins: every ref, every entry of
// every reflog (so all stashes), and the commits that nothing names any more.
func (r *Repo) Tips(ctx context.Context) ([]string, error) {
	tips := map[string]bool{}
	out, err := r.Git(ctx, nil, "rev-list", "--all", "--reflog", "--no-walk=unsorted")
	if err != nil {
		return nil, err
	}
	for _, hash := range strings.Fields(string(out)) {
		tips[hash] = true
	}
	out, err = r.Git(ctx, nil, "fsck", "--unreachable", "--no-progress", "--connectivity-only")
	if e := (*Error)(nil); err != nil && !errors.As(err, &e) { // a damaged repository still has most of its commits
		return nil, err
	}
	for line := range strings.Lines(string(out)) {
		if hash, ok := strings.CutPrefix(line, "unreachable commit "); ok {
			tips[strings.TrimSpace(hash)] = true
		}
	}
	return slices.Sorted(maps.Keys(tips)), nil
}

// ReachesAll reports whether the tips still reach all of known, so that history was
// only added to.
func (r *Repo) ReachesAll(ctx context.Context, tips, known []string) bool {
	out, err := r.Git(ctx, strings.NewReader(revisionInput(known, tips)), "rev-list", "-n1", "--stdin")
	return err == nil && len(bytes.TrimSpace(out)) == 0
}
