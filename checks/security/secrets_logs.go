package security

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/secret/scan"
)

func (s *audit) secretsLogs() checks.Check {
	return checks.Check{
		ID: "secrets.logs", Title: "No log holds a secret", Timeout: scanTimeout,
		Run: func(ctx context.Context) checks.Outcome {
			if s.cfg == nil {
				return s.skippedWithoutConfig()
			}
			logs, err := s.listLogs()
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return checks.Skipped("there is no %s", s.shortPath(s.cfg.Paths.Root()))
			case err != nil:
				return checks.Failed("%v", err)
			}
			return s.runScan(func(sc *scan.Scanner) (scan.Result, error) {
				result := sc.Tree(ctx, "/", logs, nil)
				for i := range result.Findings {
					result.Findings[i].File = s.shortPath("/" + result.Findings[i].File)
				}
				return result, nil
			})
		},
	}
}

// listLogs returns the paths of all logs without the leading slash: the logs in the runtime
// folder, and the logs that CLIProxyAPI writes beside its credentials.
func (s *audit) listLogs() (all []string, err error) {
	if _, err := os.Stat(s.cfg.Paths.Root()); err != nil {
		return nil, err
	}
	err = s.walkRuntimeFolder(func(path string, info fs.FileInfo) {
		if info.Mode().IsRegular() && filepath.Ext(path) == ".log" {
			all = append(all, strings.TrimPrefix(path, "/"))
		}
	})
	beside, _ := filepath.Glob(filepath.Join(s.authFolder(), "logs", "*"))
	for _, path := range beside {
		all = append(all, strings.TrimPrefix(path, "/"))
	}
	return lo.Uniq(all), err
}
