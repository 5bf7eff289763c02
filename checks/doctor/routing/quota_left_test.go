package routing_test

import (
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/auth/window"
	"github.com/flowgate-go/flowgate/checks/doctor/routing"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/usage/quota"
)

func TestWhichWindowsRunShort(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 9, 14, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name          string
		length        int64
		seen, runsOut time.Duration // ago, from now
		usedUp        bool
		want          string
	}{
		{"within eight hours", 7 * 86400, 0, 7 * time.Hour, false, "codex 7d of d is used up in 7 h at this pace; it is reset in 4 d"},
		{"later", 7 * 86400, 0, 9 * time.Hour, false, ""},
		{"at a pace that is over", 7 * 86400, 2 * time.Hour, time.Hour, false, ""},
		{"not before its reset", 7 * 86400, 0, 0, false, ""},
		{"used up, seen long ago", 7 * 86400, 40 * time.Hour, 0, true, "codex 7d of d is used up; it is reset in 4 d"},
		{"a limit by the minute", 0, 0, time.Hour, true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := window.Window{UsedUp: c.usedUp, Seen: quota.Seen{Deployment: "d", ObservedAt: now.Add(-c.seen),
				Window: quota.Window{Provider: "codex", Name: "7d", LengthS: c.length, ResetsAt: new(now.Add(96 * time.Hour))}}}
			if c.runsOut > 0 {
				w.RunsOutAt = new(now.Add(c.runsOut))
			}
			got := routing.JudgeQuota(window.Overview{Windows: []window.Window{w}}, now)
			text := got.Detail.(report.Reasoned).Reason()
			if text != c.want || (got.Status == report.Warn) != (c.want != "") {
				t.Errorf("%s %s", got.Status, text)
			}
		})
	}
}
