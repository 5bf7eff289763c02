package upstream

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/usage/quota"
)

// restTolerance is how long after the reset of a quota a credential may rest.
const restTolerance = 5 * time.Minute

// resting is a credential as the running server lists it, as far as it rests.
type resting struct {
	serverAccount
	Index          any        `json:"auth_index"` // a string since version 7, a number before
	NextRetryAfter *time.Time `json:"next_retry_after"`
}

// CLIProxyAPI 7 remembers until when a credential rests and asks nobody again, although quotas
// are given back earlier (its issues 5639, 5770 and 5964).
func cooldownStale(s *subject.Subject, ask func(context.Context) management) checks.Check {
	return checks.Check{
		ID: "cooldown.stale", Title: "Nothing rests although its quota is there",
		Needs: []string{"cliproxy.management"}, Active: true,
		Run: judgeCredentials(s, ask, func(files []resting, _ management) checks.Outcome {
			return judgeRests(files, seenQuotas(s), s.Now())
		}),
	}
}

// seenQuotas returns the windows that the router has seen.
func seenQuotas(s *subject.Subject) (seen []quota.Seen) {
	health, err := s.Health()
	if err != nil {
		return nil
	}
	for _, svc := range health.Services {
		if svc.Router != nil {
			seen = append(seen, svc.Router.Quota...)
		}
	}
	return seen
}

// judgeRests warns of credentials that rest although nothing says that they have to.
func judgeRests(files []resting, seen []quota.Seen, now time.Time) checks.Outcome {
	var lines []string
	for _, f := range files {
		if why := f.whyStale(seen, now); why != "" && !f.Disabled && f.Unavailable && len(lines) < maxAccounts {
			lines = append(lines, f.sanitize().Name+" "+why)
		}
	}
	if len(lines) == 0 {
		return checks.Passed(nil)
	}
	return checks.Warned("%s", strings.Join(lines, "; ")).WithFix("mage restart cliproxyapi_plus",
		program.Text("the server forgets its cooldowns then; mage quota:show has what replies said of the quota"))
}

// whyStale returns why a credential should not rest; "" when it should, or when nothing is known.
func (f resting) whyStale(seen []quota.Seen, now time.Time) string {
	if f.NextRetryAfter != nil && now.Sub(*f.NextRetryAfter) > restTolerance {
		return "rests although its wait was over at " + f.NextRetryAfter.UTC().Format(time.RFC3339)
	}
	known, until := false, now
	for _, w := range seen {
		if w.Account == "" || w.Account != fmt.Sprint(f.Index) {
			continue
		}
		known = true
		if w.IsUsedUp() && (w.ResetsAt == nil || w.ResetsAt.After(until)) {
			if w.ResetsAt == nil {
				return ""
			}
			until = *w.ResetsAt
		}
	}
	switch {
	case !known:
		return ""
	case until.Equal(now):
		return "rests although the last replies of its account say that it may be used"
	case f.NextRetryAfter != nil && f.NextRetryAfter.Sub(until) > restTolerance:
		return "rests until " + f.NextRetryAfter.UTC().Format(time.RFC3339) + " although its quota is reset at " +
			until.UTC().Format(time.RFC3339)
	}
	return ""
}
