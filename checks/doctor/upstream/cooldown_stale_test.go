package upstream_test

import (
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/checks/doctor/upstream"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/usage/quota"
)

func TestWhatRestsWithoutNeed(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 9, 14, 10, 0, 0, 0, time.UTC)
	window := func(account, status string, resets time.Duration) quota.Seen {
		return quota.Seen{Account: account, ObservedAt: now, Window: quota.Window{Provider: quota.Claude, Name: "7d",
			LengthS: 7 * 86400, Status: status, ResetsAt: new(now.Add(resets))}}
	}
	for _, c := range []struct {
		name, file string
		seen       []quota.Seen
		want       string // a part of what is said; "": nothing is wrong
	}{
		{"nothing is known", `"unavailable":true,"next_retry_after":"2026-10-02T10:00:00Z"`, nil, ""},
		{"its own wait is over (5964)", `"unavailable":true,"next_retry_after":"2026-09-13T09:00:00Z"`, nil, "was over at 2026-09-13"},
		{"its own wait has just ended", `"unavailable":true,"next_retry_after":"2026-09-14T09:58:00Z"`, nil, ""},
		{"18 days after the reset (5770)", `"unavailable":true,"next_retry_after":"2026-10-02T10:00:00Z"`,
			[]quota.Seen{window("a1", "rejected", time.Hour)}, "although its quota is reset at 2026-09-14T11:00:00Z"},
		{"until the reset", `"unavailable":true,"next_retry_after":"2026-09-14T11:00:00Z"`,
			[]quota.Seen{window("a1", "rejected", time.Hour)}, ""},
		{"the last reply allowed more (5639)", `"unavailable":true,"next_retry_after":"2026-10-02T10:00:00Z"`,
			[]quota.Seen{window("a1", "allowed", time.Hour)}, "it may be used"},
		{"another account's reply", `"unavailable":true,"next_retry_after":"2026-10-02T10:00:00Z"`,
			[]quota.Seen{window("a2", "allowed", time.Hour)}, ""},
		{"it is used", `"unavailable":false`, []quota.Seen{window("a1", "allowed", time.Hour)}, ""},
		{"somebody disabled it", `"unavailable":true,"disabled":true,"next_retry_after":"2026-09-13T09:00:00Z"`, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := upstream.JudgeRests(`[{"name":"claude-a.json","auth_index":"a1",`+c.file+`}]`, c.seen, now)
			text := ""
			if reasoned, ok := got.Detail.(report.Reasoned); ok {
				text = reasoned.Reason()
			}
			if (got.Status == report.Pass) != (c.want == "") || !strings.Contains(text, c.want) {
				t.Errorf("%s %q", got.Status, text)
			}
		})
	}
}

func TestTheIndexOfVersion6IsANumber(t *testing.T) {
	t.Parallel()
	got := upstream.JudgeRests(`[{"auth_index":3,"unavailable":true}]`, []quota.Seen{{Account: "3"}}, time.Now())
	if got.Status != report.Warn {
		t.Errorf("%+v", got)
	}
}
