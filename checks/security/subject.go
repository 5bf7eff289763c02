package security

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/secret/repo"
	"github.com/flowgate-go/flowgate/internal/secret/rule"
	"github.com/flowgate-go/flowgate/internal/secret/scan"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// audit is what is examined.
type audit struct {
	o    Options
	root string         // absolute folder that is scanned
	repo *repo.Repo     // nil when root is in no repository
	none error          // why
	cfg  *config.Config // nil when the configuration cannot be used
	err  error          // why

	ignore   scan.Ignore
	baseline scan.Baseline
	known    func() []string // secrets of the installation
	rules    *rule.Set
	scanner  func() (*scan.Scanner, error)

	mu     sync.Mutex
	result scan.Result
}

// newAudit finds out what there is to examine, and refuses rules and baselines
// that cannot be used before any work starts.
func newAudit(ctx context.Context, o Options) (*audit, error) {
	s := &audit{o: o, root: o.Cwd}
	s.cfg, s.err = subject.Configuration(o.Options.Subject())
	r, err := repo.Open(ctx, o.Cwd)
	switch {
	case err == nil:
		s.repo, s.root = r, r.Top
	case errors.Is(err, repo.ErrNoRepository):
		s.none = err
	default:
		return nil, fault.New("git-failed", "look for a git repository in %s: %w", o.Cwd, err).
			WithHint("git says why; for another user's repository: git config --global --add safe.directory %s", o.Cwd)
	}
	s.known = sync.OnceValue(s.secrets)
	if s.rules, err = rule.Load(s.root); err != nil {
		return nil, fault.Usage("rules-invalid", "%w", err).WithHint("correct %s; its format is gitleaks'", rule.File)
	}
	s.scanner = sync.OnceValues(func() (*scan.Scanner, error) { return scan.New(s.rules) })
	s.rules.AddKnown(s.known())
	return s, s.suppressions()
}

func (s *audit) suppressions() (err error) {
	if s.ignore, err = scan.ReadIgnore(s.root); err != nil {
		return fault.Usage("baseline-invalid", "read %s: %w", scan.IgnoreFile, err)
	}
	if s.o.Baseline == "" {
		return nil
	}
	if s.baseline, err = scan.ReadBaseline(s.o.Baseline); err != nil {
		f := fault.Usage("baseline-invalid", "read the baseline %s: %w", s.o.Baseline, err)
		if errors.Is(err, fs.ErrNotExist) {
			return f.WithHint("make one with -write-baseline=%s", s.o.Baseline)
		}
		return f.WithHint("a report of gitleaks in JSON is one too")
	}
	if full, err := filepath.Abs(s.o.Baseline); err == nil && trust.IsWithin(full, s.root) {
		rel, _ := filepath.Rel(s.root, full)
		s.rules.Baseline = filepath.ToSlash(rel)
		s.rules.Digest += " without " + s.rules.Baseline
	}
	return nil
}

// examined is the data of the report, after the checks have run.
func (s *audit) examined() (Examined, error) {
	e := Examined{Root: s.root, Git: s.repo != nil, Findings: s.result.Findings, Scanned: s.result.Scanned}
	if e.Findings == nil {
		e.Findings = []scan.Finding{}
	}
	if e.Scanned.Unread == nil {
		e.Scanned.Unread = []scan.Unread{}
	}
	if e.Scanned.Skipped == nil {
		e.Scanned.Skipped = map[string]int{}
	}
	if s.o.WriteBaseline != "" {
		if err := scan.WriteBaseline(s.o.WriteBaseline, e.Findings); err != nil {
			return e, fault.New("baseline-unwritable", "write the baseline: %w", err)
		}
		e.Baseline = s.o.WriteBaseline
	}
	return e, s.err
}

// cache is the file in which a scan of that name is remembered; empty without a
// configuration that is trusted.
func (s *audit) cache(name string) string {
	if s.cfg == nil || s.o.Untrusted != "" || trust.CheckFolders(s.cfg.Paths.Root(), filepath.Join(s.cfg.Paths.Root(), "cache")) != nil {
		return ""
	}
	return filepath.Join(s.cfg.Paths.Root(), "cache", name)
}

// seal authenticates what is remembered.
func (s *audit) seal() scan.Seal {
	if s.cfg == nil {
		return scan.Seal{}
	}
	return scan.Seal{Root: s.cfg.Paths.Root(), Getenv: s.o.Getenv}
}

// shown is a path as people in the folder that they work in would type it.
func (s *audit) shown(path string) string {
	if rel, err := filepath.Rel(s.o.Cwd, path); err == nil && len(rel) < len(path) {
		return rel
	}
	return path
}

// noGit is the outcome of a check that needs a repository.
func (s *audit) noGit() checks.Outcome { return checks.Skipped("%v", s.none) }

// noConfig is the outcome of a check that needs the configuration.
func (s *audit) noConfig() checks.Outcome {
	return checks.Skipped("the configuration cannot be used")
}

// names are a few of many things in a sentence.
func names(all []string) string {
	const most = 5
	if len(all) <= most {
		return strings.Join(all, ", ")
	}
	return strings.Join(slices.Clone(all[:most]), ", ") + " and more"
}
