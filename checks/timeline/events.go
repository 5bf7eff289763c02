package timeline

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/program"

	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// readEvents returns the latest events with sanitized texts.
func readEvents(ctx context.Context, s *subject.Subject) ([]control.Event, error) {
	var all []control.Event
	err := s.Events(ctx, time.Time{}, func(e control.Event) {
		e.Event, e.Service, e.Detail = subject.Sanitize(e.Event), subject.Sanitize(e.Service), subject.Sanitize(e.Detail)
		all = append(all, e)
	})
	return all, err
}

// healthRecord says when a stack was healthy and what ended that, from its events alone.
type healthRecord struct {
	readySince  *time.Time     // when all services last became ready
	readyUntil  *time.Time     // last time at which the record has them all ready
	failure     *control.Event // the last failure after that
	stopRequest *control.Event // the first requested stop after that
	endsReady   bool           // the record ends with all of them ready

	orphaned bool // services run, and no supervisor does
}

// replayEvents returns the health record of a stack, from the order of its events. A
// service counts as ready from its ready event until an event that says otherwise.
func replayEvents(events []control.Event, services []config.Service) healthRecord {
	var p healthRecord
	ready := map[string]bool{}
	for _, svc := range services {
		ready[svc.Name] = false
	}
	missing := len(ready)
	for _, e := range events {
		was, known := ready[e.Service]
		at, well := e.Time(), missing == 0
		switch e.Event {
		case control.EventReady:
			if known && !was {
				ready[e.Service] = true
				if missing--; missing == 0 {
					p = healthRecord{readySince: &at}
				}
			}
		case control.EventStopping,
			control.EventStopped,
			control.EventStarting,
			control.EventExited,
			control.EventUnready,
			control.EventFailed:
			if was {
				ready[e.Service] = false
				missing++
			}
			p.noteCause(e)
		}
		if well || missing == 0 { // the event that ends a healthy period still counts as its end time
			p.readyUntil = &at
		}
	}
	p.endsReady = missing == 0
	return p
}

// noteCause records the event that ended the healthy period. A service that was given up
// explains more than the exits before it.
func (p *healthRecord) noteCause(e control.Event) {
	switch e.Event {
	case control.EventStopping:
		if p.stopRequest == nil && p.failure == nil {
			p.stopRequest = &e
		}
	case control.EventExited, control.EventUnready, control.EventFailed:
		p.failure = &e
	}
}

// eventMoments returns the events as moments, except changes of the profile, which
// upgradeMoments has.
func eventMoments(events []control.Event) []Moment {
	all := make([]Moment, 0, len(events))
	for _, e := range events {
		what := e.Event
		if e.Detail != "" {
			what += ": " + e.Detail
		}
		if e.Event != control.EventProfileChanged {
			all = append(all, Moment{At: e.Time(), Source: "events", Subject: e.Service, What: what})
		}
	}
	return all
}

// profileMoment returns a change of the profile, with the command that takes it back.
func profileMoment(e control.Event) Moment {
	what, next := "became the active profile: "+e.Detail, program.Fix("mage profile:list")
	previous := strings.TrimPrefix(e.Detail, "from ")
	if name, err := strconv.Unquote(previous); err == nil {
		what, next = "became the active profile in place of "+previous, program.Fix("mage profile:set "+program.Quote(name))
	}
	if e.Result != "ok" {
		what = "is the active profile again: " + e.Detail
	}
	return Moment{e.Time(), "profile", subject.Sanitize(e.Profile), what, next}
}

// upgradeMoments returns the changes in the events: of the profile, and of the version of
// FlowGate that supervisors were started from.
func upgradeMoments(events []control.Event) []Moment {
	var all []Moment
	version := ""
	for _, e := range events {
		switch e.Event {
		case control.EventProfileChanged:
			all = append(all, profileMoment(e))
		case control.EventSupervisorStarted:
			if version != "" && e.Detail != version {
				all = append(
					all,
					Moment{e.Time(), "runtime", "flowgate", version + " became " + e.Detail, program.Fix("mage version")},
				)
			}
			version = e.Detail
		}
	}
	return all
}
