package telemetry

import (
	"cmp"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Config is where spans and metrics go. It may hold keys: never print it.
type Config struct {
	TracesURL, MetricsURL string
	Headers               map[string]string
	ServiceName           string
	Environment           string // deployment.environment.name

	SpanInterval, MetricInterval time.Duration // between two requests to the collector
}

// The variables are those of OpenTelemetry's specification; the older names in brackets are LiteLLM's.
const (
	variableEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT" // [OTEL_ENDPOINT]
	variableProtocol = "OTEL_EXPORTER_OTLP_PROTOCOL" // [OTEL_EXPORTER]
	variableHeaders  = "OTEL_EXPORTER_OTLP_HEADERS"  // [OTEL_HEADERS]
)

// Read reads where telemetry goes from environment variables, or from environment_variables of the
// configuration. The error says why nothing can be sent.
func Read(getenv func(string) string) (Config, error) {
	endpoint := cmp.Or(getenv(variableEndpoint), getenv("OTEL_ENDPOINT"))
	c := Config{ServiceName: cmp.Or(getenv("OTEL_SERVICE_NAME"), "litellm"),
		Environment: cmp.Or(getenv("OTEL_ENVIRONMENT_NAME"), "production"), Headers: map[string]string{}}
	switch protocol := cmp.Or(getenv(variableProtocol), getenv("OTEL_EXPORTER"), "otlp_http"); protocol {
	case "otlp_http", "http/protobuf", "http/json":
	default:
		return c, fmt.Errorf("%s is %q: the embedded router sends OTLP over HTTP only (otlp_http)", variableProtocol,
			protocol)
	}
	c.SpanInterval = readMilliseconds(getenv("OTEL_BSP_SCHEDULE_DELAY"), spanInterval)
	c.MetricInterval = readMilliseconds(getenv("OTEL_METRIC_EXPORT_INTERVAL"), metricInterval)
	base := strings.TrimRight(endpoint, "/")
	for _, signal := range [...]string{"/v1/traces", "/v1/metrics"} { // LiteLLM's documentation has such an address
		base = strings.TrimSuffix(base, signal)
	}
	c.TracesURL = cmp.Or(getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"), base+"/v1/traces")
	c.MetricsURL = cmp.Or(getenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"), base+"/v1/metrics")
	for _, address := range [...]string{c.TracesURL, c.MetricsURL} {
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return c, fmt.Errorf("%s must be the address of a collector, such as http://127.0.0.1:4318", variableEndpoint)
		}
	}
	c.readHeaders(cmp.Or(getenv(variableHeaders), getenv("OTEL_HEADERS")))
	return c, nil
}

// readHeaders reads the headers for the collector: name=value pairs with commas, values as in a URL.
func (c *Config) readHeaders(list string) {
	for pair := range strings.SplitSeq(list, ",") {
		if name, value, found := strings.Cut(strings.TrimSpace(pair), "="); found {
			decoded, err := url.PathUnescape(strings.TrimSpace(value))
			if err != nil {
				decoded = strings.TrimSpace(value)
			}
			c.Headers[strings.TrimSpace(name)] = decoded
		}
	}
}

// readMilliseconds reads a length of time of at least a tenth of a second; byDefault when there is none.
func readMilliseconds(text string, byDefault time.Duration) time.Duration {
	n, err := strconv.Atoi(text)
	if err != nil || n < 100 || n > int(24*time.Hour/time.Millisecond) {
		return byDefault
	}
	return time.Duration(n) * time.Millisecond
}
