package scan

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/flowgate-go/flowgate/internal/secret/repo"
	"github.com/flowgate-go/flowgate/internal/secret/repo/patch"
)

// historyRecord is what a history scan found, and the commits that it reached.
type historyRecord struct {
	Format   string         `json:"format"`
	Digest   string         `json:"digest"`  // digest of the rules
	Shallow  string         `json:"shallow"` // boundary of a shallow clone; commits below may appear later
	Tips     []string       `json:"tips"`
	Commits  int            `json:"commits"`
	Skipped  map[string]int `json:"skipped"`
	Far      []string       `json:"far"` // paths at which a part of a long match was added
	Findings []Finding      `json:"findings"`
}

// History scans every commit of the repository, merges included: the commits that refs
// or reflog entries lead to, and the commits that nothing names. The file at cache remembers the
// result: while history is only added to, the next scan reads what is new. An empty
// cache means none.
func (s *Scanner) History(ctx context.Context, r *repo.Repo, seal Seal, cache string) (Result, error) {
	tips, err := r.Tips(ctx)
	if err != nil {
		return newCollector().result(s), err
	}
	before := s.loadHistory(ctx, r, seal, cache, tips)
	if len(tips) > 0 && slices.Equal(before.Tips, tips) {
		result := newCollector().result(s)
		result.Add(before.result())
		return result, nil
	}
	result, far, err := s.scanNewCommits(ctx, r, tips, before)
	if err != nil {
		return result, err
	}
	complete := len(result.Scanned.Unread) == 0
	result.Add(before.result())
	result.Findings = dropDuplicates(result.Findings)
	slices.SortStableFunc(result.Findings, compare)
	if cache != "" && complete {
		after := historyRecord{
			Format: cacheFormat, Digest: s.rules.Digest, Shallow: r.Shallow, Tips: tips,
			Commits: result.Scanned.Commits, Skipped: result.Scanned.Skipped, Far: far, Findings: result.Findings,
		}
		if b, err := json.Marshal(after); err == nil {
			_ = seal.write(cache, b) // on failure the next scan reads more; this one is complete
		}
	}
	return result, nil
}

// scanNewCommits scans the commits that before does not have. It reads
// the additions first, then the whole of the files in which a long match may have been
// added in parts, and returns the paths of these files.
func (s *Scanner) scanNewCommits(ctx context.Context, r *repo.Repo, tips []string,
	before historyRecord) (Result, []string, error) {
	result, far, err := s.patches(ctx, r, func(ctx context.Context, yield func(patch.Addition) error) (patch.Counts,
		error) {
		return r.LogChanges(ctx, tips, before.Tips, yield)
	})
	if err != nil {
		return result, nil, err
	}
	for _, path := range before.Far {
		far.paths[path] = true
	}
	paths := far.withRenames()
	long, _, err := s.patches(ctx, r, func(ctx context.Context, yield func(patch.Addition) error) (patch.Counts, error) {
		return patch.Counts{}, r.LogFiles(ctx, tips, before.Tips, paths, yield)
	})
	if err != nil {
		return result, nil, err
	}
	result.Add(long)
	return result, paths, nil
}

// result returns the record as the result of a scan.
func (p historyRecord) result() Result {
	return Result{Findings: p.Findings, Scanned: Scanned{Commits: p.Commits, Cached: p.Commits, Skipped: p.Skipped}}
}

// loadHistory returns the record of an earlier scan that still holds, or an empty one.
func (s *Scanner) loadHistory(ctx context.Context, r *repo.Repo, seal Seal, cache string, tips []string) historyRecord {
	var p historyRecord
	if cache == "" {
		return historyRecord{}
	}
	b, err := seal.read(cache)
	if err != nil || json.Unmarshal(b, &p) != nil {
		return historyRecord{}
	}
	if p.Format != cacheFormat || p.Digest != s.rules.Digest || p.Shallow != r.Shallow || !slices.Equal(p.Tips, tips) &&
		!r.ReachesAll(ctx, tips, p.Tips) {
		return historyRecord{}
	}
	return p
}
