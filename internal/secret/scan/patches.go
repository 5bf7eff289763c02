package scan

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/flowgate-go/flowgate/internal/secret/repo"
	"github.com/flowgate-go/flowgate/internal/secret/repo/patch"
)

// batchBytes is how many bytes of added lines a worker gets at once, since most hunks are
// a few lines.
const batchBytes = 64 << 10

// Stream is a source of additions: a method of repo.Repo with its arguments bound.
type Stream func(ctx context.Context, yield func(patch.Addition) error) (patch.Counts, error)

// Patches scans what a stream yields of r.
func (s *Scanner) Patches(ctx context.Context, r *repo.Repo, stream Stream) (Result, error) {
	result, _, err := s.patches(ctx, r, stream)
	return result, err
}

// patches does what Patches does, and also returns the paths at which a long match may
// have changed.
func (s *Scanner) patches(ctx context.Context, r *repo.Repo, stream Stream) (Result, *longMatchPaths, error) {
	c, far := newCollector(), &longMatchPaths{paths: map[string]bool{}}
	batches := make(chan []patch.Addition, 2*runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			w := &patchWorker{Worker: s.Worker(), blobs: r.Blobs(), c: c, far: far, contents: map[contentKey][]Finding{}}
			defer w.blobs.Close()
			for batch := range batches {
				w.searchBatch(ctx, batch)
			}
		})
	}
	counts, err := feedBatches(ctx, stream, batches)
	close(batches)
	wg.Wait()
	c.Scanned.Commits, far.renames = counts.Commits, counts.Renames
	return c.result(s), far, err
}

