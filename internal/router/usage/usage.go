// Package usage keeps the numbers of a deployment by which routing strategies decide:
// requests in flight, requests and tokens of the current minute, and latencies. A
// deployment has one State.
//
// It never decides anything, and never reads the clock: callers pass the time. The numbers
// are in memory; Share lets several routers have them in common (package shared).
package usage

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/tally"
)

// State is the numbers of one deployment. The zero value is ready to use. It is safe for
// concurrent use.
type State struct {
	inFlight atomic.Int64
	others   atomic.Int64 // requests in flight of other routers
	sharing  *sharing     // nil: there are no other routers

	mu sync.Mutex
	// tally has the requests that began in a minute of the clock, and the tokens of the replies that
	// ended in it with those of their requests. Its window is the minute, in minutes since 1970 UTC.
	tally       tally.Tally
	latencies   samples // as in Latency.Seconds
	firstTokens samples // seconds until the first content of a stream
}

// Begin counts a request that is about to be sent to the deployment.
func (s *State) Begin(now time.Time) {
	s.inFlight.Add(1)
	s.add(now, 1, 0)
	s.sharing.flightChanged()
}

// End counts the end of a request.
func (s *State) End() {
	s.inFlight.Add(-1)
	s.sharing.flightChanged()
}

// InFlight returns how many requests have begun and have not ended.
func (s *State) InFlight() int { return int(s.inFlight.Load() + s.others.Load()) }

// AddTokens counts the tokens of a request and its reply, in the minute in which the
// reply ends.
func (s *State) AddTokens(now time.Time, tokens int) { s.add(now, 0, tokens) }

// add counts requests and tokens.
func (s *State) add(now time.Time, requests, tokens int) {
	s.mu.Lock()
	s.startMinute(now)
	isFirst := s.tally.Add(float64(requests), float64(tokens))
	s.mu.Unlock()
	if isFirst {
		s.sharing.countsChanged()
	}
}

// Minute returns the requests and tokens of the minute of now.
func (s *State) Minute(now time.Time) (requests, tokens int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.startMinute(now)
	return int(s.tally.Sums[0]), int(s.tally.Sums[1])
}

// startMinute resets the counts when a new minute of the clock has begun, as in LiteLLM. The
// caller holds mu.
func (s *State) startMinute(now time.Time) {
	if minute := s.sharing.minute(now); minute > s.tally.Window {
		s.tally.Start(minute)
	}
}

// Latency is what was measured of a reply.
type Latency struct {
	Seconds    float64 // for each token of the reply, or for all of it when the number of tokens is unknown
	FirstToken float64 // seconds until the first content; negative without a stream
}

// AddLatency adds a latency. Only the newest latencies are kept, at most limit.
func (s *State) AddLatency(now time.Time, l Latency, limit int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latencies.add(now, l.Seconds, limit)
	if l.FirstToken >= 0 {
		s.firstTokens.add(now, l.FirstToken, limit)
	}
}

// MeanLatency returns the mean of the latencies that are not older than ttl, in seconds. ok
// is false when there is none.
func (s *State) MeanLatency(now time.Time, ttl time.Duration) (seconds float64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.latencies.mean(now.Add(-ttl))
}

// FirstToken returns the mean of the times to the first token that are not older than ttl, in
// seconds, or their percentile (a share from 0 to 1) when that is not 0. ok is false when
// there is none.
func (s *State) FirstToken(now time.Time, ttl time.Duration, percentile float64) (seconds float64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if percentile == 0 {
		return s.firstTokens.mean(now.Add(-ttl))
	}
	return s.firstTokens.percentile(now.Add(-ttl), percentile)
}
