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

func processesOrphaned(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "processes.orphaned", Title: "Every service that runs has a supervisor", Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			r := leftover.Inspect(s.Config)
			if len(r.Orphans) == 0 {
				return checks.Passed(nil)
			}
			lines := lo.Map(
				r.Orphans,
				func(o leftover.Orphan, _ int) string { return fmt.Sprintf("%s (process %d)", o.Service, o.PID) },
			)
			return checks.Failed("").
				WithDetail(leftovers{checks.Notef("%s run without a supervisor: it was killed", strings.Join(lines, ", ")), r}).
				WithFix("mage start", "start a supervisor for them")
		},
	}
}
