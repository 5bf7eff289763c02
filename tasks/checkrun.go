package tasks

import (
	"time"

	"github.com/flowgate-go/flowgate/internal/report"
)

// newReport starts the report of a command. One that runs checks has a list of
// them in its report whatever happens, so that .checks[] is always an array.
func newReport(command string, now time.Time) *report.Report {
	switch command {
	case "doctor", "security-check", "smoke", "verify", "drill", "soak", "release:check":
		return report.NewChecked(command, now)
	}
	return report.New(command, now)
}
