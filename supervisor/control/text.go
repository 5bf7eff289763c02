package control

import (
	"fmt"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/terminal"
)

// Print implements report.Printed: one row for each service, then what is wrong with any
// of them, then where clients find the router.
func (s Status) Print(p *terminal.Printer) {
	rows := make([][]terminal.Span, len(s.Services))
	for i, svc := range s.Services {
		rows[i] = svc.row()
	}
	p.Table(0, []string{"SERVICE", "STATE", "RUNTIME", "ADDRESS", "PID", "UP", "MEMORY", "RESTARTS"}, rows)
	for _, svc := range s.Services {
		svc.printProblems(p)
	}
	for _, w := range s.Warnings {
		p.Note(terminal.Caution, w.String())
	}
	if s.Profile != "" {
		p.Field("profile", s.Profile)
	}
	if s.Supervisor != nil && s.Supervisor.Hint != "" {
		p.Note(terminal.Caution, s.Supervisor.Hint)
	}
	for _, svc := range s.Services {
		if svc.Name == config.LiteLLM && svc.Ready {
			p.Note(terminal.Good, "the router is ready on "+svc.URL)
		}
	}
}

// row returns the service's row of the table.
func (s ServiceStatus) row() []terminal.Span {
	state, tone := s.State, terminal.Plain
	switch {
	case s.Live && s.Ready:
		state, tone = "ready", terminal.Good
	case s.State == StateRunning:
		state, tone = "not ready", terminal.Bad
	case s.State == StateFailed:
		tone = terminal.Bad
	case s.State == StateStarting || s.State == StateBackoff:
		tone = terminal.Caution
	}
	var pid, up, memory, restarts string
	if s.PID > 0 {
		pid, up = fmt.Sprint(s.PID), terminal.Duration(time.Duration(s.UptimeS*float64(time.Second)))
	}
	if s.Usage != nil && s.Usage.RSS > 0 {
		memory = terminal.Bytes(uint64(s.Usage.RSS))
	}
	if s.Restarts > 0 {
		restarts = fmt.Sprint(s.Restarts)
	}
	return []terminal.Span{
		{Text: s.Name, Tone: terminal.Strong}, {Text: state, Tone: tone},
		{Text: terminal.Join(" ", s.Runtime, s.Version)},
		{Text: s.URL}, {Text: pid}, {Text: up}, {Text: memory}, {Text: restarts},
	}
}

// printProblems writes why the service is not well, and which deployments of a router
// are in cooldown.
func (s ServiceStatus) printProblems(p *terminal.Printer) {
	if s.Reason != "" && (!s.Live || !s.Ready) {
		p.Note(terminal.Bad, s.Name+": "+s.Reason)
		p.Line(4, terminal.Span{Text: "its log is " + s.Log})
	}
	for _, difference := range s.Differs {
		p.Note(terminal.Caution, s.Name+" is not as the configuration has it now: "+difference)
	}
	if len(s.Differs) > 0 {
		p.Line(4, terminal.Span{Text: program.Text("mage restart " + s.Name + " applies the change")})
	}
	if s.Router == nil {
		return
	}
	for _, c := range s.Router.Cooling {
		p.Note(terminal.Caution, fmt.Sprintf("deployment %s of group %s is in cooldown until %s: %s",
			c.Deployment, c.Group, terminal.Time(c.Until), c.Reason))
	}
	for _, group := range s.Router.UnavailableGroups {
		p.Note(terminal.Bad, "group "+group+" has no available deployment")
	}
}

// Print implements report.Printed: the event on one line.
func (e Event) Print(p *terminal.Printer) {
	tone := terminal.Plain
	if e.Result == "error" {
		tone = terminal.Bad
	}
	p.Line(0, terminal.Span{Text: terminal.Time(e.Time()), Tone: terminal.Faint}, terminal.Span{Text: " "},
		terminal.Span{Text: terminal.Join(" ", e.Service, e.Event), Tone: tone},
		terminal.Span{Text: terminal.Join("", "  ", e.Detail)})
}
