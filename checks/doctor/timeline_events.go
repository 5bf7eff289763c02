package doctor

import (
	"context"
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/supervisor"
)

// mostEvents is how many events are looked at; the reader bounds their bytes.
const mostEvents = 20_000

// events calls visit for the latest n events since a time. A pipe in the log's
// place is a fault: reading it would wait for ever.
func (s *subject) events(ctx context.Context, n int, since time.Time, visit func(supervisor.Event)) error {
	f, err := safefile.Open(s.cfg.Paths.LogFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fault.New("log-unreadable", "%s: %v", s.shown(s.cfg.Paths.LogFile), bare(err)).WithHint("move it away; the supervisor writes a new one")
	}
	_ = f.Close()
	return supervisor.Events(ctx, s.cfg, supervisor.EventOptions{N: n, Since: since}, func(e supervisor.Event) error {
		visit(e)
		return nil
	})
}

func (s *subject) happened(ctx context.Context) ([]supervisor.Event, error) {
	var all []supervisor.Event
	err := s.events(ctx, mostEvents, time.Time{}, func(e supervisor.Event) {
		e.Event, e.Service, e.Detail = foreign(e.Event), foreign(e.Service), foreign(e.Detail)
		all = append(all, e)
	})
	return all, err
}

// past is how a stack fared, from its events alone.
type past struct {
	since   *time.Time        // when all services last became ready
	until   *time.Time        // last time at which the record has them all ready
	failure *supervisor.Event // the last one after that which nobody asked for
	asked   *supervisor.Event // the first stop after that which somebody asked for
	silent  bool              // the record ends with all of them ready

	orphaned bool // services run on, and no supervisor does
}

// followHealth follows which services were ready. A service counts as ready from
// its event until one that says otherwise.
func followHealth(events []supervisor.Event, services []config.Service) past {
	var p past
	ready := map[string]bool{}
	for _, svc := range services {
		ready[svc.Name] = false
	}
	missing := len(ready)
	for _, e := range events {
		was, known := ready[e.Service]
		at, well := e.Time(), missing == 0
		switch e.Event {
		case supervisor.EventReady:
			if known && !was {
				ready[e.Service] = true
				if missing--; missing == 0 {
					p = past{since: &at}
				}
			}
		case supervisor.EventStopping, supervisor.EventStopped, supervisor.EventStarting, supervisor.EventExited, supervisor.EventUnready, supervisor.EventFailed:
			if was {
				ready[e.Service] = false
				missing++
			}
			p.blame(e)
		}
		if well || missing == 0 { // what ends a good time is the last to know of it
			p.until = &at
		}
	}
	p.silent = missing == 0
	return p
}

// blame keeps what ended the good time. A service that was given up says more
// than the ends before it.
func (p *past) blame(e supervisor.Event) {
	switch e.Event {
	case supervisor.EventStopping:
		if p.asked == nil && p.failure == nil {
			p.asked = &e
		}
	case supervisor.EventExited, supervisor.EventUnready, supervisor.EventFailed:
		p.failure = &e
	}
}

func told(events []supervisor.Event) []Moment {
	all := make([]Moment, 0, len(events))
	for _, e := range events {
		what := e.Event
		if e.Detail != "" {
			what += ": " + e.Detail
		}
		if e.Event != supervisor.EventProfileChanged { // upgrades has it
			all = append(all, Moment{At: e.Time(), Source: "events", Subject: e.Service, What: what})
		}
	}
	return all
}

// upgrades are the changes that events tell of: profiles, and the versions of
// FlowGate that supervisors were started from.
func upgrades(events []supervisor.Event) []Moment {
	var all []Moment
	version := ""
	for _, e := range events {
		switch e.Event {
		case supervisor.EventProfileChanged:
			next := "mage profile:list"
			if old, err := strconv.Unquote(strings.TrimPrefix(e.Detail, "from ")); err == nil {
				next = "mage profile:set " + quoted(old)
			}
			what := "was put in force, "
			if e.Result != "ok" {
				what = "is in force again: "
			}
			all = append(all, Moment{e.Time(), "profile", foreign(e.Profile), what + e.Detail, next})
		case supervisor.EventSupervisorStarted:
			if version != "" && e.Detail != version {
				all = append(all, Moment{e.Time(), "runtime", "flowgate", version + " became " + e.Detail, "mage version"})
			}
			version = e.Detail
		}
	}
	return all
}
