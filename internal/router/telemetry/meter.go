package telemetry

import (
	"math"
	"sync"
	"time"

	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// maxSeries is the largest number of series of a metric on average; further ones of any metric are not counted.
const maxSeries = 2000

// instrument is a metric.
type instrument struct {
	name, unit, help string
	bounds           []float64
}

// Bounds that the GenAI conventions give (docs/gen-ai/gen-ai-metrics.md).
func durationBounds() []float64 {
	return []float64{0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92}
}

func tokenBounds() []float64 {
	return []float64{1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864}
}

func firstTokenBounds() []float64 {
	return []float64{0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}
}

func perTokenBounds() []float64 {
	return []float64{0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5}
}

func costBounds() []float64 { return []float64{0.0001, 0.001, 0.01, 0.1, 1, 10} }

// series is what the observations in one series have in common.
type series struct {
	metric                              int // the index in meter.instruments
	operation, provider, model, failure string
	token                               string // gen_ai.token.type; empty: none
}

// points counts the observations of a series.
type points struct {
	counts   []uint64
	count    uint64
	sum      float64
	min, max float64
}

// meter has the metrics since its start, cumulative.
type meter struct {
	start       time.Time
	instruments []instrument

	mu     sync.Mutex
	points map[series]*points
}

// The metrics, by their index in meter.instruments.
const (
	operationDuration = iota
	tokenUsage
	usageCost
	timeToFirstToken
	timePerOutputToken
	responseDuration
)

// newMeter returns a meter that begins at a time.
func newMeter(start time.Time) *meter {
	return &meter{start: start, points: map[series]*points{}, instruments: []instrument{
		operationDuration:  {"gen_ai.client.operation.duration", "s", "GenAI operation duration", durationBounds()},
		tokenUsage:         {"gen_ai.client.token.usage", "{token}", "GenAI token usage", tokenBounds()},
		usageCost:          {"gen_ai.usage.cost", "USD", "GenAI request cost", costBounds()},
		timeToFirstToken:   {"gen_ai.server.time_to_first_token", "s", "Time to first token", firstTokenBounds()},
		timePerOutputToken: {"gen_ai.server.time_per_output_token", "s", "Time per output token", perTokenBounds()},
		responseDuration:   {"gen_ai.client.response.duration", "s", "Duration of the last attempt", durationBounds()},
	}}
}

// count counts a request; model is from a bounded set.
func (m *meter) count(q *record.Request, model string) {
	s := series{operation: operationName(q.Route), provider: providerName(q.Provider), model: model, failure: errorType(q)}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.observe(operationDuration, s, q.Duration.Seconds())
	if q.Attempts == 0 || q.IsFailure() {
		return
	}
	m.observe(responseDuration, s, q.Upstream.Seconds())
	if q.Streamed && q.FirstByte > 0 {
		m.observe(timeToFirstToken, s, (q.FirstByte - q.Asked).Seconds())
	}
	if q.CostKnown {
		m.observe(usageCost, s, q.Cost)
	}
	if t := q.Tokens; t.Known {
		if t.Output > 0 {
			m.observe(timePerOutputToken, s, q.Upstream.Seconds()/float64(t.Output))
		}
		s.token = "input"
		m.observe(tokenUsage, s, float64(t.Input))
		s.token = "output"
		m.observe(tokenUsage, s, float64(t.Output))
	}
}

// observe counts an observation. The caller holds mu.
func (m *meter) observe(metric int, s series, v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) { // JSON has neither
		return
	}
	s.metric, v = metric, max(0, v)
	bounds := m.instruments[metric].bounds
	p := m.points[s]
	if p == nil {
		if len(m.points) >= maxSeries*len(m.instruments) {
			return
		}
		p = &points{counts: make([]uint64, len(bounds)+1), min: v, max: v}
		m.points[s] = p
	}
	i := 0
	for i < len(bounds) && v > bounds[i] {
		i++
	}
	p.counts[i]++
	p.count++
	p.sum += v
	p.min, p.max = min(p.min, v), max(p.max, v)
}

// collect returns the metrics at a time; none before the first request.
func (m *meter) collect(now time.Time) []metric {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := make([]metric, len(m.instruments))
	for i, in := range m.instruments {
		list[i] = metric{Name: in.name, Unit: in.unit, Description: in.help,
			Histogram: histogram{Temporality: cumulative, Points: []dataPoint{}}}
	}
	for s, p := range m.points {
		list[s.metric].Histogram.Points = append(list[s.metric].Histogram.Points,
			p.encode(s, m.instruments[s.metric].bounds, m.start, now))
	}
	var told []metric
	for _, one := range list {
		if len(one.Histogram.Points) > 0 {
			told = append(told, one)
		}
	}
	return told
}

// encode returns the points of a series in OTLP's form.
func (p *points) encode(s series, bounds []float64, start, now time.Time) dataPoint {
	counts := make([]unsigned, len(p.counts))
	for i, c := range p.counts {
		counts[i] = unsigned(c)
	}
	return dataPoint{Start: nanos(start), Time: nanos(now), Count: unsigned(p.count), Sum: p.sum, Counts: counts,
		Bounds: bounds, Min: p.min, Max: p.max, Attributes: attributes{text("gen_ai.operation.name", s.operation),
			text("gen_ai.provider.name", s.provider), text("gen_ai.request.model", s.model), text("error.type", s.failure),
			text("gen_ai.token.type", s.token)}.compact()}
}
