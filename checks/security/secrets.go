package security

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/secret/repo"
	"github.com/flowgate-go/flowgate/internal/secret/repo/patch"
	"github.com/flowgate-go/flowgate/internal/secret/scan"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// scanTimeout bounds one scan: of a large history it takes minutes.
const scanTimeout = time.Hour

// scanSummary is the detail of a content check.
type scanSummary struct {
	Text     string `json:"reason"`
	Findings int    `json:"findings"` // not in the baseline
	Known    int    `json:"known"`    // in the baseline
	Files    int    `json:"files"`
	Commits  int    `json:"commits"`
	Cached   int    `json:"cached"`
	Unread   int    `json:"unread"`
}

// Reason implements report.Reasoned.
func (m scanSummary) Reason() string { return m.Text }

func (s *audit) secretsTree() checks.Check {
	return checks.Check{
		ID: "secrets.tree", Title: "No secret is in the working tree", Timeout: scanTimeout,
		Run: func(ctx context.Context) checks.Outcome {
			if s.repo != nil && s.repo.Bare {
				return checks.Skipped("%s is a bare repository: it has no working tree", s.root)
			}
			return s.runScan(func(sc *scan.Scanner) (scan.Result, error) {
				result := scan.Result{}
				files, err := s.listFiles(ctx, func(path string, err error) {
					result.Scanned.Unread = append(result.Scanned.Unread, scan.Unread{What: path, Reason: err.Error()})
				})
				if err != nil {
					return result, err
				}
				cache := s.treeCache()
				result.Add(sc.Tree(ctx, s.root, files, cache))
				if s.repo != nil {
					settings, err := sc.Settings(ctx, s.repo, s.relativeToRoot)
					if err != nil {
						result.Scanned.Unread = append(result.Scanned.Unread, scan.Unread{What: ".git/config", Reason: err.Error()})
					}
					result.Add(settings)
				}
				if ctx.Err() == nil {
					_ = cache.Save() // the next run reads more; nothing is wrong with this one
				}
				return result, nil
			})
		},
	}
}

// treeCache returns the cache of the scan of the working tree; nil when there is none.
func (s *audit) treeCache() *scan.Cache {
	name := "tree"
	if s.options.All {
		name = "all"
	}
	if s.cachePath(name) == "" {
		return nil
	}
	return scan.OpenCache(s.seal(), s.cachePath(name), s.rules.Digest+s.root)
}

// listFiles returns the files to search: those of the repository, or with -all and
// outside of a repository every file but the runtime folder and the files of secrets,
// which other checks examine.
func (s *audit) listFiles(ctx context.Context, unreadable func(string, error)) ([]string, error) {
	if s.repo != nil && !s.options.All {
		return s.repo.Files(ctx)
	}
	return repo.Walk(ctx, s.root, func(path string) bool {
		full := filepath.Join(s.root, path)
		return s.cfg != nil &&
			(full == s.cfg.Paths.Root() || full == s.cfg.CLIProxyConfigFile || slices.Contains(s.cfg.SecretFiles, full))
	}, unreadable)
}

func (s *audit) secretsStaged() checks.Check {
	return checks.Check{
		ID: "secrets.staged", Title: "No secret is staged", Timeout: scanTimeout,
		Run: func(ctx context.Context) checks.Outcome {
			isCut := func(context.Context) (bool, error) { return false, nil } // the index is always whole
			return s.scanPatch(ctx, isCut, func(ctx context.Context, yield func(patch.Addition) error) (patch.Counts, error) {
				return s.repo.StagedChanges(ctx, yield)
			})
		},
	}
}

func (s *audit) secretsRange() checks.Check {
	return checks.Check{
		ID: "secrets.range", Title: "No commit of the range adds a secret", Timeout: scanTimeout,
		Run: func(ctx context.Context) checks.Outcome {
			return s.scanPatch(
				ctx,
				s.isRangeCut,
				func(ctx context.Context, yield func(patch.Addition) error) (patch.Counts, error) {
					return s.repo.RangeChanges(ctx, s.options.Range, yield)
				},
			)
		},
	}
}

func (s *audit) secretsHistory() checks.Check {
	return checks.Check{
		ID: "secrets.history", Title: "No commit holds a secret", Timeout: scanTimeout,
		Run: func(ctx context.Context) checks.Outcome {
			if s.repo == nil {
				return s.skippedWithoutGit()
			}
			return s.runScan(func(sc *scan.Scanner) (scan.Result, error) {
				result, err := sc.History(ctx, s.repo, s.seal(), s.cachePath("history"))
				if err == nil {
					var refs scan.Result
					refs, err = sc.References(ctx, s.repo)
					result.Add(refs)
				}
				if s.repo.Shallow != "" {
					result.Scanned.Unread = append(
						result.Scanned.Unread,
						scan.Unread{What: "history", Reason: "this clone is shallow: older commits are not here (git fetch --unshallow)"},
					)
				}
				if n, err := s.repo.CountSubmodules(ctx); err == nil && n > 0 {
					result.Add(scan.Result{Scanned: scan.Scanned{Skipped: map[string]int{"submodule-history": n}}})
				}
				return result, s.explainPartialClone(ctx, &result, err)
			})
		},
	}
}

