package metric

import "time"

// bounds are the upper bounds of LiteLLM's LATENCY_BUCKETS in seconds; +Inf follows.
var bounds = [...]float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 420, 600}

// histogram counts lengths of time in classic buckets. The zero value is empty.
type histogram struct {
	counts [len(bounds) + 1]uint64 // not cumulative
	sum    float64                 // in seconds
}

// observe counts a length of time; a negative one, of a clock that went back, as 0.
func (h *histogram) observe(d time.Duration) {
	seconds := max(0, d.Seconds())
	i := 0
	for i < len(bounds) && seconds > bounds[i] {
		i++
	}
	h.counts[i]++
	h.sum += seconds
}

// count returns how many lengths were observed.
func (h *histogram) count() (n uint64) {
	for _, c := range h.counts {
		n += c
	}
	return n
}

// add adds the counts of another histogram.
func (h *histogram) add(o *histogram) {
	for i, c := range o.counts {
		h.counts[i] += c
	}
	h.sum += o.sum
}
