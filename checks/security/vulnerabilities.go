package security

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/checks"
)

func (s *subject) vulnerabilities() checks.Check {
	return checks.Check{
		ID: "flowgate.vulnerabilities", Title: "No known vulnerability is in what FlowGate calls", Timeout: 10 * time.Minute,
		About: "With -online and in FlowGate's own source tree, runs govulncheck over it, which asks the Go vulnerability database. The same as `mage vuln`.",
		Run: func(ctx context.Context) checks.Outcome {
			if !s.o.Online {
				return checks.Skipped("needs the network: -online")
			}
			if _, err := os.Stat(filepath.Join(s.root, "tools", "go.mod")); err != nil {
				return checks.Skipped("%s is not FlowGate's source tree", s.root)
			}
			cmd := exec.CommandContext(ctx, "go", "tool", "-modfile=tools/go.mod", "govulncheck", "./...")
			cmd.Dir = s.root
			out, err := cmd.CombinedOutput()
			if err != nil {
				lines := strings.Split(strings.TrimSpace(string(out)), "\n")
				return checks.Failed("govulncheck: %s", lines[len(lines)-1]).WithFix("mage vuln", "it says what calls what")
			}
			return checks.Passed(nil)
		},
	}
}
