// Package cooldown decides which deployments get requests after failures: it counts
// failures, begins and ends cooldowns, and grants trials, as a half-open circuit
// breaker does. A Policy holds the rule; each deployment has a State.
//
// It keeps states in memory only and never waits. Policy.Announce tells of changes, and Policy.Honour
// applies those of other routers (package shared).
package cooldown

import (
	"fmt"
	"sync"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/router/transport"
)

// State holds the failures and the cooldown of one deployment. Set Deployment before use.
type State struct {
	Deployment *settings.Deployment

	mu       sync.Mutex
	window   time.Time // when counting began
	requests int
	failures int

	since        time.Time // when the cooldown began
	until        time.Time // when it ends; zero: there is none
	hasRateLimit bool      // until is the end of a rate-limit window: trials are allowed before it
	nextTrial    time.Time // from when a request may be the trial
	trial        *Trial    // the trial in progress; nil when there is none
	why          Failure   // the failure that the cooldown followed
	announced    time.Time // the end of the cooldown that other routers know
}

// Failure is what a Policy needs to know about an attempt that failed.
type Failure struct {
	Status        int
	Class         string          // LiteLLM's exception class
	Cause         transport.Cause // empty when the upstream answered
	RetryAfter    time.Duration   // the wait that the upstream asked for; 0: none
	FromRateLimit bool            // RetryAfter is the end of a rate-limit window
	Harmless      bool            // the failure says nothing about the deployment's health
}

// Reason returns a sentence for people that says why a deployment cools down after the failure.
func (f Failure) Reason() string {
	switch {
	case f.Cause == transport.CauseTimeout && f.Class == "Timeout":
		return "The upstream did not answer in time."
	case f.Cause != "":
		return f.Cause.Advice()
	case f.Class == "APIConnectionError":
		return "A stream of the upstream ended too early."
	}
	return fmt.Sprintf("The upstream answered %d.", f.Status)
}

// Cooldown describes a cooldown in progress, or one that has ended.
type Cooldown struct {
	Since     time.Time
	Until     time.Time
	NextTrial time.Time // from when one request may try the deployment; Until, or earlier
	InTrial   bool      // a trial is in progress
	Failure   Failure   // the failure that it followed
}

// Cooldown returns the deployment's last cooldown, which may have ended. It is zero when
// there was none.
func (s *State) Cooldown() Cooldown {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Cooldown{s.since, s.until, s.nextTrial, s.trial != nil, s.why}
}
