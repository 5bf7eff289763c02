package telemetry

import (
	"encoding/json"
	"strconv"

	"github.com/flowgate-go/flowgate/internal/version"
)

// The types of this file are OTLP's messages as JSON (opentelemetry/proto, version 1): names are in lower
// camel case, ids in hexadecimal digits, 64-bit numbers are texts, enumerations are numbers.

// unsigned is a 64-bit number, which JSON has as a text.
type unsigned uint64

// MarshalJSON writes the number as a text.
func (u unsigned) MarshalJSON() ([]byte, error) {
	return strconv.AppendQuote(nil, strconv.FormatUint(uint64(u), 10)), nil
}

// anyValue is a value of an attribute; one member is set.
type anyValue struct {
	String *string  `json:"stringValue,omitempty"`
	Int    *string  `json:"intValue,omitempty"`
	Double *float64 `json:"doubleValue,omitempty"`
}

// keyValue is an attribute.
type keyValue struct {
	Key   string   `json:"key"`
	Value anyValue `json:"value"`
}

// attributes is a list of attributes.
type attributes []keyValue

// text returns an attribute that is a text.
func text(key, value string) keyValue { return keyValue{key, anyValue{String: &value}} }

// number returns an attribute that is a whole number.
func number(key string, value int) keyValue {
	digits := strconv.Itoa(value)
	return keyValue{key, anyValue{Int: &digits}}
}

// float returns an attribute that is a number.
func float(key string, value float64) keyValue { return keyValue{key, anyValue{Double: &value}} }

// event is an event of a span.
type event struct {
	Time       unsigned   `json:"timeUnixNano"`
	Name       string     `json:"name"`
	Attributes attributes `json:"attributes,omitempty"`
}

// status says whether the operation of a span failed.
type status struct {
	Code    int    `json:"code"`
	Message string `json:"message,omitempty"`
}

// span is one operation.
type span struct {
	TraceID    string     `json:"traceId"`
	SpanID     string     `json:"spanId"`
	ParentID   string     `json:"parentSpanId,omitempty"`
	Name       string     `json:"name"`
	Kind       int        `json:"kind"`
	Start      unsigned   `json:"startTimeUnixNano"`
	End        unsigned   `json:"endTimeUnixNano"`
	Attributes attributes `json:"attributes"`
	Events     []event    `json:"events,omitempty"`
	Status     *status    `json:"status,omitempty"`
}

// cumulative is AGGREGATION_TEMPORALITY_CUMULATIVE.
const cumulative = 2

// dataPoint is a series of a histogram.
type dataPoint struct {
	Attributes attributes `json:"attributes"`
	Start      unsigned   `json:"startTimeUnixNano"`
	Time       unsigned   `json:"timeUnixNano"`
	Count      unsigned   `json:"count"`
	Sum        float64    `json:"sum"`
	Counts     []unsigned `json:"bucketCounts"`
	Bounds     []float64  `json:"explicitBounds"`
	Min        float64    `json:"min"`
	Max        float64    `json:"max"`
}

// histogram is the data of a metric.
type histogram struct {
	Points      []dataPoint `json:"dataPoints"`
	Temporality int         `json:"aggregationTemporality"`
}

// metric is one metric.
type metric struct {
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Unit        string    `json:"unit"`
	Histogram   histogram `json:"histogram"`
}

// scope is what made the spans or metrics.
type scope struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// resource is what the spans or metrics are of.
type resource struct {
	Attributes attributes `json:"attributes"`
}

// scopeName is the name of the scope of all spans and metrics.
const scopeName = "github.com/flowgate-go/flowgate"

// resource returns the router as a resource.
func (c Config) resource() resource {
	return resource{attributes{text("service.name", c.ServiceName), text("service.version", version.String()),
		text("deployment.environment.name", c.Environment)}}
}

// tracesRequest returns the body of a request with spans.
func (c Config) tracesRequest(batch []spans) any {
	type scopeSpans struct {
		Scope scope  `json:"scope"`
		Spans []span `json:"spans"`
	}
	type resourceSpans struct {
		Resource resource     `json:"resource"`
		Scopes   []scopeSpans `json:"scopeSpans"`
	}
	var all []span
	for _, s := range batch {
		all = append(all, s...)
	}
	return struct {
		Resources []resourceSpans `json:"resourceSpans"`
	}{[]resourceSpans{{c.resource(), []scopeSpans{{scope{scopeName, version.String()}, all}}}}}
}

// metricsRequest returns the body of a request with metrics.
func (c Config) metricsRequest(list []metric) any {
	type scopeMetrics struct {
		Scope   scope    `json:"scope"`
		Metrics []metric `json:"metrics"`
	}
	type resourceMetrics struct {
		Resource resource       `json:"resource"`
		Scopes   []scopeMetrics `json:"scopeMetrics"`
	}
	return struct {
		Resources []resourceMetrics `json:"resourceMetrics"`
	}{[]resourceMetrics{{c.resource(), []scopeMetrics{{scope{scopeName, version.String()}, list}}}}}
}

// encode returns a request's body as JSON.
func encode(body any) ([]byte, error) { return json.Marshal(body) }
