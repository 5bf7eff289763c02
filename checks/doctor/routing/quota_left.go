package routing

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/auth/window"
	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/terminal"
)

// quotaAhead is how far ahead quota.left looks: a working day.
const quotaAhead = 8 * time.Hour

// paceAge is how old a pace may be: after an hour without a reply nobody uses the quota up.
const paceAge = time.Hour

// quotaDetail is the windows with what is wrong about them.
type quotaDetail struct {
	window.Overview
	Text string `json:"reason,omitempty"`
}

// Reason implements report.Reasoned.
func (d quotaDetail) Reason() string { return d.Text }

func quotaLeft(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "quota.left", Title: "No quota is used up within eight hours at this pace",
		Needs: []string{"services.ready"}, Timeout: subject.Patience,
		Run: func(ctx context.Context) checks.Outcome {
			health, err := s.Health()
			if err != nil {
				return checks.FromFault(err)
			}
			seen := window.FromStatus(ctx, s.Config, s.AuthEnvironment(), health)
			if len(seen.Windows) == 0 {
				return checks.Skipped("%s", seen.Reason)
			}
			return JudgeQuota(seen, s.Now())
		},
	}
}

// JudgeQuota warns of windows that are used up, or will be soon.
func JudgeQuota(seen window.Overview, now time.Time) checks.Outcome {
	detail := quotaDetail{Overview: seen}
	var lines []string
	for _, w := range seen.Windows {
		if text := describeShortage(w, now); text != "" {
			lines = append(lines, text)
		}
	}
	if len(lines) == 0 {
		return checks.Passed(detail)
	}
	detail.Text = strings.Join(lines, "; ")
	return checks.Warned("").WithDetail(detail).WithFix("mage quota:show",
		"wait for the reset, let a fallback lead to another account or provider, or choose a smaller model meanwhile")
}

// describeShortage returns what is wrong with a window; "" when nothing is.
func describeShortage(w window.Window, now time.Time) string {
	name := fmt.Sprintf("%s of %s", strings.TrimSpace(w.Provider+" "+w.Name), w.Holder())
	reset := ""
	if w.ResetsAt != nil {
		reset = "; it is reset in " + terminal.Duration(w.ResetsAt.Sub(now))
	}
	switch {
	case w.LengthS == 0: // a decision over all windows, or a limit by the minute of an API key
		return ""
	case w.UsedUp:
		return name + " is used up" + reset
	case w.RunsOutAt == nil || now.Sub(w.ObservedAt) > paceAge || w.RunsOutAt.Sub(now) > quotaAhead:
		return ""
	}
	return name + " is used up in " + terminal.Duration(max(0, w.RunsOutAt.Sub(now))) + " at this pace" + reset
}
