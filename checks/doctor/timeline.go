package doctor

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/flowgate-go/flowgate/supervisor"
)

// Moment is one thing that happened, or that was seen.
type Moment struct {
	At      time.Time `json:"at"`
	Source  string    `json:"source"`  // events, config, profile, key, credential, runtime or probe
	Subject string    `json:"subject"` // service, file or account
	What    string    `json:"what"`

	next string // command that looks at it or takes it back
}

// Timeline is what happened to a stack, in order, and what follows from it.
type Timeline struct {
	Since      time.Time  `json:"since"`       // beginning of Moments
	ObservedAt time.Time  `json:"observed_at"` // when the stack was asked
	State      string     `json:"state"`       // well, unwell, down or unknown
	WellSince  *time.Time `json:"well_since"`  // when all services last became ready; nil: no record says that they ever did
	WellUntil  *time.Time `json:"well_until"`  // last known good time
	Changed    []Moment   `json:"changed"`     // since WellSince, oldest first
	Cause      string     `json:"cause"`       // the most likely one; "" when all is well
	Next       string     `json:"next"`        // the command to type; "" when all is well
	Moments    []Moment   `json:"moments"`     // everything since Since, oldest first; the latest 500
}

// mostMoments bounds how many moments are told.
const mostMoments = 500

// defaultReach is how far back a timeline reaches unless told.
const defaultReach = 24 * time.Hour

// History says what happened in the last reach (0: a day), and the most likely
// cause when the stack is not well. It looks at events, files and the running stack, and
// changes nothing. Faults: those of config.Load, log-unreadable.
func History(ctx context.Context, o Options, reach time.Duration) (Timeline, error) {
	s := newSubject(ctx, o)
	defer s.close()
	if s.err != nil {
		return Timeline{}, s.err
	}
	_, unknown := s.status()
	status, _ := s.health() // a service that does not answer in time is not ready; that is no error here
	return s.timeline(ctx, o.Now().Add(-cmp.Or(reach, defaultReach)), status, unknown)
}

func (s *subject) timeline(ctx context.Context, since time.Time, status supervisor.Status, unknown error) (Timeline, error) {
	t := Timeline{Since: since.UTC(), ObservedAt: s.o.Now().UTC(), Changed: []Moment{}, Moments: []Moment{}}
	events, err := s.happened(ctx)
	if err != nil {
		return t, err
	}
	past := followHealth(events, s.cfg.Services)
	t.State, t.WellSince, t.WellUntil = state(status, unknown), past.since, past.until
	if t.State == stateWell {
		t.WellUntil = &t.ObservedAt
	}
	changes := slices.Concat(s.changes(), upgrades(events))
	slices.SortStableFunc(changes, func(a, b Moment) int { return a.At.Compare(b.At) })
	for _, m := range changes {
		if past.since != nil && m.At.After(*past.since) {
			t.Changed = append(t.Changed, m)
		}
	}
	past.orphaned = status.Supervisor == nil && t.State == stateUnwell
	t.Cause, t.Next = t.verdict(past, unknown)
	all := slices.Concat(told(events), changes, t.probes(status))
	slices.SortStableFunc(all, func(a, b Moment) int { return a.At.Compare(b.At) })
	all = slices.DeleteFunc(all, func(m Moment) bool { return m.At.Before(since) })
	t.Moments = append(t.Moments, all[max(0, len(all)-mostMoments):]...)
	return t, nil
}

// States of a stack.
const (
	stateWell    = "well"    // every service is live and ready, and watched
	stateUnwell  = "unwell"  // some service is not
	stateDown    = "down"    // none runs
	stateUnknown = "unknown" // the supervisor did not say
)

func state(status supervisor.Status, unknown error) string {
	live, ready := 0, 0
	for _, svc := range status.Services {
		if svc.Live {
			live++
		}
		if svc.Live && svc.Ready {
			ready++
		}
	}
	switch {
	case unknown != nil:
		return stateUnknown
	case ready == len(status.Services) && status.Supervisor != nil:
		return stateWell
	case live == 0 && status.Supervisor == nil:
		return stateDown
	}
	return stateUnwell
}

// probes are the services as they were just seen.
func (t Timeline) probes(status supervisor.Status) []Moment {
	all := make([]Moment, 0, len(status.Services))
	for _, svc := range status.Services {
		what := svc.State
		switch {
		case svc.Live && svc.Ready:
			what += ", ready"
		case svc.Reason != "":
			what += ": " + svc.Reason
		}
		all = append(all, Moment{At: t.ObservedAt, Source: "probe", Subject: svc.Name, What: what})
	}
	return all
}

// Headline implements report.Headed: the whole timeline in one line.
func (t Timeline) Headline() string {
	if t.State == stateWell {
		return "the stack is well"
	}
	line := "the stack is " + t.State
	if t.WellUntil != nil {
		line += ", last known well at " + t.WellUntil.Format(time.RFC3339)
	}
	return fmt.Sprintf("%s: %s → %s", line, t.Cause, t.Next)
}
