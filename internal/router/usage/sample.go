package usage

import (
	"math"
	"slices"
	"time"
)

// sample is a measured number with its time.
type sample struct {
	at    time.Time
	value float64
}

// samples are the newest measured numbers, the oldest first.
type samples struct{ list []sample }

// add adds a number, and drops the oldest ones that exceed limit.
func (s *samples) add(now time.Time, value float64, limit int) {
	s.list = append(s.list, sample{now, value})
	if excess := len(s.list) - limit; excess > 0 {
		s.list = slices.Delete(s.list, 0, excess)
	}
}

// dropUntil drops the numbers that were measured before a time.
func (s *samples) dropUntil(oldest time.Time) {
	n := 0
	for n < len(s.list) && s.list[n].at.Before(oldest) {
		n++
	}
	s.list = slices.Delete(s.list, 0, n)
}

// mean returns the mean of the numbers since oldest, and drops older ones. ok is false when
// there is no number.
func (s *samples) mean(oldest time.Time) (mean float64, ok bool) {
	s.dropUntil(oldest)
	for _, m := range s.list {
		mean += m.value
	}
	return mean / float64(max(1, len(s.list))), len(s.list) > 0
}

// percentile returns the smallest of the numbers since oldest that is not less than a share
// (0 to 1) of them, as LiteLLM counts it, and drops older ones. ok is false when there is no
// number.
func (s *samples) percentile(oldest time.Time, share float64) (value float64, ok bool) {
	s.dropUntil(oldest)
	if len(s.list) == 0 {
		return 0, false
	}
	values := make([]float64, 0, len(s.list))
	for _, m := range s.list {
		values = append(values, m.value)
	}
	slices.Sort(values)
	return values[max(0, int(math.Ceil(float64(len(values))*share))-1)], true
}
