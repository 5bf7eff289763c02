package telemetry

import (
	"time"

	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// EncodeSpans returns the body of a request with the spans of q.
func EncodeSpans(q *record.Request) []byte {
	s, _ := newSpans(q)
	body, err := encode(Config{}.tracesRequest([]spans{s}))
	if err != nil {
		panic(err)
	}
	return body
}

// CountSeries returns the number of series of each metric after requests, whose models are as they were asked for.
func CountSeries(all []*record.Request) map[string]int {
	m := newMeter(time.Unix(0, 0))
	for _, q := range all {
		m.count(q, q.Requested)
	}
	series := map[string]int{}
	for _, one := range m.collect(time.Unix(1, 0)) {
		series[one.Name] = len(one.Histogram.Points)
	}
	return series
}
