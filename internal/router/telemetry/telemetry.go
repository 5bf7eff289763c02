// Package telemetry tells an OpenTelemetry collector about requests: a span of each request and of its
// last attempt, and metrics, by the GenAI conventions (open-telemetry/semantic-conventions-genai) under
// the names that LiteLLM 1.106.2 uses. Read reads where to; Start makes an Exporter; Exporter.Record takes
// a request.
//
// It encodes OTLP/HTTP JSON itself, since OpenTelemetry's library costs every command of the program 2 ms
// at its start. No request waits for the collector: requests go into a queue, and what does not fit is
// dropped and counted. No span and no metric has a part of a prompt or of a reply, or a key.
//
// It is larger than other packages because it has the encoding of OTLP besides what is told.
package telemetry

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flowgate-go/flowgate/internal/proxy"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// Defaults of OpenTelemetry's specification of its SDK (OTEL_BSP_*, OTEL_METRIC_EXPORT_INTERVAL).
const (
	queueLength     = 2048
	batchLength     = 512
	spanInterval    = 5 * time.Second
	metricInterval  = time.Minute
	requestTimeout  = 10 * time.Second
	shutdownTimeout = 5 * time.Second
)

// Options are the settings of an Exporter that are not in the configuration. The zero value works.
type Options struct {
	Logger *slog.Logger     // default: none
	Now    func() time.Time // default time.Now
	Getenv func(string) string

	// BoundModel returns the value of gen_ai.request.model in metrics, which must come from a bounded set.
	BoundModel func(*record.Request) string

	SpanInterval, MetricInterval time.Duration // in place of the configuration's
}

// Exporter sends spans and metrics. A nil Exporter does nothing.
type Exporter struct {
	config  Config
	options Options
	client  *http.Client
	meter   *meter

	queue   chan spans
	dropped atomic.Int64
	stop    chan struct{}
	sending sync.WaitGroup
	isDown  bool // the last request to the collector failed; logged once
}

// Start starts an Exporter. Close must be called.
func Start(c Config, o Options) *Exporter {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.SpanInterval = cmp.Or(o.SpanInterval, c.SpanInterval, spanInterval)
	o.MetricInterval = cmp.Or(o.MetricInterval, c.MetricInterval, metricInterval)
	transport := &http.Transport{IdleConnTimeout: time.Minute}
	if o.Getenv != nil {
		transport.Proxy = proxy.FromEnvironment(o.Getenv)
	}
	e := &Exporter{config: c, options: o, meter: newMeter(o.Now()), queue: make(chan spans, queueLength),
		client: &http.Client{Transport: transport, Timeout: requestTimeout, CheckRedirect: refuseRedirect},
		stop:   make(chan struct{})}
	e.sending.Go(e.run)
	return e
}

// refuseRedirect keeps the client from another address, which would get the headers for the collector.
func refuseRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Record takes a request that has ended. It never blocks.
func (e *Exporter) Record(q *record.Request) {
	if e == nil {
		return
	}
	e.meter.count(q, e.options.BoundModel(q))
	s, isSampled := newSpans(q)
	if !isSampled {
		return
	}
	select {
	case e.queue <- s:
	default:
		e.dropped.Add(1)
	}
}

// Close sends what is left, for at most five seconds.
func (e *Exporter) Close() error {
	if e == nil {
		return nil
	}
	close(e.stop)
	e.sending.Wait()
	e.client.CloseIdleConnections()
	return nil
}

// run sends spans and metrics until Close.
func (e *Exporter) run() {
	spanTicker, metricTicker := time.NewTicker(e.options.SpanInterval), time.NewTicker(e.options.MetricInterval)
	defer spanTicker.Stop()
	defer metricTicker.Stop()
	var batch []spans
	for {
		select {
		case s := <-e.queue:
			if batch = append(batch, s); len(batch) < batchLength {
				continue
			}
			batch = e.sendSpans(context.Background(), batch)
		case <-spanTicker.C:
			batch = e.sendSpans(context.Background(), batch)
		case <-metricTicker.C:
			e.sendMetrics(context.Background())
		case <-e.stop:
			e.flush(batch)
			return
		}
	}
}

// flush sends what is in the queue and the metrics.
func (e *Exporter) flush(batch []spans) {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	for {
		select {
		case s := <-e.queue:
			batch = append(batch, s)
		default:
			e.sendSpans(ctx, batch)
			e.sendMetrics(ctx)
			return
		}
	}
}

// sendSpans sends a batch and returns an empty one.
func (e *Exporter) sendSpans(ctx context.Context, batch []spans) []spans {
	if len(batch) > 0 {
		e.send(ctx, e.config.TracesURL, e.config.tracesRequest(batch))
	}
	if n := e.dropped.Swap(0); n > 0 {
		e.options.Logger.Warn("spans were dropped: the collector is too slow", "spans", n)
	}
	return batch[:0]
}

// sendMetrics sends the metrics, when there are any.
func (e *Exporter) sendMetrics(ctx context.Context) {
	if list := e.meter.collect(e.options.Now()); len(list) > 0 {
		e.send(ctx, e.config.MetricsURL, e.config.metricsRequest(list))
	}
}
