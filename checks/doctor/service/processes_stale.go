package service

import (
	"context"
	"fmt"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/supervisor/leftover"
)

// leftovers is the detail of the checks about what earlier supervisors left behind.
type leftovers struct {
	checks.Note
	leftover.Remains
}

func processesStale(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "processes.stale", Title: "No state file names a process that has ended", Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			r := leftover.Inspect(s.Config)
			switch {
			case len(r.Stale)+len(r.Foreign) == 0 && len(r.Unread) > 0:
				return checks.Skipped("%s cannot be read", s.ShortPaths(r.Unread))
			case len(r.Stale)+len(r.Foreign) == 0:
				return checks.Passed(nil)
			}
			var lines []string
			if len(r.Stale) > 0 {
				lines = append(lines, "stale: "+s.ShortPaths(r.Stale))
			}
			for _, c := range r.Foreign {
				lines = append(
					lines,
					fmt.Sprintf("%s names process %d for %s, which is not ours", s.ShortPath(c.File), c.PID, c.Service),
				)
			}
			return checks.Warned("").
				WithDetail(leftovers{checks.Notef("%s", strings.Join(lines, "; ")), r}).
				WithFix("mage doctor -fix", "remove the files; no process is touched")
		},
		Mend: func(ctx context.Context) ([]string, error) {
			if !s.OwnsPath(s.Config.Paths.RuntimeDir) {
				return nil, nil
			}
			removed, err := leftover.RemoveStale(ctx, s.Config)
			return lo.Map(removed, func(p string, _ int) string { return "removed " + s.ShortPath(p) }), err
		},
	}
}
