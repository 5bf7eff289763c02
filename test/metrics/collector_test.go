package metrics_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	collectormetrics "go.opentelemetry.io/proto/slim/otlp/collector/metrics/v1"
	collectortrace "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	metrics "go.opentelemetry.io/proto/slim/otlp/metrics/v1"
	trace "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
)

// collector is a double of an OpenTelemetry collector with an OTLP/HTTP receiver and a Prometheus
// exporter. It decodes by the published messages and refuses members that they do not have.
type collector struct {
	*httptest.Server
	mu      sync.Mutex
	spans   []*trace.Span
	metrics *collectormetrics.ExportMetricsServiceRequest // the last one
	wrong   []string
	raw     strings.Builder
}

// startCollector starts a collector.
func startCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/traces", func(_ http.ResponseWriter, r *http.Request) {
		var q collectortrace.ExportTraceServiceRequest
		c.take(r, func(body []byte) error {
			if err := protojson.Unmarshal(body, &q); err != nil {
				return err
			}
			for _, resource := range q.GetResourceSpans() {
				for _, scope := range resource.GetScopeSpans() {
					c.spans = append(c.spans, scope.GetSpans()...)
				}
			}
			return nil
		})
	})
	mux.HandleFunc("POST /v1/metrics", func(_ http.ResponseWriter, r *http.Request) {
		var q collectormetrics.ExportMetricsServiceRequest
		c.take(r, func(body []byte) error {
			c.metrics = &q
			return protojson.Unmarshal(body, &q)
		})
	})
	mux.HandleFunc("GET /metrics", c.servePrometheus)
	c.Server = httptest.NewServer(mux)
	t.Cleanup(c.Close)
	return c
}

// ids are the members that OTLP's JSON has in hexadecimal digits, where protobuf's JSON has base64.
var ids = regexp.MustCompile(`"(traceId|spanId|parentSpanId)":"([0-9a-f]*)"`)

// take decodes a request.
func (c *collector) take(r *http.Request, decode func([]byte) error) {
	body, err := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw.Write(body)
	body = ids.ReplaceAllFunc(body, func(member []byte) []byte {
		parts := ids.FindSubmatch(member)
		raw, _ := hex.DecodeString(string(parts[2]))
		return fmt.Appendf(nil, `"%s":"%s"`, parts[1], base64.StdEncoding.EncodeToString(raw))
	})
	if err == nil {
		err = decode(body)
	}
	if err != nil {
		c.wrong = append(c.wrong, err.Error())
	}
}

// servePrometheus writes the last metrics as the collector's Prometheus exporter does: dots are
// underscores, units are suffixes, and service.name is a label.
func (c *collector) servePrometheus(w http.ResponseWriter, _ *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range c.metrics.GetResourceMetrics() {
		service := labelsOf(resource.GetResource().GetAttributes())
		for _, scope := range resource.GetScopeMetrics() {
			for _, m := range scope.GetMetrics() {
				writeHistogram(w, m, service)
			}
		}
	}
}

// writeHistogram writes a metric in Prometheus' text format.
func writeHistogram(w io.Writer, m *metrics.Metric, service string) {
	name := strings.ReplaceAll(m.GetName(), ".", "_") + map[string]string{"s": "_seconds", "USD": "_USD"}[m.GetUnit()]
	fmt.Fprintf(w, "# TYPE %s histogram\n", name)
	for _, p := range m.GetHistogram().GetDataPoints() {
		labels, n := service+","+labelsOf(p.GetAttributes()), uint64(0)
		for i, count := range p.GetBucketCounts() {
			n += count
			bound := "+Inf"
			if i < len(p.GetExplicitBounds()) {
				bound = fmt.Sprint(p.GetExplicitBounds()[i])
			}
			fmt.Fprintf(w, "%s_bucket{%s,le=\"%s\"} %d\n", name, labels, bound, n)
		}
		fmt.Fprintf(w, "%s_count{%s} %d\n%s_sum{%s} %g\n", name, labels, p.GetCount(), name, labels, p.GetSum())
	}
}

// labelsOf returns attributes as labels.
func labelsOf(list []*common.KeyValue) string {
	var labels []string
	for _, kv := range list {
		labels = append(labels, fmt.Sprintf("%s=%q", strings.ReplaceAll(kv.GetKey(), ".", "_"), kv.GetValue().GetStringValue()))
	}
	return strings.Join(labels, ",")
}
