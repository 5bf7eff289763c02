package telemetry_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/internal/router/routertest"
	"github.com/flowgate-go/flowgate/internal/router/telemetry"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// collector is a double of an OpenTelemetry collector's OTLP/HTTP receiver. The module of tests has one
// that decodes by the published protocol.
type collector struct {
	*httptest.Server
	mu     sync.Mutex
	bodies map[string][]string // by path
	header http.Header
	answer func(n int) int // the status of request n, from 0
}

// startCollector starts a collector.
func startCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{bodies: map[string][]string{}, answer: func(int) int { return 200 }}
	n := 0
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		status := c.answer(n)
		n++
		if status == 200 {
			c.bodies[r.URL.Path], c.header = append(c.bodies[r.URL.Path], string(body)), r.Header
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(c.Close)
	return c
}

// got returns the bodies of a path.
func (c *collector) got(path string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.bodies[path]...)
}

// start starts an exporter to the collector.
func (c *collector) start(t *testing.T, variables map[string]string, logs io.Writer) *telemetry.Exporter {
	t.Helper()
	config, err := telemetry.Read(func(name string) string {
		if name == "OTEL_EXPORTER_OTLP_ENDPOINT" {
			return c.URL
		}
		return variables[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	return telemetry.Start(config, telemetry.Options{Logger: slog.New(slog.NewTextHandler(logs, nil)),
		BoundModel:   func(*record.Request) string { return "bounded" },
		SpanInterval: 5 * time.Millisecond, MetricInterval: 5 * time.Millisecond})
}

// request returns a good streamed request.
func request() *record.Request {
	return &record.Request{Start: time.Unix(1_700_000_000, 0), Client: "laptop", ID: "call-1", Route: "/v1/chat/completions",
		Requested: "m", Group: "m", Deployment: "id-m", Provider: "azure", Host: "up.example:443", Model: "gpt", Status: 200,
		Attempts: 1, Asked: time.Second, Upstream: 2 * time.Second, FirstByte: 1500 * time.Millisecond, Duration: 4 * time.Second,
		Streamed: true, Session: "s-1", Cost: 0.5, CostKnown: true,
		Tokens: record.Tokens{Known: true, Input: 100, Output: 20, Cached: 40}}
}

func TestASpanOfTheRequestAndOneOfItsAttemptAreSent(t *testing.T) {
	t.Parallel()
	c := startCollector(t)
	e := c.start(t, map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": "x-api-key=k%201, other=2", "OTEL_SERVICE_NAME": "gw"}, io.Discard)
	q := request()
	q.TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	e.Record(q)
	routertest.Eventually(t, "spans", func() bool { return len(c.got("/v1/traces")) > 0 })
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	body := c.got("/v1/traces")[0]
	get := func(path string) string { return gjson.Get(body, path).String() }
	server, client := "resourceSpans.0.scopeSpans.0.spans.0.", "resourceSpans.0.scopeSpans.0.spans.1."
	attribute := func(span, key string) string {
		value := gjson.Get(body, span+`attributes.#(key=="`+key+`").value`)
		return value.Get("stringValue").String() + value.Get("intValue").String() + value.Get("doubleValue").String()
	}
	for path, want := range map[string]string{
		server + "traceId": "0af7651916cd43dd8448eb211c80319c", server + "parentSpanId": "b7ad6b7169203331", server + "kind": "2",
		server + "name": "POST /v1/chat/completions", server + "startTimeUnixNano": "1700000000000000000",
		server + "endTimeUnixNano": "1700000004000000000", client + "name": "chat m", client + "kind": "3",
		client + "parentSpanId": get(server + "spanId"), client + "startTimeUnixNano": "1700000001000000000",
		client + "endTimeUnixNano": "1700000003000000000",
		`resourceSpans.0.resource.attributes.#(key=="service.name").value.stringValue`: "gw",
	} {
		if got := get(path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	for key, want := range map[string]string{"gen_ai.operation.name": "chat", "gen_ai.provider.name": "azure.ai.openai",
		"gen_ai.request.model": "m", "gen_ai.response.model": "gpt", "gen_ai.usage.input_tokens": "100",
		"gen_ai.usage.output_tokens": "20", "gen_ai.usage.cache_read.input_tokens": "40", "gen_ai.conversation.id": "s-1",
		"server.address": "up.example", "gen_ai.usage.cost": "0.5", "error.type": "", "gen_ai.usage.cache_creation.input_tokens": ""} {
		if got := attribute(client, key); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	if c.header.Get("X-Api-Key") != "k 1" || c.header.Get("Other") != "2" || c.header.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", c.header)
	}
}

func TestAFailedRequestSaysWhyAndWhichAttemptsFailed(t *testing.T) {
	t.Parallel()
	c := startCollector(t)
	e := c.start(t, nil, io.Discard)
	q := request()
	q.Status, q.Class = 503, "ServiceUnavailableError"
	q.Failed = []record.Attempt{{Deployment: "id-m", Provider: "azure", Status: 503, Class: "ServiceUnavailableError"}}
	e.Record(q)
	routertest.Eventually(t, "spans", func() bool { return len(c.got("/v1/traces")) > 0 })
	_ = e.Close()
	server := gjson.Get(c.got("/v1/traces")[0], "resourceSpans.0.scopeSpans.0.spans.0")
	if server.Get("status.code").Int() != 2 || server.Get("events.0.name").String() != "attempt failed" ||
		server.Get(`events.0.attributes.#(key=="error.type").value.stringValue`).String() != "ServiceUnavailableError" ||
		server.Get(`attributes.#(key=="error.type").value.stringValue`).String() != "ServiceUnavailableError" {
		t.Errorf("%s", server.Raw)
	}
}

func TestMetricsAreCumulativeHistogramsWithBoundedLabels(t *testing.T) {
	t.Parallel()
	c := startCollector(t)
	e := c.start(t, nil, io.Discard)
	for range 3 {
		e.Record(request())
	}
	find := func(name string) gjson.Result {
		all := c.got("/v1/metrics")
		if len(all) == 0 {
			return gjson.Result{}
		}
		return gjson.Get(all[len(all)-1], `resourceMetrics.0.scopeMetrics.0.metrics.#(name=="`+name+`")`)
	}
	routertest.Eventually(t, "three requests", func() bool {
		return find("gen_ai.client.operation.duration").Get("histogram.dataPoints.0.count").String() == "3"
	})
	_ = e.Close()
	for name, want := range map[string]struct {
		unit string
		sum  float64
	}{"gen_ai.client.operation.duration": {"s", 12}, "gen_ai.client.response.duration": {"s", 6}, "gen_ai.usage.cost": {"USD", 1.5},
		"gen_ai.server.time_to_first_token": {"s", 1.5}, "gen_ai.server.time_per_output_token": {"s", 0.3}} {
		m := find(name)
		if m.Get("unit").String() != want.unit || m.Get("histogram.dataPoints.0.sum").Float()-want.sum > 1e-9 ||
			m.Get("histogram.aggregationTemporality").Int() != 2 {
			t.Errorf("%s: %s", name, m.Raw)
		}
		if n := len(m.Get("histogram.dataPoints.0.bucketCounts").Array()); n != len(m.Get("histogram.dataPoints.0.explicitBounds").Array())+1 {
			t.Errorf("%s has %d buckets", name, n)
		}
	}
	tokens := find("gen_ai.client.token.usage").Get(`histogram.dataPoints.#(attributes.#(key=="gen_ai.token.type").value.stringValue=="input").sum`)
	if tokens.Float() != 300 {
		t.Errorf("input tokens: %s", tokens.Raw)
	}
	if !strings.Contains(find("gen_ai.client.token.usage").Raw, `{"key":"gen_ai.request.model","value":{"stringValue":"bounded"}}`) {
		t.Error("the model is not from the bounded set")
	}
}

func TestNothingWaitsForACollectorThatHangs(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	var logs bytes.Buffer
	c := startCollector(t)
	c.answer = func(int) int { <-hang; return 200 }
	e := c.start(t, nil, &logs)
	for range 5000 { // more than the queue holds
		e.Record(request())
	}
	close(hang)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(logs.String(), "spans were dropped") {
		t.Errorf("nothing says that spans were dropped: %s", logs.String())
	}
}

// TestTheCollectorsHeadersFollowNoRedirect has the collector lead to another host.
func TestTheCollectorsHeadersFollowNoRedirect(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	var logs lockedBuffer
	e := telemetry.Start(telemetry.Config{TracesURL: server.URL, MetricsURL: server.URL, Headers: map[string]string{"api-key": "k"}},
		telemetry.Options{Logger: slog.New(slog.NewTextHandler(&logs, nil)),
			BoundModel: func(*record.Request) string { return "bounded" }})
	e.Record(request())
	if err := e.Close(); err != nil || elsewhere.Load() > 0 || !strings.Contains(logs.String(), "answered 307") {
		t.Errorf("%v; %d requests elsewhere; %s", err, elsewhere.Load(), logs.String())
	}
}

func TestACollectorThatRefusesIsLoggedOnceWithoutItsAddress(t *testing.T) {
	t.Parallel()
	var logs lockedBuffer
	c := startCollector(t)
	c.answer = func(n int) int {
		if n < 6 {
			return 400
		}
		return 200
	}
	e := c.start(t, nil, &logs)
	routertest.Eventually(t, "the collector is up again", func() bool {
		e.Record(request())
		return strings.Contains(logs.String(), "takes telemetry again")
	})
	_ = e.Close()
	if n := strings.Count(logs.String(), "telemetry is dropped"); n != 1 || strings.Contains(logs.String(), "127.0.0.1") {
		t.Errorf("%d times: %s", n, logs.String())
	}
}

// lockedBuffer is a buffer that several goroutines use.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestATraceThatIsNotSampledIsNotSent(t *testing.T) {
	t.Parallel()
	c := startCollector(t)
	e := c.start(t, nil, io.Discard)
	q := request()
	q.TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
	e.Record(q)
	for i, invalid := range []string{"", "00-x", "00-00000000000000000000000000000000-b7ad6b7169203331-01", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-zz"} {
		q := request()
		q.ID, q.TraceParent = fmt.Sprint("invalid-", i), invalid
		e.Record(q)
	}
	_ = e.Close()
	all := strings.Join(c.got("/v1/traces"), "")
	if strings.Count(all, `"kind":2`) != 6 || strings.Contains(all, "b7ad6b7169203331") {
		t.Errorf("%s", all)
	}
}

func TestTheEndpointIsReadAsOpenTelemetryAndLiteLLMDo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		variables       map[string]string
		traces, metrics string
	}{
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318/"}, "http://c:4318/v1/traces", "http://c:4318/v1/metrics"},
		{map[string]string{"OTEL_ENDPOINT": "https://c/x/v1/traces", "OTEL_EXPORTER": "otlp_http"}, "https://c/x/v1/traces", "https://c/x/v1/metrics"},
		{map[string]string{"OTEL_ENDPOINT": "http://old", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://new"}, "http://new/v1/traces", "http://new/v1/metrics"},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://t/own"}, "http://t/own", "http://c/v1/metrics"},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_EXPORTER": "otlp_grpc"}, "", ""},
		{map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "c:4318"}, "", ""},
		{nil, "", ""},
	} {
		got, err := telemetry.Read(func(name string) string { return c.variables[name] })
		if (err != nil) != (c.traces == "") || err == nil && (got.TracesURL != c.traces || got.MetricsURL != c.metrics) {
			t.Errorf("%v: %+v, %v", c.variables, got, err)
		}
	}
}

func FuzzTraceParent(f *testing.F) {
	f.Add("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	f.Add("")
	f.Add("00-0-0-0")
	f.Fuzz(func(t *testing.T, header string) {
		q := request()
		q.TraceParent = header
		body := telemetry.EncodeSpans(q)
		if !json.Valid(body) {
			t.Errorf("not JSON: %s", body)
		}
		for _, span := range gjson.GetBytes(body, "resourceSpans.0.scopeSpans.0.spans").Array() {
			if len(span.Get("traceId").String()) != 32 || len(span.Get("spanId").String()) != 16 {
				t.Errorf("%s", span.Raw)
			}
		}
	})
}
