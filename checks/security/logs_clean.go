package security

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/scan"
)

func (s *subject) logsClean() checks.Check {
	return checks.Check{
		ID: "logs.clean", Title: "No log holds a secret", Timeout: scanTimeout,
		About: "Searches every .log file of the runtime folder, and CLIProxyAPI's logs beside its credentials, which hold request bodies, by the same rules as the working tree. Delete the log, and replace the secret.",
		Run: func(ctx context.Context) checks.Outcome {
			if s.cfg == nil {
				return s.noConfig()
			}
			root := s.cfg.Paths.Root()
			if _, err := os.Stat(root); err != nil {
				return checks.Skipped("there is no %s", s.shown(root))
			}
			var logs []string
			err := s.runtimeFiles(func(path string, info fs.FileInfo) {
				beside := filepath.Base(filepath.Dir(path)) == "logs"
				if rel, err := filepath.Rel(root, path); err == nil && info.Mode().IsRegular() && (filepath.Ext(path) == ".log" || beside) {
					logs = append(logs, filepath.ToSlash(rel))
				}
			})
			if err != nil {
				return checks.Failed("%v", err)
			}
			return s.examine(func(sc *scan.Scanner) (scan.Result, error) {
				result := sc.Tree(ctx, root, logs, nil)
				for i := range result.Findings {
					result.Findings[i].File = s.shown(filepath.Join(root, result.Findings[i].File))
				}
				return result, nil
			})
		},
	}
}
