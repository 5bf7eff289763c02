package installation

import (
	"context"
	"fmt"
	"time"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/usage/ledger"
	"github.com/flowgate-go/flowgate/internal/usage/summary"
)

// gapWindow is how far back gaps in the ledger count.
const gapWindow = 7 * 24 * time.Hour

// ledgerState is the detail of usage.ledger.
type ledgerState struct {
	checks.Note
	Requests int64        `json:"requests"`
	Gaps     []ledger.Gap `json:"gaps"` // of the last seven days
}

func usageLedger(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "usage.ledger", Title: "The usage ledger is kept without gaps", Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			if err := summary.CheckKept(s.Config); fault.HasCode(err, "usage-not-kept") {
				return checks.Skipped("%s", err)
			} else if err != nil {
				return checks.FromFault(err)
			}
			return judgeLedger(s.Config.Paths.Usage(), s.Now())
		},
	}
}

// judgeLedger reads the ledger in a folder.
func judgeLedger(folder string, now time.Time) checks.Outcome {
	reader, err := ledger.Open(folder)
	if err != nil {
		return unusableLedger(err)
	}
	defer func() { _ = reader.Close() }() // it was only read
	state, err := reader.State()
	if err != nil {
		return unusableLedger(err)
	}
	detail := ledgerState{Requests: state.Rows}
	if detail.Gaps, err = reader.Gaps(ledger.Filter{Since: now.Add(-gapWindow)}); err != nil {
		return unusableLedger(err)
	}
	if len(detail.Gaps) == 0 {
		return checks.Passed(detail)
	}
	last := detail.Gaps[len(detail.Gaps)-1]
	detail.Text = fmt.Sprintf("%d requests have no row, the last ones until %s: %s", last.Requests,
		last.Until.Format(time.RFC3339), last.Reason)
	return checks.Warned("").WithDetail(detail).WithFix("df "+folder, "look whether the disk of the ledger has room")
}

// unusableLedger returns the outcome of a ledger that cannot be read.
func unusableLedger(err error) checks.Outcome {
	if fault.HasCode(err, "usage-ledger-torn") {
		return checks.FromFault(err).WithFix("mage restart litellm", "the router sets the file aside and begins a new one")
	}
	return checks.FromFault(err)
}
