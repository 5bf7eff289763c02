package security

import (
	"context"
	"path/filepath"
	"slices"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/scaffold"
)

// ignoreRules are names of files that no repository around a router should contain, with
// the lines of a .gitignore that exclude such files.
var ignoreRules = [...]struct{ probe, line string }{
	{".env", ".env"}, {".env.local", ".env.*"}, {"flowgate-probe.pem", "*.pem"}, {"flowgate-probe.key", "*.key"},
}

func (s *audit) filesIgnored() checks.Check {
	return checks.Check{
		ID: "files.ignored", Title: "git ignores the files that people put secrets into",
		After: []string{"folder.ignored"}, // both may write .gitignore
		Run: func(ctx context.Context) checks.Outcome {
			switch {
			case s.repo == nil:
				return s.skippedWithoutGit()
			case s.repo.Bare:
				return checks.Skipped("%s is a bare repository: it has no working tree", s.root)
			}
			missing, err := s.missingIgnoreLines(ctx)
			switch {
			case err != nil:
				return checks.Failed("%v", err)
			case len(missing) > 0:
				return checks.Warned("").WithDetail(filesDetail{"git would take " + joinNames(missing), missing}).
					WithFix("mage security-check -fix", "add the lines to .gitignore")
			}
			return checks.Passed(nil)
		},
		Mend: func(ctx context.Context) ([]string, error) {
			missing, err := s.missingIgnoreLines(ctx)
			if err != nil {
				return nil, err
			}
			changed, err := scaffold.AppendIgnore(filepath.Join(s.root, ".gitignore"), missing...)
			if !changed {
				return nil, err
			}
			return []string{"added " + joinNames(missing) + " to .gitignore"}, err
		},
	}
}

// missingIgnoreLines returns the lines that .gitignore lacks.
func (s *audit) missingIgnoreLines(ctx context.Context) (lines []string, err error) {
	if s.repo.Bare {
		return nil, nil
	}
	var probes []string
	for _, i := range ignoreRules {
		probes = append(probes, i.probe)
	}
	ignored, err := s.repo.IgnoredPaths(ctx, probes)
	for _, i := range ignoreRules {
		if !ignored[i.probe] {
			lines = append(lines, i.line)
		}
	}
	if slices.Contains(lines, ".env.*") {
		lines = append(lines, "!.env.example")
	}
	return lo.Uniq(lines), err
}