// explainPartialClone gives the reason for what could not be read of a clone that has
// only a part of the objects. FlowGate never fetches them itself: the repository's
// settings may name any remote.
func (s *audit) explainPartialClone(ctx context.Context, result *scan.Result, err error) error {
	if err == nil && len(result.Scanned.Unread) == 0 {
		return nil
	}
	if isPartial, _ := s.repo.IsPartial(ctx); !isPartial {
		return err
	}
	const why = "this clone has only a part of the objects, and nothing was fetched: git fetch --refetch " +
		"--no-filter, then try again"
	if err != nil {
		return fmt.Errorf("%s: %w", why, err)
	}
	for i := range result.Scanned.Unread {
		result.Scanned.Unread[i].Reason = why
	}
	return nil
}

// isRangeCut reports whether a shallow clone lacks a part of the range.
func (s *audit) isRangeCut(ctx context.Context) (bool, error) {
	return s.repo.ReachesShallow(ctx, s.options.Range)
}

// scanPatch searches the lines that a stream yields. isCut reports whether a shallow
// clone lacks a part of them.
func (s *audit) scanPatch(
	ctx context.Context,
	isCut func(context.Context) (bool, error),
	stream scan.Stream,
) checks.Outcome {
	if s.repo == nil {
		if dir := s.options.Getenv("GIT_DIR"); dir != "" {
			return checks.Failed("%v, and GIT_DIR=%s is not followed", s.noRepoReason, dir).
				WithFix("", "run it inside the repository itself")
		}
		return s.skippedWithoutGit()
	}
	return s.runScan(func(sc *scan.Scanner) (scan.Result, error) {
		result, err := sc.Patches(ctx, s.repo, stream)
		if cut, cutErr := isCut(ctx); err == nil && cutErr != nil {
			err = cutErr
		} else if cut {
			result.Scanned.Unread = append(result.Scanned.Unread, scan.Unread{What: "range", Reason: "this clone is " +
				"shallow and ends within the range: some of its commits are not here (git fetch --unshallow)"})
		}
		if dir := s.options.Getenv("GIT_DIR"); dir != "" && !s.isOwnGitDir(dir) {
			result.Scanned.Unread = append(
				result.Scanned.Unread,
				scan.Unread{
					What:   dir,
					Reason: "GIT_DIR names another repository than the one of the working folder, which was searched",
				},
			)
		}
		return result, s.explainPartialClone(ctx, &result, err)
	})
}

// runScan runs one scan and judges what it found.
func (s *audit) runScan(search func(*scan.Scanner) (scan.Result, error)) checks.Outcome {
	sc, err := s.scanner()
	if err != nil {
		return checks.Failed("the rules cannot be used: %v", err)
	}
	result, err := search(sc)
	m := s.summarize(&result)
	switch {
	case errors.Is(err, repo.ErrRevision):
		return checks.Failed("-range=%s: %v", s.options.Range, err).
			WithFix("", "write two commits, branches or tags, as in -range=origin/main..HEAD")
	case err != nil:
		return checks.Failed("the scan did not finish: %v", err)
	case m.Findings > 0:
		return scanOutcome(
			report.Fail,
			m,
		).
			WithFix("", "replace each secret where it was issued and remove it; a false alarm: add its fingerprint to "+
				".gitleaksignore")
	case m.Unread > 0:
		return scanOutcome(report.Fail, m).WithFix("", "data.scanned.unread says what could not be searched")
	}
	return scanOutcome(report.Pass, m)
}

// isOwnGitDir reports whether dir, as git gives it to a hook, is this repository's.
func (s *audit) isOwnGitDir(dir string) bool {
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(s.options.Cwd, dir)
	}
	return trust.RealPath(dir) == trust.RealPath(s.repo.Dir)
}

// relativeToRoot returns a path relative to the scanned folder when it lies in there, as
// findings have it.
func (s *audit) relativeToRoot(path string) string {
	if rel, err := filepath.Rel(s.root, path); err == nil && trust.IsWithin(path, s.root) {
		return filepath.ToSlash(rel)
	}
	return path
}

// scanOutcome returns an outcome with a summary.
func scanOutcome(status report.Status, m scanSummary) checks.Outcome {
	return checks.Outcome{Status: status, Detail: m}
}

// summarize drops what is ignored, marks what the baseline has, adds the result to the
// report and returns its summary.
func (s *audit) summarize(result *scan.Result) scanSummary {
	result.Findings = slices.DeleteFunc(result.Findings, s.ignore.Has)
	m := scanSummary{
		Files: result.Scanned.Files, Commits: result.Scanned.Commits,
		Cached: result.Scanned.Cached, Unread: len(result.Scanned.Unread),
		Text: fmt.Sprintf(
			"%d files and %d commits searched, %d of them known already",
			result.Scanned.Files,
			result.Scanned.Commits,
			result.Scanned.Cached,
		),
	}
	var fresh []string
	for i := range result.Findings {
		f := &result.Findings[i]
		if f.Baseline = s.baseline.Has(*f); f.Baseline {
			m.Known++
			continue
		}
		fresh = append(fresh, describePlace(*f))
	}
	m.Findings = len(fresh)
	switch {
	case len(fresh) > 0:
		m.Text = fmt.Sprintf("%d found: %s", len(fresh), joinNames(fresh))
	case m.Unread > 0:
		m.Text = fmt.Sprintf(
			"not everything could be searched: %s: %s",
			result.Scanned.Unread[0].What,
			result.Scanned.Unread[0].Reason,
		)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.result.Add(*result)
	return m
}

// describePlace returns the place of a finding, with its commit and rule.
func describePlace(f scan.Finding) string {
	where := fmt.Sprintf("%s:%d", f.File, f.Line)
	if f.Commit != "" {
		where += " in " + f.Commit[:min(len(f.Commit), 10)]
	}
	return where + " (" + f.Rule + ")"
}
