package telemetry_test

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/internal/router/routertest"
	"github.com/flowgate-go/flowgate/internal/router/telemetry"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// lastMetric returns a metric as the collector got it last.
func (c *collector) lastMetric(name string) gjson.Result {
	all := c.got("/v1/metrics")
	if len(all) == 0 {
		return gjson.Result{}
	}
	return gjson.Get(all[len(all)-1], `resourceMetrics.0.scopeMetrics.0.metrics.#(name=="`+name+`")`)
}

// startWithoutMetrics starts an exporter that sends metrics at its end only, and the model as it was asked for.
func (c *collector) startWithoutMetrics(t *testing.T, spanInterval time.Duration) *telemetry.Exporter {
	t.Helper()
	config, err := telemetry.Read(func(name string) string {
		return map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": c.URL}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	return telemetry.Start(config, telemetry.Options{BoundModel: func(q *record.Request) string { return q.Requested },
		SpanInterval: spanInterval, MetricInterval: time.Hour})
}

// exportAll records requests, ends the exporter, which sends what is left, and returns the collector.
func exportAll(t *testing.T, all ...*record.Request) *collector {
	t.Helper()
	c := startCollector(t)
	e := c.startWithoutMetrics(t, time.Hour)
	for _, q := range all {
		e.Record(q)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheEndOfTheExporterSendsWhatIsLeft(t *testing.T) {
	t.Parallel()
	c := exportAll(t, request())
	if len(c.got("/v1/traces")) != 1 || len(c.got("/v1/metrics")) != 1 {
		t.Errorf("%d and %d requests", len(c.got("/v1/traces")), len(c.got("/v1/metrics")))
	}
	if len(c.got("/v1/traces")[0]) == 0 || gjson.Get(c.got("/v1/traces")[0],
		`resourceSpans.0.resource.attributes.#(key=="deployment.environment.name").value.stringValue`).String() == "" {
		t.Errorf("%s", c.got("/v1/traces")[0])
	}
}

func TestNumbersThatAreNoneAreLeftOutOfTelemetry(t *testing.T) {
	t.Parallel()
	endless, negative, unpriced := request(), request(), request()
	endless.Cost = math.Inf(1)
	negative.Cost = -7
	unpriced.CostKnown, unpriced.Cost = false, 3
	c := exportAll(t, endless, negative, unpriced)
	traces := strings.Join(c.got("/v1/traces"), "")
	if strings.Count(traces, `"kind":3`) != 3 || strings.Count(traces, "gen_ai.usage.cost") != 1 {
		t.Errorf("%s", traces)
	}
	points := c.lastMetric("gen_ai.usage.cost").Get("histogram.dataPoints.0")
	if points.Get("count").String() != "1" || points.Get("sum").Float() != 0 {
		t.Errorf("%s", points.Raw)
	}
}

func TestARequestThatFailedOrAskedNobodyHasADurationOnly(t *testing.T) {
	t.Parallel()
	failed, refused := request(), request()
	failed.Status, failed.Class = 500, "InternalServerError"
	refused.Status, refused.Class, refused.Attempts = 429, "", 0
	c := exportAll(t, failed, refused)
	if n := len(c.lastMetric("gen_ai.client.operation.duration").Get("histogram.dataPoints").Array()); n != 2 {
		t.Errorf("%d series of durations", n)
	}
	if m := c.lastMetric("gen_ai.client.token.usage"); m.Exists() {
		t.Errorf("%s", m.Raw)
	}
	traces := c.got("/v1/traces")[0]
	if strings.Count(traces, `"kind":3`) != 1 || !strings.Contains(traces, `"_OTHER"`) {
		t.Errorf("%s", traces)
	}
}

func TestAnObservationOnABoundIsInItsBucketAndSumsAreExact(t *testing.T) {
	t.Parallel()
	q := request()
	q.Duration = 640 * time.Millisecond
	points := exportAll(t, q).lastMetric("gen_ai.client.operation.duration").Get("histogram.dataPoints.0")
	for i, bound := range points.Get("explicitBounds").Array() {
		if n := points.Get(fmt.Sprint("bucketCounts.", i)).String(); (n == "1") != (bound.Float() == 0.64) {
			t.Errorf("%s in the bucket of %v", n, bound)
		}
	}
	if points.Get("sum").Float() != 0.64 || points.Get("min").Float() != 0.64 || points.Get("max").Float() != 0.64 {
		t.Errorf("%s", points.Raw)
	}
}

func TestTheNumberOfSeriesIsBounded(t *testing.T) {
	t.Parallel()
	var all []*record.Request
	for i := range 13000 {
		q := request()
		q.Requested, q.Attempts, q.Status = fmt.Sprint("m-", i), 0, 429
		all = append(all, q)
	}
	if n := telemetry.CountSeries(all)["gen_ai.client.operation.duration"]; n != 12000 {
		t.Errorf("%d series", n)
	}
}

func TestACollectorThatIsBusyIsAskedAgain(t *testing.T) {
	t.Parallel()
	c := startCollector(t)
	c.answer = func(n int) int {
		if n == 0 {
			return http.StatusServiceUnavailable
		}
		return 200
	}
	e := c.startWithoutMetrics(t, time.Millisecond)
	e.Record(request())
	routertest.Eventually(t, "the same spans came after all", func() bool {
		return len(c.got("/v1/traces")) > 0
	})
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(strings.Join(c.got("/v1/traces"), ""), `"kind":2`); n != 1 {
		t.Errorf("%d spans", n)
	}
}

func TestACollectorThatIsNotThereIsLoggedWithoutItsAddress(t *testing.T) {
	t.Parallel()
	var logs lockedBuffer
	c := startCollector(t)
	e := c.start(t, nil, &logs)
	c.Close()
	e.Record(request())
	if err := e.Close(); err != nil { // does not wait for further tries
		t.Fatal(err)
	}
	if text := logs.String(); strings.Count(text, "telemetry is dropped") != 1 || strings.Contains(text, "v1/traces") {
		t.Errorf("%s", text)
	}
}

func TestVariablesOfTelemetryHaveLiteLLMsOlderNames(t *testing.T) {
	t.Parallel()
	config, err := telemetry.Read(func(name string) string {
		return map[string]string{"OTEL_ENDPOINT": "http://c:4318/", "OTEL_HEADERS": "a=%zz, b = 2", "OTEL_ENVIRONMENT_NAME": "test",
			"OTEL_BSP_SCHEDULE_DELAY": "99", "OTEL_METRIC_EXPORT_INTERVAL": "100"}[name]
	})
	if err != nil || config.Headers["a"] != "%zz" || config.Headers["b"] != "2" || config.Environment != "test" ||
		config.SpanInterval != 5*time.Second || config.MetricInterval != 100*time.Millisecond {
		t.Errorf("%+v, %v", config, err)
	}
}

func TestATraceOfALaterVersionIsContinued(t *testing.T) {
	t.Parallel()
	for header, isContinued := range map[string]bool{
		"01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more": true,
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more": false,
	} {
		q := request()
		q.TraceParent = header
		if got := strings.Contains(string(telemetry.EncodeSpans(q)), "0af7651916cd43dd8448eb211c80319c"); got != isContinued {
			t.Errorf("%s: %t", header, got)
		}
	}
}
