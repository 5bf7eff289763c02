package installation

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/keyfile"
)

func keysPresent(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "keys.present", Title: "Every key file that the configuration names holds a key", Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			bad := subject.PathsDetail{}
			var lines []string
			for _, name := range slices.Sorted(maps.Keys(s.Config.Credentials)) {
				path := s.Config.Credentials[name].File
				if path == "" || isGenerated(s, path) && !subject.Exists(path) {
					continue
				}
				if _, _, err := keyfile.Read(path); err != nil {
					bad.Paths = append(bad.Paths, path)
					lines = append(
						lines,
						fmt.Sprintf("credentials.upstream.%s: %s: %v", name, s.ShortPath(path), subject.WithoutPath(err)),
					)
				}
			}
			if len(lines) == 0 {
				return checks.Passed(nil)
			}
			bad.Text = strings.Join(lines, "; ")
			return checks.Failed("").WithDetail(bad).WithFix("", "write the key into the file, one line, chmod 600")
		},
	}
}

// isGenerated reports whether FlowGate generates the key file when it does not exist.
func isGenerated(s *subject.Subject, path string) bool {
	_, isCLIProxy := s.CLIProxyService()
	secrets := s.Config.Paths.Secrets()
	return path == filepath.Join(secrets, "gateway.key") || !isCLIProxy && path == filepath.Join(secrets, "upstream.key")
}
