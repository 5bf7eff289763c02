package keylimit

import (
	"time"

	"github.com/flowgate-go/flowgate/internal/clientkey"
	"github.com/flowgate-go/flowgate/internal/router/tally"
)

// Sharer lets several routers count together what a key uses. Its functions must not block.
type Sharer struct {
	// Count is called once for each key, by its TokenID, and returns the functions that must be called
	// when something of Use has changed.
	Count func(id string, u *Use) (window, spend, parallel func())
	// Uncount ends what Count began.
	Uncount func(id string)
}

// Use is what a key uses, as several routers count it.
type Use struct{ state *state }

// sharing are the functions that a Sharer returned; the zero value does nothing.
type sharing struct {
	isShared                bool
	window, spend, parallel func()
}

func (s *sharing) windowChanged() {
	if s.isShared {
		s.window()
	}
}

func (s *sharing) spendChanged() {
	if s.isShared {
		s.spend()
	}
}

func (s *sharing) parallelChanged() {
	if s.isShared {
		s.parallel()
	}
}

// Share lets several routers count together. It must be called before requests come.
func (l *Limiter) Share(s Sharer) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sharer = s
	for id, state := range l.states {
		l.shareState(id, state)
	}
}

// shareState lets several routers count what a key uses. The caller holds mu.
func (l *Limiter) shareState(id string, s *state) {
	if l.sharer.Count == nil || s.sharing.isShared {
		return
	}
	window, spend, parallel := l.sharer.Count(id, &Use{s})
	s.sharing = sharing{true, window, spend, parallel}
}

// setLimits sets the limits of the key.
func (s *state) setLimits(l clientkey.Limits) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limits = l
}

// renew begins a new period of the budget when the old one is over. The caller holds mu.
func (s *state) renew(l *clientkey.Limits, now time.Time) {
	before := s.spend.ResetAt
	if l.BudgetDuration == "" && before.IsZero() {
		return // there is no period
	}
	if l.BudgetDuration == s.renewed.duration && !now.Before(s.renewed.at) && now.Before(before) {
		return // the period is that of the last time: to compute when it ends takes longer than all else here
	}
	if s.spend.Renew(*l, now); !before.IsZero() && s.spend.ResetAt.After(before) {
		s.unshared = 0
	}
	s.renewed.at, s.renewed.duration = now, l.BudgetDuration
}

// OwnInFlight returns how many requests this router has now.
func (u *Use) OwnInFlight() int { return int(u.state.parallel.Load()) }

// SetOthers sets how many requests other routers have now.
func (u *Use) SetOthers(n int) { u.state.others.Store(int64(n)) }

// Window is the requests and tokens of a key.
type Window struct{ *Use }

// Take is tally.Tally.Take.
func (w Window) Take(now time.Time, all bool) (tally.Part, bool) {
	s := w.state
	s.mu.Lock()
	defer s.mu.Unlock()
	s.startWindow(now)
	return s.used.Take(s.begun.Add(window).Sub(now), all)
}

// GiveBack is tally.Tally.GiveBack.
func (w Window) GiveBack(p tally.Part) {
	w.state.mu.Lock()
	defer w.state.mu.Unlock()
	w.state.used.GiveBack(p)
}

// Merge takes the sums of all routers. The window ends for all at the same time.
func (w Window) Merge(now time.Time, total tally.Total) {
	s := w.state
	s.mu.Lock()
	defer s.mu.Unlock()
	s.startWindow(now)
	if s.used.Merge(total) {
		s.begun = now.Add(total.Left - window)
	}
}

// Budget is the dollars of a key in the period of its budget.
type Budget struct{ *Use }

// forever is the number of the period of a budget that is never renewed.
const forever = 1

// period returns the number of the period: when it ends, which is the same at all routers. The caller
// holds mu.
func (s *state) period(now time.Time) int64 {
	s.renew(&s.limits, now)
	if s.spend.ResetAt.IsZero() {
		return forever
	}
	return s.spend.ResetAt.Unix()
}

// Take is tally.Tally.Take.
func (b Budget) Take(now time.Time, all bool) (p tally.Part, ok bool) {
	s := b.state
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.Window = s.period(now); p.Window != forever {
		p.Left = s.spend.ResetAt.Sub(now)
	}
	p.Known, p.Added = tally.Sums{s.spend.Spend - s.unshared}, tally.Sums{s.unshared}
	s.unshared = 0
	return p, p.Added[0] > 0 || all && p.Known[0] > 0
}

// GiveBack is tally.Tally.GiveBack.
func (b Budget) GiveBack(p tally.Part) {
	s := b.state
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.spend.ResetAt.IsZero() && p.Window == forever || s.spend.ResetAt.Unix() == p.Window {
		s.unshared += p.Added[0]
	}
}

// Merge takes the dollars of all routers. Those of a period that has not begun here, because the clock of
// another router is ahead, are taken when it has.
func (b Budget) Merge(now time.Time, total tally.Total) {
	s := b.state
	s.mu.Lock()
	defer s.mu.Unlock()
	if total.Window == s.period(now) {
		s.spend.Spend = max(s.spend.Spend, total.Sums[0]+s.unshared)
	}
}
