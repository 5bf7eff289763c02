package service

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// crashWindow is how far back crashes count.
const crashWindow = time.Hour

// minCrashes is how many ends within crashWindow make a service count as crashing.
const minCrashes = 3

// crashes is the detail of processes.crashing.
type crashes struct {
	checks.Note
	Since   time.Time      `json:"since"`
	Ends    map[string]int `json:"ends"`   // unexpected ends by service
	GivenUp []string       `json:"failed"` // services that were given up

	unexecuted map[string]bool // services that were given up before a process was started
}

// beforeExecution are the faults of a start that executes nothing, so that the
// service's log says nothing about them.
var beforeExecution = [...]string{
	"runtime-missing", "active-config-missing", "cliproxy-config-missing", "cliproxy-config-invalid",
	"cwd-missing", "env-unset",
	"port-in-use", "port-unusable", "port-unavailable",
}

func processesCrashing(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "processes.crashing", Title: "No service crashed repeatedly in the last hour", Needs: []string{"config.valid"},
		Run: func(ctx context.Context) checks.Outcome {
			c := crashes{
				Since:      s.Now().UTC().Add(-crashWindow),
				Ends:       map[string]int{},
				GivenUp:    []string{},
				unexecuted: map[string]bool{},
			}
			if err := s.Events(ctx, c.Since, c.count); err != nil {
				return checks.FromFault(err)
			}
			return c.judge(s.Config.Services)
		},
	}
}

// judge returns a failure if a service was given up, and a warning if one ended often. The
// fix is for the last such service in the list.
func (c crashes) judge(services []config.Service) checks.Outcome {
	var worst string
	var lines []string
	for _, svc := range services {
		if n := c.Ends[svc.Name]; n >= minCrashes {
			worst = svc.Name
			lines = append(lines, fmt.Sprintf("%s ended %d times without being asked to", svc.Name, n))
		}
		if slices.Contains(c.GivenUp, svc.Name) {
			worst = svc.Name
			lines = append(lines, svc.Name+" was given up")
		}
	}
	c.Text = strings.Join(lines, "; ")
	switch {
	case worst == "":
		return checks.Passed(c)
	case len(c.GivenUp) == 0:
		return checks.Warned("").WithDetail(c).WithFix("mage logs "+worst, "its last lines say why")
	case c.unexecuted[worst]:
		return checks.Failed("").
			WithDetail(c).
			WithFix("mage start "+worst, "it was not executed, so its log does not say why; the start tries again and "+
				"says what is missing")
	}
	return checks.Failed("").WithDetail(c).WithFix("mage logs "+worst,
		program.Text("its last lines say why; mage start tries again"))
}

// count counts one event. A service that became ready again is not given up any more.
func (c *crashes) count(e control.Event) {
	switch e.Event {
	case control.EventExited:
		c.Ends[e.Service]++
	case control.EventFailed:
		code, _, _ := strings.Cut(e.Detail, ":")
		c.GivenUp = lo.Uniq(append(c.GivenUp, e.Service))
		c.unexecuted[e.Service] = slices.Contains(beforeExecution[:], code)
	case control.EventReady:
		c.GivenUp = lo.Without(c.GivenUp, e.Service)
	}
}
