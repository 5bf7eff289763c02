package environment

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/program"
)

// Limits of open files. A router needs two files for each request in flight: below
// minFiles the check fails, below enoughFiles it warns.
const (
	minFiles    = 256
	enoughFiles = 1024
)

// fileLimit is the number of files that a process may have open.
type fileLimit struct {
	checks.Note
	Soft uint64 `json:"soft"` // 0: no limit
	Hard uint64 `json:"hard"` // 0: no limit
}

func filesEnough(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "environment.files", Title: "Services may open enough files",
		Run: func(ctx context.Context) checks.Outcome {
			soft, hard, err := readFileLimits(ctx)
			if err != nil {
				return checks.Skipped("the limit is not known: %v", err)
			}
			l := fileLimit{Soft: soft, Hard: hard, Note: checks.Notef("at most %d files may be open at once", soft)}
			wanted := uint64(4 * enoughFiles)
			if hard != 0 {
				wanted = min(hard, wanted)
			}
			fix := fmt.Sprintf("ulimit -n %d", wanted)
			switch {
			case soft == 0:
				return checks.Passed(fileLimit{})
			case soft < minFiles:
				return checks.Failed("").
					WithDetail(l).
					WithFix(fix, program.Text("raise the limit, then mage restart from that shell"))
			case soft < enoughFiles:
				return checks.Warned("").
					WithDetail(l).
					WithFix(fix, program.Text("raise the limit, then mage restart from that shell"))
			}
			l.Text = ""
			return checks.Passed(l)
		},
	}
}

// readFileLimits returns the limits that a shell reports: the Go runtime raises its own
// soft limit at its start and gives the old one to its children only. "unlimited" is 0.
func readFileLimits(ctx context.Context) (soft, hard uint64, err error) {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", "ulimit -Sn; ulimit -Hn")
	cmd.WaitDelay = subject.Grace
	out, err := cmd.Output()
	if err != nil {
		return 0, 0, err
	}
	lines := strings.Fields(string(out))
	if len(lines) != 2 {
		return 0, 0, fmt.Errorf("the shell said %q", out)
	}
	soft, _ = strconv.ParseUint(lines[0], 10, 64)
	hard, _ = strconv.ParseUint(lines[1], 10, 64)
	return soft, hard, nil
}
