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
	"github.com/flowgate-go/flowgate/internal/secret/suppress"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// audit is one examination: what is examined, and what was found.
type audit struct {
	options      Options
	root         string         // absolute folder that is scanned
	repo         *repo.Repo     // nil when root is in no repository
	noRepoReason error          // why there is no repository
	cfg          *config.Config // nil when the configuration cannot be used
	configError  error          // why it cannot be used

	ignore       suppress.Ignore
	baseline     suppress.Baseline
	knownSecrets func() []string // secrets of the installation
	rules        *rule.Set
	scanner      func() (*scan.Scanner, error)

	mu     sync.Mutex
	result scan.Result
}

// newAudit returns an audit of what there is to examine, and refuses rules and baselines
// that cannot be used before any work starts.
func newAudit(ctx context.Context, o Options) (*audit, error) {
	s := &audit{options: o, root: o.Cwd}
	s.cfg, s.configError = subject.Configuration(o.Subject())
	r, err := repo.Open(ctx, o.Cwd)
	switch {
	case err == nil:
		s.repo, s.root = r, r.Top
	case errors.Is(err, repo.ErrNoRepository):
		s.noRepoReason = err
	default:
		return nil, fault.New("git-failed", "look for a git repository in %s: %w", o.Cwd, err).
			WithHint("git says why; for another user's repository: git config --global --add safe.directory %s", o.Cwd)
	}
	s.knownSecrets = sync.OnceValue(s.installationSecrets)
	if s.rules, err = rule.Load(s.root); err != nil {
		return nil, fault.Usage("rules-invalid", "%w", err).WithHint("correct %s; its format is gitleaks'", rule.File)
	}
	s.scanner = sync.OnceValues(func() (*scan.Scanner, error) { return scan.New(s.rules) })
	s.rules.AddKnown(s.knownSecrets())
	return s, s.loadSuppressions()
}

// loadSuppressions reads the ignored fingerprints and the baseline.
func (s *audit) loadSuppressions() (err error) {
	if s.ignore, err = suppress.ReadIgnore(s.root); err != nil {
		return fault.Usage("baseline-invalid", "read %s: %w", suppress.IgnoreFile, err)
	}
	if s.options.Baseline == "" {
		return nil
	}
	if s.baseline, err = suppress.ReadBaseline(s.options.Baseline); err != nil {
		f := fault.Usage("baseline-invalid", "read the baseline %s: %w", s.options.Baseline, err)
		if errors.Is(err, fs.ErrNotExist) {
			return f.WithHint("make one with -write-baseline=%s", s.options.Baseline)
		}
		return f.WithHint("a JSON report of gitleaks can be used as a baseline too")
	}
	if full, err := filepath.Abs(s.options.Baseline); err == nil && trust.IsWithin(full, s.root) {
		rel, _ := filepath.Rel(s.root, full)
		s.rules.Baseline = filepath.ToSlash(rel)
		s.rules.Digest += " without " + s.rules.Baseline
	}
	return nil
}

// collectExamined returns the data of the report, after the checks have run.
func (s *audit) collectExamined() (Examined, error) {
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
	if s.options.WriteBaseline != "" {
		if err := suppress.WriteBaseline(s.options.WriteBaseline, e.Findings); err != nil {
			return e, fault.New("baseline-unwritable", "write the baseline: %w", err)
		}
		e.Baseline = s.options.WriteBaseline
	}
	return e, s.configError
}

// cachePath returns the file in which a scan of that name is remembered; "" without a
// trusted configuration.
func (s *audit) cachePath(name string) string {
	if s.cfg == nil || s.options.Untrusted != "" ||
		trust.CheckFolders(s.cfg.Paths.Root(), filepath.Join(s.cfg.Paths.Root(), "cache")) != nil {
		return ""
	}
	return filepath.Join(s.cfg.Paths.Root(), "cache", name)
}

// seal returns the seal that authenticates what scans remember.
func (s *audit) seal() scan.Seal {
	if s.cfg == nil {
		return scan.Seal{}
	}
	return scan.Seal{Root: s.cfg.Paths.Root(), Getenv: s.options.Getenv}
}

// shortPath returns the path relative to the working folder when that is shorter.
func (s *audit) shortPath(path string) string {
	if rel, err := filepath.Rel(s.options.Cwd, path); err == nil && len(rel) < len(path) {
		return rel
	}
	return path
}

// skippedWithoutGit returns the outcome of a check that needs a repository.
func (s *audit) skippedWithoutGit() checks.Outcome { return checks.Skipped("%v", s.noRepoReason) }

// skippedWithoutConfig returns the outcome of a check that needs the configuration.
func (s *audit) skippedWithoutConfig() checks.Outcome {
	return checks.Skipped("the configuration cannot be used")
}

// joinNames returns the first five names, with commas between them, and says when there
// are more.
func joinNames(all []string) string {
	const most = 5
	if len(all) <= most {
		return strings.Join(all, ", ")
	}
	return strings.Join(slices.Clone(all[:most]), ", ") + " and more"
}
