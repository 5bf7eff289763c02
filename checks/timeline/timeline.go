// Package timeline tells what happened to a stack and what changed in its
// installation, in order, and concludes the most likely cause when the stack is
// not well. Read gathers all of it; Headline is the line that doctor shows.
//
// It reads events, files and the running stack, and changes nothing.
package timeline

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// Moment is one thing that happened, or that was seen.
type Moment struct {
	At      time.Time `json:"at"`
	Source  string    `json:"source"`  // events, config, profile, key, credential, runtime or probe
	Subject string    `json:"subject"` // service, file or account
	What    string    `json:"what"`

	next string // command that looks at it or takes it back
}

// History is what happened to a stack, in order, and what follows from it.
type History struct {
	Since      time.Time  `json:"since"`       // beginning of Moments
	ObservedAt time.Time  `json:"observed_at"` // when the stack was asked
	State      string     `json:"state"`       // well, unwell, down or unknown
	WellSince  *time.Time `json:"well_since"`  // when all services last became ready; nil: not known
	WellUntil  *time.Time `json:"well_until"`  // last known good time
	Changed    []Moment   `json:"changed"`     // since WellSince, oldest first
	Cause      string     `json:"cause"`       // the most likely one; "" when all is well
	Next       string     `json:"next"`        // the command to type; "" when all is well
	Moments    []Moment   `json:"moments"`     // everything since Since, oldest first; the latest 500
}

// maxMoments bounds how many moments a history has.
const maxMoments = 500

// defaultSpan is how far back a timeline reaches by default.
const defaultSpan = 24 * time.Hour

// Read returns what happened in the last span (0: a day), and the most likely cause when
// the stack is not healthy. It looks at events, files and the running stack, and changes
// nothing. Faults: those of config.Load, log-unreadable.
func Read(ctx context.Context, o subject.Options, span time.Duration) (History, error) {
	s := subject.New(ctx, o)
	defer s.Close()
	if s.ConfigError != nil {
		return History{}, s.ConfigError
	}
	_, unknown := s.Status()
	status, _ := s.Health() // a service that does not answer in time is not ready, which is not an error here
	return buildHistory(ctx, s, o.Now().Add(-cmp.Or(span, defaultSpan)), status, unknown)
}

// Headline returns the headline of the history of a stack that was started once and is
// not healthy; "" otherwise. It repeats no request that the checks have sent.
func Headline(ctx context.Context, s *subject.Subject) string {
	status, err := s.Status()
	if !subject.Exists(s.Config.Paths.LogFile) || stackState(status, err) == stateHealthy {
		return ""
	}
	t, err := buildHistory(ctx, s, s.Now(), status, err)
	if err != nil { // processes.crashing says that events.log cannot be read
		return ""
	}
	return t.Headline()
}

// buildHistory returns the history since a time; unknown is why the supervisor did not
// answer.
func buildHistory(
	ctx context.Context,
	s *subject.Subject,
	since time.Time,
	status control.Status,
	unknown error,
) (History, error) {
	t := History{Since: since.UTC(), ObservedAt: s.Now().UTC(), Changed: []Moment{}, Moments: []Moment{}}
	events, err := readEvents(ctx, s)
	if err != nil {
		return t, err
	}
	past := replayEvents(events, s.Config.Services)
	t.State, t.WellSince, t.WellUntil = stackState(status, unknown), past.readySince, past.readyUntil
	if t.State == stateHealthy {
		t.WellUntil = &t.ObservedAt
	}
	changes := slices.Concat(collectChanges(s), upgradeMoments(events))
	slices.SortStableFunc(changes, func(a, b Moment) int { return a.At.Compare(b.At) })
	for _, m := range changes {
		if past.readySince != nil && m.At.After(*past.readySince) {
			t.Changed = append(t.Changed, m)
		}
	}
	past.orphaned = status.Supervisor == nil && t.State == stateUnhealthy
	t.Cause, t.Next = t.explainState(past, unknown)
	all := slices.Concat(eventMoments(events), changes, t.probeMoments(status))
	slices.SortStableFunc(all, func(a, b Moment) int { return a.At.Compare(b.At) })
	all = slices.DeleteFunc(all, func(m Moment) bool { return m.At.Before(since) })
	t.Moments = append(t.Moments, all[max(0, len(all)-maxMoments):]...)
	return t, nil
}

// States of a stack.
const (
	stateHealthy   = "well"    // every service is live and ready, and watched
	stateUnhealthy = "unwell"  // some service is not
	stateDown      = "down"    // none runs
	stateUnknown   = "unknown" // the supervisor did not say
)

// stackState returns the state of the stack; unknown is why the supervisor did not
// answer.
func stackState(status control.Status, unknown error) string {
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
		return stateHealthy
	case live == 0 && status.Supervisor == nil:
		return stateDown
	}
	return stateUnhealthy
}

// probeMoments returns the states of the services as they were just observed.
func (t History) probeMoments(status control.Status) []Moment {
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
func (t History) Headline() string {
	if t.State == stateHealthy {
		return "the stack is well"
	}
	line := "the stack is " + t.State
	if t.WellUntil != nil {
		line += ", last known well at " + t.WellUntil.Format(time.RFC3339)
	}
	return fmt.Sprintf("%s: %s → %s", line, t.Cause, t.Next)
}
