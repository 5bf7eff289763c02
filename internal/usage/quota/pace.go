package quota

import "time"

// The pace of a window is measured over the last hour, where there are readings that are at
// least ten minutes apart, and else since the window began. A reading is kept every five
// minutes.
const (
	paceSpan        = time.Hour
	paceMinimum     = 10 * time.Minute
	readingInterval = 5 * time.Minute
)

// resetTolerance is by how much the reset of one window may differ between replies: Codex
// gives seconds from now besides, which are rounded.
const resetTolerance = 5 * time.Minute

// reading is the used share of a window at a moment.
type reading struct {
	at    time.Time
	share float64
}

// add takes the state of the window in a new reply. A reply that is older than the newest
// one, as streams end late, changes nothing.
func (t *track) add(s Seen) {
	if s.ObservedAt.Before(t.newest.ObservedAt) {
		return
	}
	if !isSameWindow(t.newest.Window, s.Window) {
		t.readings = t.readings[:0]
	}
	t.newest = s
	if s.UsedShare == nil {
		return
	}
	for len(t.readings) > 1 && s.ObservedAt.Sub(t.readings[1].at) >= paceSpan {
		t.readings = t.readings[1:]
	}
	if n := len(t.readings); n == 0 || s.ObservedAt.Sub(t.readings[n-1].at) >= readingInterval {
		t.readings = append(t.readings, reading{s.ObservedAt, *s.UsedShare})
	}
}

// isSameWindow reports whether two states are of one window: no reset lies between them.
func isSameWindow(before, after Window) bool {
	if before.ResetsAt == nil || after.ResetsAt == nil {
		return before.ResetsAt == after.ResetsAt
	}
	return after.ResetsAt.Sub(*before.ResetsAt).Abs() <= resetTolerance
}

// measured returns the newest state with its pace.
func (t *track) measured() Seen {
	s := t.newest
	if s.UsedShare == nil {
		return s
	}
	if len(t.readings) > 0 {
		first := t.readings[0]
		if span := s.ObservedAt.Sub(first.at); span >= paceMinimum && *s.UsedShare >= first.share {
			return s.WithPace((*s.UsedShare - first.share) / span.Hours())
		}
	}
	return s.WithMeanPace()
}

// WithMeanPace returns s with the pace since its window began; with none when it is not
// known when that was, or when that was less than ten minutes before.
func (s Seen) WithMeanPace() Seen {
	if s.UsedShare == nil || s.ResetsAt == nil || s.LengthS == 0 {
		return s
	}
	if span := s.ObservedAt.Sub(s.ResetsAt.Add(-s.Length())); span >= paceMinimum && span <= s.Length() {
		return s.WithPace(*s.UsedShare / span.Hours())
	}
	return s
}

// WithPace returns s with a pace, in shares of the window an hour, and with the moment at
// which the window is used up at that pace, unless it is reset before.
func (s Seen) WithPace(perHour float64) Seen {
	s.SharePerHour, s.RunsOutAt = &perHour, nil
	left := max(0, 1-*s.UsedShare)
	if s.IsUsedUp() || perHour <= 0 || left/perHour > maxReset.Hours() {
		return s
	}
	at := s.ObservedAt.Add(time.Duration(left / perHour * float64(time.Hour))).Round(time.Second)
	if s.ResetsAt == nil || at.Before(*s.ResetsAt) {
		s.RunsOutAt = &at
	}
	return s
}
