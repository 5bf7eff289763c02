package telemetry

import (
	"encoding/hex"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// spans are the span of a request and the one of its last attempt, if it had one.
type spans []span

// Kinds and codes of OTLP (opentelemetry/proto/trace/v1/trace.proto).
const (
	kindServer  = 2
	kindClient  = 3
	statusError = 2
)

// newSpans returns the spans of a request. isSampled is false when the client's trace is not sampled.
func newSpans(q *record.Request) (all spans, isSampled bool) {
	trace, parent, isSampled := parseTraceParent(q.TraceParent)
	if !isSampled {
		return nil, false
	}
	if trace == "" {
		trace = randomHex(16)
	}
	request := span{TraceID: trace, SpanID: randomHex(8), ParentID: parent, Kind: kindServer, Name: "POST " + q.Route,
		Start: nanos(q.Start), End: nanos(q.Start.Add(q.Duration)), Attributes: requestAttributes(q)}
	for _, a := range q.Failed {
		request.Events = append(request.Events, event{Name: "attempt failed", Time: request.End, Attributes: attributes{
			text("error.type", a.Class), text("gen_ai.provider.name", providerName(a.Provider)),
			text("litellm.model_id", a.Deployment), number("http.response.status_code", a.Status)}.compact()})
	}
	if q.IsFailure() {
		request.Status = &status{Code: statusError, Message: q.Class}
	}
	if q.Attempts == 0 {
		return spans{request}, true
	}
	attempt := span{TraceID: trace, SpanID: randomHex(8), ParentID: request.SpanID, Kind: kindClient,
		Name: operationName(q.Route) + " " + q.Requested, Start: nanos(q.Start.Add(q.Asked)),
		End: nanos(q.Start.Add(q.Asked + q.Upstream)), Attributes: attemptAttributes(q), Status: request.Status}
	return spans{request, attempt}, true
}

// requestAttributes returns the attributes of the span of a request.
func requestAttributes(q *record.Request) attributes {
	return attributes{text("http.request.method", http.MethodPost), text("http.route", q.Route),
		number("http.response.status_code", q.Status), text("user_agent.original", q.UserAgent),
		text("litellm.call_id", q.ID), text("litellm.api_key_alias", q.Client), text("litellm.model_group", q.Group),
		text("litellm.fallback", q.Fallback), number("litellm.attempts", q.Attempts), text("error.type", errorType(q)),
		text("gen_ai.conversation.id", q.Session), text("gen_ai.agent.id", q.AgentID)}.compact()
}

// attemptAttributes returns the attributes of the span of an attempt, by the GenAI conventions.
func attemptAttributes(q *record.Request) attributes {
	list := attributes{text("gen_ai.operation.name", operationName(q.Route)),
		text("gen_ai.provider.name", providerName(q.Provider)), text("gen_ai.request.model", q.Requested),
		text("gen_ai.response.model", q.Model), text("gen_ai.conversation.id", q.Session),
		text("server.address", hostOf(q.Host)), text("litellm.model_id", q.Deployment),
		text("error.type", errorType(q))}.compact()
	if t := q.Tokens; t.Known {
		list = append(list, number("gen_ai.usage.input_tokens", t.Input), number("gen_ai.usage.output_tokens", t.Output))
		for _, more := range []keyValue{number("gen_ai.usage.cache_read.input_tokens", t.Cached),
			number("gen_ai.usage.cache_creation.input_tokens", t.CacheWrite),
			number("gen_ai.usage.reasoning.output_tokens", t.Reasoning)} {
			if *more.Value.Int != "0" {
				list = append(list, more)
			}
		}
	}
	if q.CostKnown && !math.IsNaN(q.Cost) && !math.IsInf(q.Cost, 0) { // JSON has neither
		list = append(list, float("gen_ai.usage.cost", q.Cost))
	}
	return list
}

// errorType returns error.type of a request; empty when it did not fail.
func errorType(q *record.Request) string {
	if !q.IsFailure() {
		return ""
	}
	if q.Class == "" {
		return "_OTHER"
	}
	return q.Class
}

// hostOf returns a host without its port.
func hostOf(host string) string {
	if name, _, found := strings.Cut(host, ":"); found && !strings.Contains(host, "[") {
		return name
	}
	return host
}

// operationName returns gen_ai.operation.name for a route.
func operationName(route string) string {
	switch {
	case strings.Contains(route, "embed"):
		return "embeddings"
	case strings.Contains(route, "enerateContent"):
		return "generate_content"
	case strings.HasSuffix(route, "completions") && !strings.Contains(route, "chat"):
		return "text_completion"
	case strings.Contains(route, "chat"), strings.Contains(route, "messages"), strings.Contains(route, "responses"):
		return "chat"
	}
	return route[strings.LastIndexByte(route, '/')+1:]
}

// providerName returns gen_ai.provider.name for the prefix of a provider in LiteLLM's configuration.
func providerName(prefix string) string {
	switch prefix {
	case "":
		return "unknown"
	case "azure":
		return "azure.ai.openai"
	case "azure_ai":
		return "azure.ai.inference"
	case "bedrock", "bedrock_converse":
		return "aws.bedrock"
	case "gemini":
		return "gcp.gemini"
	case "vertex_ai", "vertex_ai_beta":
		return "gcp.vertex_ai"
	case "mistral":
		return "mistral_ai"
	case "moonshot":
		return "moonshot_ai"
	case "xai":
		return "x_ai"
	}
	return prefix
}

// parseTraceParent reads the header traceparent (W3C Trace Context, version 00). An invalid one counts as
// none; without one, the request is sampled.
func parseTraceParent(header string) (trace, parent string, isSampled bool) {
	parts := strings.Split(header, "-")
	if len(parts) < 4 || len(parts[0]) != 2 || parts[0] == "ff" || parts[0] == "00" && len(parts) != 4 ||
		!isID(parts[1], 32) || !isID(parts[2], 16) || len(parts[3]) != 2 {
		return "", "", true
	}
	flags, err := hex.DecodeString(parts[3])
	if err != nil {
		return "", "", true
	}
	return parts[1], parts[2], flags[0]&1 == 1
}

// isID reports whether a text is an id of that many lower-case hexadecimal digits, not all 0.
func isID(text string, length int) bool {
	return len(text) == length && strings.Trim(text, "0123456789abcdef") == "" && strings.Trim(text, "0") != ""
}

// randomHex returns that many random bytes in hexadecimal digits. Ids need not be secret.
func randomHex(bytes int) string {
	raw := make([]byte, bytes)
	for i := range raw {
		raw[i] = byte(rand.Uint32N(255)) + 1
	}
	return hex.EncodeToString(raw)
}

// nanos returns a time in nanoseconds since 1970.
func nanos(t time.Time) unsigned { return unsigned(max(0, t.UnixNano())) }

// compact returns the attributes without those that have no text.
func (a attributes) compact() attributes {
	return slices.DeleteFunc(a, func(kv keyValue) bool { return kv.Value.String != nil && *kv.Value.String == "" })
}