// feedBatches groups what a stream yields into batches and sends them.
func feedBatches(ctx context.Context, stream Stream, batches chan<- []patch.Addition) (patch.Counts, error) {
	var batch []patch.Addition
	size := 0
	send := func() error {
		select {
		case batches <- batch:
			batch, size = nil, 0
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	counts, err := stream(ctx, func(a patch.Addition) error {
		batch = append(batch, a)
		if a.Blob != "" {
			size += batchBytes / 8 // its content has to be read
		}
		if size += len(a.Text); size < batchBytes {
			return nil
		}
		return send()
	})
	if err == nil && len(batch) > 0 {
		err = send()
	}
	return counts, err
}

// longMatchPaths collects the paths at which a part of a long match may have been
// added, such as the end of a key whose first line stays.
type longMatchPaths struct {
	mu      sync.Mutex
	paths   map[string]bool
	renames map[string][]string
}

// add adds a path.
func (r *longMatchPaths) add(path string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.paths[path] = true
}

// withRenames returns the paths and their later names, sorted.
func (r *longMatchPaths) withRenames() (all []string) {
	for path := range r.paths {
		all = append(all, path)
	}
	for i := 0; i < len(all); i++ {
		for _, to := range r.renames[all[i]] {
			if !r.paths[to] {
				r.paths[to] = true
				all = append(all, to)
			}
		}
	}
	slices.Sort(all)
	return all
}

// patchWorker searches additions, for one goroutine.
type patchWorker struct {
	*Worker
	blobs    *repo.Blobs
	c        *collector
	far      *longMatchPaths
	named    string // commit and path whose name was searched last
	contents map[contentKey][]Finding
}

// searchBatch searches a batch and adds the findings to the collector.
func (w *patchWorker) searchBatch(ctx context.Context, batch []patch.Addition) {
	for _, a := range batch {
		if ctx.Err() != nil {
			return
		}
		found, err := w.searchAddition(ctx, a)
		if err != nil {
			w.c.addUnread(a.Path+" in "+shortCommit(a.Commit), err)
		}
		w.c.update(func(r *Result) {
			r.Findings = append(r.Findings, found...)
			r.Scanned.Bytes += int64(len(a.Text))
		})
	}
}

// shortCommit returns the beginning of a hash for messages, or "the index".
func shortCommit(hash string) string {
	if hash == "" {
		return "the index"
	}
	return hash[:min(len(hash), 10)]
}

// MessageFile is the File of findings in the message of a commit or tag, and in the
// names of its authors.
const MessageFile = "(message)"

// searchAddition searches one addition.
func (w *patchWorker) searchAddition(ctx context.Context, a patch.Addition) (found []Finding, err error) {
	f := Fragment{Path: a.Path, Commit: a.Commit, Date: a.Date, Line: a.Line, Text: a.Text}
	switch a.Kind {
	case patch.Message:
		f.Path, f.Line = MessageFile, 0
		return w.SearchNames(f), nil
	case patch.Hunk:
		return findingsOn(w.search(f, severalLines), a.NewLines), nil
	case patch.ChangedFile:
		err = w.searchFile(ctx, a, severalLines, func(part []Finding) {
			found = append(found, findingsOn(part, a.NewLines)...)
		})
		return found, err
	case patch.Opaque:
		found, err = w.searchOpaque(ctx, a)
	case patch.Renamed:
		found, err = w.searchRenamed(ctx, a)
	default:
		found = w.searchAddedLines(f)
	}
	if name := a.Commit + ":" + a.Path; name != w.named {
		w.named = name
		for _, n := range w.searchName(a.Path) {
			n.Commit, n.Date = a.Commit, a.Date
			found = append(found, n.withFingerprint())
		}
	}
	return found, err
}

// searchAddedLines searches a run of added lines.
func (w *patchWorker) searchAddedLines(f Fragment) (found []Finding) {
	s := fileSearcher{w: w.Worker}
	w.Worker.far = false
	splitLong(f, func(f Fragment) { found = append(found, s.search(f)...) })
	if w.Worker.far {
		w.far.add(f.Path)
	}
	return found
}

// findingsOn returns the findings that have a line in common with lines.
func findingsOn(found []Finding, lines []patch.LineRange) []Finding {
	return slices.DeleteFunc(found, func(n Finding) bool {
		at, _ := slices.BinarySearchFunc(lines, n.Line, func(l patch.LineRange, line int) int { return l.Last - line })
		return at == len(lines) || lines[at].First > n.EndLine
	})
}

// contentKey identifies a blob at a path.
type contentKey struct{ path, blob string }

// maxContents bounds how many blobs' findings a worker remembers: most commits replace
// what the next one in the log has added.
const maxContents = 64

// searchOpaque searches a file whose changes git does not show. What was found in its
// old content too is left out.
func (w *patchWorker) searchOpaque(ctx context.Context, a patch.Addition) ([]Finding, error) {
	if isArchive(a.Path) {
		w.c.countSkipped("archive")
		return nil, nil
	}
	found, err := w.searchWhole(ctx, a, a.Blob)
	if errors.Is(err, errBinary) {
		w.c.countSkipped("binary")
		return nil, nil
	}
	if err != nil || len(found) == 0 {
		return nil, err
	}
	before := map[secretKey]bool{}
	for _, blob := range a.OldBlobs {
		old, err := w.searchWhole(ctx, a, blob)
		if err != nil && !errors.Is(err, errBinary) && !errors.Is(err, repo.ErrMissing) {
			return nil, err
		}
		for _, n := range old {
			before[secretKey{n.Rule, n.secret}] = true
		}
	}
	fresh := slices.DeleteFunc(slices.Clone(found), func(n Finding) bool { return before[secretKey{n.Rule, n.secret}] })
	for i := range fresh {
		fresh[i].Commit, fresh[i].Date = a.Commit, a.Date
		fresh[i] = fresh[i].withFingerprint()
	}
	return fresh, nil
}

// searchRenamed searches a file whose old name excluded it from rules: an archive by
// its name, a path in an allowlist, a kind of file that a rule is not for. What the
// rules found under the old name is left out.
func (w *patchWorker) searchRenamed(ctx context.Context, a patch.Addition) ([]Finding, error) {
	wasArchive := isArchive(a.From)
	if isArchive(a.Path) || !wasArchive && !w.isSeenByMoreRules(a) {
		return nil, nil
	}
	found, err := w.searchWhole(ctx, a, a.Blob)
	switch {
	case errors.Is(err, errBinary):
		w.c.countSkipped("binary")
		return nil, nil
	case errors.Is(err, repo.ErrMissing) && w.blobs.IsSubmodule(ctx, a.Commit, a.Path):
		return nil, nil
	case err != nil || wasArchive:
		return slices.Clone(found), err
	}
	before, from := map[secretKey]bool{}, a
	from.Path = a.From
	old, err := w.searchWhole(ctx, from, a.Blob)
	for _, n := range old {
		before[secretKey{n.Rule, n.secret}] = true
	}
	return slices.DeleteFunc(slices.Clone(found), func(n Finding) bool { return before[secretKey{n.Rule, n.secret}] }), err
}

// isSeenByMoreRules reports whether a rule searches files of the new name and not of
// the old one.
func (w *patchWorker) isSeenByMoreRules(a patch.Addition) bool {
	w.enterPlace(Fragment{Path: a.From, Commit: a.Commit})
	old := w.place
	w.enterPlace(Fragment{Path: a.Path, Commit: a.Commit})
	for i, off := range w.place.off {
		if old.off[i] && !off {
			return true
		}
	}
	return false
}

// searchWhole returns what is found in one blob.
func (w *patchWorker) searchWhole(ctx context.Context, a patch.Addition, blob string) ([]Finding, error) {
	key := contentKey{a.Path, blob}
	if found, ok := w.contents[key]; ok {
		return found, nil
	}
	found := []Finding{}
	a.Blob = blob
	err := w.searchFile(ctx, a, everyRule, func(part []Finding) { found = append(found, part...) })
	if err != nil {
		return nil, err
	}
	if len(w.contents) >= maxContents {
		clear(w.contents)
	}
	w.contents[key] = found
	return found, nil
}

// searchFile searches the blob a.Blob, fragment by fragment.
func (w *patchWorker) searchFile(ctx context.Context, a patch.Addition, rules scope, yield func([]Finding)) error {
	s := fileSearcher{w: w.Worker, rules: rules}
	return w.blobs.Read(ctx, a.Blob, func(_ int64, in io.Reader) error {
		return readFragments(fullReader{in}, a.Path, func(f Fragment) {
			if ctx.Err() != nil {
				return
			}
			f.Commit, f.Date = a.Commit, a.Date
			w.c.update(func(r *Result) { r.Scanned.Bytes += int64(len(f.Text)) })
			yield(s.search(f))
		})
	})
}

// fullReader fills the buffer of each read, so that fragments do not depend on how git
// writes into a pipe.
type fullReader struct{ in io.Reader }

// Read implements io.Reader.
func (f fullReader) Read(b []byte) (int, error) {
	n, err := io.ReadFull(f.in, b)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return n, err
}

// isArchive reports whether the name of a file is an archive's.
func isArchive(path string) bool {
	lower := strings.ToLower(path)
	return slices.ContainsFunc(archives[:], func(ending string) bool { return strings.HasSuffix(lower, ending) })
}
