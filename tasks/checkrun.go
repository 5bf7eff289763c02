package tasks

import (
	"time"

	"github.com/flowgate-go/flowgate/internal/report"
)

// newReport starts the report of a command. The report of a command that runs checks always has
// a list of them, even when it fails before the first, so that .checks[] is always an array.
func newReport(command string, now time.Time) *report.Report {
	switch command {
	case "doctor", "security-check", "smoke", "verify", "drill", "soak", "release:check":
		return report.NewChecked(command, now)
	}
	return report.New(command, now)
}
