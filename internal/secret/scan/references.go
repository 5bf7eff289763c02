package scan

import (
	"context"

	"github.com/flowgate-go/flowgate/internal/secret/repo"
	"github.com/flowgate-go/flowgate/internal/secret/repo/patch"
)

// References scans what no log shows: names of branches and tags, messages of tags, and
// contents that a name leads to without a commit.
func (s *Scanner) References(ctx context.Context, r *repo.Repo) (Result, error) {
	refs, err := r.Refs(ctx)
	if err != nil {
		return Result{}, err
	}
	c := newCollector()
	w := &patchWorker{Worker: s.Worker(), blobs: r.Blobs(), c: c, contents: map[contentKey][]Finding{}}
	defer w.blobs.Close()
	for _, ref := range refs {
		c.Findings = append(c.Findings, w.searchName(ref.Name)...)
		if ref.Message != "" {
			c.Findings = append(c.Findings, w.SearchNames(Fragment{Path: ref.Name, Text: ref.Message})...)
		}
		contents, err := r.RefContents(ctx, ref)
		if err != nil {
			c.addUnread(ref.Name, err)
		}
		for path, blob := range contents {
			found, err := w.searchOpaque(ctx, patch.Addition{Path: path, Blob: blob})
			if err != nil {
				c.addUnread(path+" in "+ref.Name, err)
			}
			c.Findings = append(c.Findings, found...)
		}
	}
	return c.result(s), ctx.Err()
}

// Settings searches the repository's own settings for known secrets, such as in the
// URLs of remotes.
func (s *Scanner) Settings(ctx context.Context, r *repo.Repo, shown func(path string) string) (Result, error) {
	if !s.hasKnown {
		return Result{}, nil
	}
	texts, err := r.ReadSettings(ctx)
	c, w := newCollector(), s.Worker()
	for path, text := range texts {
		c.Findings = append(c.Findings, w.search(Fragment{Path: shown(path), Line: 1, Text: text}, knownOnly)...)
	}
	return c.result(s), err
}
