package environment

import (
	"context"
	"fmt"
	"math"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

// Differences in seconds from which a clock is reported: from warnSkewS on the check
// warns, from maxSkewS on servers refuse tokens as expired or not yet valid, and it fails.
const (
	warnSkewS = 60
	maxSkewS  = 300
)

func clockRight(s *subject.Subject, try func(context.Context) []triedUpstream) checks.Check {
	return checks.Check{
		ID: "clock.right", Title: "The clock of this machine is right",
		Needs: []string{"config.valid"}, Timeout: subject.Patience, Active: true,
		Run: func(ctx context.Context) checks.Outcome {
			if !s.Online {
				return skippedOffline()
			}
			nearest, known := triedUpstream{}, false
			for _, r := range try(ctx) {
				if r.dated &&
					(!known || math.Abs(r.SkewS) < math.Abs(nearest.SkewS)) {
					// One right clock among wrong ones shows that ours is right.
					nearest, known = r, true
				}
			}
			if !known {
				return checks.Skipped("no upstream said its time")
			}
			return JudgeClock(nearest.SkewS, nearest.URL, nearest)
		},
	}
}

// JudgeClock returns the outcome for a clock of this machine that is ahead of another one by so many
// seconds; passed is the detail when the difference is small.
func JudgeClock(skewS float64, other string, passed any) checks.Outcome {
	text := fmt.Sprintf("this clock differs by %.0f s from that of %s", skewS, other)
	switch skew := math.Abs(skewS); {
	case skew >= maxSkewS:
		return checks.Failed("%s", text).WithFix("", "set the clock, and let NTP keep it")
	case skew >= warnSkewS:
		return checks.Warned("%s", text).WithFix("", "set the clock, and let NTP keep it")
	}
	return checks.Passed(passed)
}
