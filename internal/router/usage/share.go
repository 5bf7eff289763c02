package usage

import (
	"time"

	"github.com/flowgate-go/flowgate/internal/router/tally"
)

// Sharing is how the numbers of a deployment become known to other routers. Its functions must not block.
type Sharing struct {
	Clock         *tally.Clock // of Redis, whose minutes count
	CountsChanged func()       // Take has something new
	FlightChanged func()       // OwnInFlight has changed
}

// sharing is a Sharing; a nil one does nothing.
type sharing struct{ Sharing }

// Share lets several routers have the numbers in common. It must be called before all other methods.
func (s *State) Share(how Sharing) { s.sharing = &sharing{how} }

func (s *sharing) countsChanged() {
	if s != nil {
		s.CountsChanged()
	}
}

func (s *sharing) flightChanged() {
	if s != nil {
		s.FlightChanged()
	}
}

// minute returns the minute of now, in minutes since 1970 UTC by the clock that counts.
func (s *sharing) minute(now time.Time) int64 {
	if s != nil {
		now = s.Clock.At(now)
	}
	return now.Unix() / 60
}

// Take returns what was counted here and is not known to other routers, as tally.Tally.Take.
func (s *State) Take(now time.Time, all bool) (tally.Part, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.startMinute(now)
	at := s.sharing.Clock.At(now)
	return s.tally.Take(at.Truncate(time.Minute).Add(time.Minute).Sub(at), all)
}

// GiveBack is tally.Tally.GiveBack.
func (s *State) GiveBack(p tally.Part) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tally.GiveBack(p)
}

// Merge takes the requests and tokens of a minute of all routers.
func (s *State) Merge(now time.Time, total tally.Total) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.startMinute(now)
	s.tally.Merge(total)
}

// Rebase lets the current minute be an earlier one: the clock that counts has changed.
func (s *State) Rebase(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if minute := s.sharing.minute(now); minute < s.tally.Window {
		s.tally.Window = minute
	}
}

// OwnInFlight returns how many requests of this router have begun and have not ended.
func (s *State) OwnInFlight() int { return int(s.inFlight.Load()) }

// SetOthers sets how many requests of other routers have begun and have not ended.
func (s *State) SetOthers(n int) { s.others.Store(int64(n)) }
