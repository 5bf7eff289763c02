package repo

import (
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

// diffs are the options of every patch: the lines that are new, merges against
// all their parents, no program of the user's in between.
var diffs = [...]string{"--no-color", "--no-ext-diff", "--no-textconv", "--submodule=short", "--no-relative", "--full-index",
	"--src-prefix=a/", "--dst-prefix=b/"}

// Context is how many unchanged lines stand around the added ones of a Hunk.
const Context = 12

// options are those of a patch from which that is wanted.
func (w want) options() []string {
	context := 0
	if w.hunks {
		context = Context
	}
	return append(diffs[:len(diffs):len(diffs)], fmt.Sprintf("-U%d", context))
}

// StagedPatch is what the index adds to HEAD, with the whole of each changed file.
func (r *Repo) StagedPatch(ctx context.Context, yield func(Added) error) (Counts, error) {
	w := want{files: true}
	return r.stream(ctx, nil, w, append([]string{"diff", "--staged"}, w.options()...), yield)
}

// Range is the log of A..B, or of any revisions that git log takes, without
// options, with the whole of each changed file.
func (r *Repo) Range(ctx context.Context, revisions string, yield func(Added) error) (Counts, error) {
	for _, word := range strings.Fields(revisions) {
		if strings.HasPrefix(word, "-") {
			return Counts{}, fmt.Errorf("%w: %q is an option", ErrRevision, word)
		}
	}
	if _, err := r.Git(ctx, nil, append([]string{"rev-list", "-n1", "--end-of-options"}, append(strings.Fields(revisions), "--")...)...); err != nil {
		return Counts{}, fmt.Errorf("%w: %w", ErrRevision, err)
	}
	return r.log(ctx, strings.Join(strings.Fields(revisions), "\n")+"\n", want{files: true}, yield)
}

// Log is the log of all commits that the tips reach and known does not, with
// the lines around what is added.
func (r *Repo) Log(ctx context.Context, tips, known []string, yield func(Added) error) (Counts, error) {
	if len(tips) == 0 {
		return Counts{}, nil
	}
	return r.log(ctx, revisions(tips, known), want{hunks: true}, yield)
}

// LogOf yields the whole of the changed files with these paths, in each commit
// that the tips reach and known does not. It counts nothing.
func (r *Repo) LogOf(ctx context.Context, tips, known, paths []string, yield func(Added) error) error {
	const most = 100 << 10 // bytes of arguments
	for len(tips) > 0 && len(paths) > 0 {
		n, size := 0, 0
		for n < len(paths) && (n == 0 || size+len(paths[n]) < most) {
			size += len(paths[n]) + len(":(literal)")
			n++
		}
		var limits []string
		for _, path := range paths[:n] {
			limits = append(limits, ":(literal)"+path)
		}
		if _, err := r.log(ctx, revisions(tips, known), want{files: true, only: true}, yield, limits...); err != nil {
			return err
		}
		paths = paths[n:]
	}
	return nil
}

func revisions(tips, known []string) string {
	var b strings.Builder
	for _, t := range tips {
		b.WriteString(t + "\n")
	}
	for _, k := range known {
		b.WriteString("^" + k + "\n")
	}
	return b.String()
}

func (r *Repo) log(ctx context.Context, revisions string, w want, yield func(Added) error, paths ...string) (Counts, error) {
	args := append([]string{"log", "-p", "--cc", "--full-history", "--diff-filter=d", "--no-notes", "--no-mailmap", "--no-decorate", "--no-show-signature",
		"--encoding=UTF-8", "--date=iso-strict-local", "--format=" + header, "--stdin"}, w.options()...)
	return r.stream(ctx, strings.NewReader(revisions), w, append(append(args, "--"), paths...), yield)
}

func (r *Repo) stream(ctx context.Context, in io.Reader, w want, args []string, yield func(Added) error) (Counts, error) {
	var counts Counts
	err := r.pipe(ctx, in, args, func(stdout io.Reader) (err error) {
		counts, err = parse(stdout, w, yield)
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

// Reaches reports whether the tips still reach all of known: that history was
// only added to.
func (r *Repo) Reaches(ctx context.Context, tips, known []string) bool {
	out, err := r.Git(ctx, strings.NewReader(revisions(known, tips)), "rev-list", "-n1", "--stdin")
	return err == nil && len(bytes.TrimSpace(out)) == 0
}
