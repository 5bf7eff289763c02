package repo

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// ErrRevision says that a revision or range names nothing.
var ErrRevision = errors.New("no such revision")

// diffOptions are the options of every patch: the lines that are new, merges against
// all their parents, no program of the user's in between.
var diffOptions = [...]string{"--no-color", "--no-ext-diff", "--no-textconv", "--submodule=short", "--no-relative", "--full-index",
	"--src-prefix=a/", "--dst-prefix=b/"}

// Context is how many unchanged lines stand around the added ones of a Hunk.
const Context = 12

// options are those of a patch from which that is wanted.
func (w selection) options() []string {
	context := 0
	if w.hunks {
		context = Context
	}
	return append(diffOptions[:len(diffOptions):len(diffOptions)], fmt.Sprintf("-U%d", context))
}

// StagedChanges is what the index adds to HEAD, with the whole of each changed file.
func (r *Repo) StagedChanges(ctx context.Context, yield func(Addition) error) (Counts, error) {
	return r.readChanges(ctx, indexSource, selection{files: true}, yield)
}

// RangeChanges is the log of A..B, or of any revisions that git log takes, without
// options, with the whole of each changed file.
func (r *Repo) RangeChanges(ctx context.Context, revisions string, yield func(Addition) error) (Counts, error) {
	for _, word := range strings.Fields(revisions) {
		if strings.HasPrefix(word, "-") {
			return Counts{}, fmt.Errorf("%w: %q is an option", ErrRevision, word)
		}
	}
	if _, err := r.Git(ctx, nil, append([]string{"rev-list", "-n1", "--end-of-options"}, append(strings.Fields(revisions), "--")...)...); err != nil {
		return Counts{}, fmt.Errorf("%w: %w", ErrRevision, err)
	}
	return r.readChanges(ctx, logSource(strings.Join(strings.Fields(revisions), "\n")+"\n", false), selection{files: true}, yield)
}

// ReachesShallow reports whether the revisions reach a commit at which a shallow clone
// ends: what is between it and where the range begins is not here.
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

// LogChanges is the log of all commits that the tips reach and known does not, with
// the lines around what is added.
func (r *Repo) LogChanges(ctx context.Context, tips, known []string, yield func(Addition) error) (Counts, error) {
	if len(tips) == 0 {
		return Counts{}, nil
	}
	return r.readChanges(ctx, logSource(revisionInput(tips, known), len(known) == 0), selection{hunks: true}, yield)
}

// LogFiles yields the whole of the changed files with these paths, in each commit
// that the tips reach and known does not. It counts nothing.
func (r *Repo) LogFiles(ctx context.Context, tips, known, paths []string, yield func(Addition) error) error {
	if len(tips) == 0 {
		return nil
	}
	s, w := logSource(revisionInput(tips, known), false), selection{files: true, only: true}
	for len(paths) > 0 {
		limits := pathspecs(":(literal)", paths)
		if len(limits) == 0 {
			return fmt.Errorf("a name of %d bytes is too long for git", len(paths[0]))
		}
		args := append(append(append(slices.Clone(s.command), "-p", "-D"), w.options()...), "--")
		if _, err := r.stream(ctx, s.input(), w, append(args, limits...), yield); err != nil {
			return err
		}
		paths = paths[len(limits):]
	}
	return nil
}

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

func (r *Repo) stream(ctx context.Context, in io.Reader, w selection, args []string, yield func(Addition) error) (Counts, error) {
	var counts Counts
	err := r.pipe(ctx, in, args, func(stdout io.Reader) (err error) {
		counts, err = parsePatch(stdout, w, yield)
		return err
	})
	return counts, err
}

// Tips are all commits from which a history scan begins: every ref, every entry
// of every reflog (so all stashes), and the commits that nothing names any more.
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
	if e := (*Error)(nil); err != nil && !errors.As(err, &e) { // a damaged repository still has most of it
		return nil, err
	}
	for line := range strings.Lines(string(out)) {
		if hash, ok := strings.CutPrefix(line, "unreachable commit "); ok {
			tips[strings.TrimSpace(hash)] = true
		}
	}
	return sorted(tips), nil
}

func sorted(set map[string]bool) (all []string) {
	for s := range set {
		all = append(all, s)
	}
	slices.Sort(all)
	return all
}

// ReachesAll reports whether the tips still reach all of known: that history was
// only added to.
func (r *Repo) ReachesAll(ctx context.Context, tips, known []string) bool {
	out, err := r.Git(ctx, strings.NewReader(revisionInput(known, tips)), "rev-list", "-n1", "--stdin")
	return err == nil && len(bytes.TrimSpace(out)) == 0
}
