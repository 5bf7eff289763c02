package scan

import (
	"context"
	"runtime"

	"github.com/sourcegraph/conc"

	"github.com/flowgate-go/flowgate/internal/repo"
)

// batchBytes of added lines go to a worker at once: most hunks are a few lines.
const batchBytes = 64 << 10

// Stream is a source of added lines: one of the methods of repo.Repo with its
// arguments bound.
type Stream func(ctx context.Context, yield func(repo.Added) error) (repo.Counts, error)

// Patches scans the lines that a stream says were added.
func (s *Scanner) Patches(ctx context.Context, stream Stream) (Result, error) {
	c := newCollector()
	batches := make(chan []Fragment, 2*runtime.GOMAXPROCS(0))
	var wg conc.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() { s.drain(batches, c) })
	}
	counts, err := s.feed(ctx, stream, batches)
	close(batches)
	wg.Wait()
	c.Scanned.Commits = counts.Commits
	if counts.Binary > 0 {
		c.Scanned.Skipped["binary"] += counts.Binary
	}
	return c.result(), err
}

func (s *Scanner) drain(batches <-chan []Fragment, c *collector) {
	w := s.Worker()
	for batch := range batches {
		var found []Finding
		bytes := int64(0)
		for _, f := range batch {
			found = append(found, w.Scan(f)...)
			bytes += int64(len(f.Text))
		}
		c.do(func(r *Result) {
			r.Findings = append(r.Findings, found...)
			r.Scanned.Bytes += bytes
		})
	}
}

func (s *Scanner) feed(ctx context.Context, stream Stream, batches chan<- []Fragment) (repo.Counts, error) {
	var batch []Fragment
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
	counts, err := stream(ctx, func(a repo.Added) error {
		batch = append(batch, Fragment{Path: a.Path, Commit: a.Commit, Date: a.Date, Line: a.Line, Text: a.Text})
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
