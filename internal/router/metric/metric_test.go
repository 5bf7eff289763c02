package metric_test

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/clientkey"
	"github.com/flowgate-go/flowgate/internal/router/metric"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/usage/quota"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// newRegistry returns a registry of two groups, m and "openai/*", with one deployment each.
func newRegistry() *metric.Registry {
	return metric.New(&settings.Settings{Groups: []string{"m", "fb"}, Deployments: []*settings.Deployment{
		{ID: "id-m", Group: "m", Model: "openai/up", Upstream: "up", Provider: "openai", MaxRPM: lo.ToPtr(60.0)},
		{ID: "id-fb", Group: "fb", Model: "anthropic/claude", Upstream: "claude", Provider: "anthropic"},
		{ID: "id-any", Group: "openai/*", Model: "openai/*", Upstream: "*", Provider: "openai"}}})
}

// good returns a good request for m.
func good() *record.Request {
	return &record.Request{Client: "laptop", Route: "/v1/messages", Requested: "m", Group: "m", Deployment: "id-m",
		Provider: "openai", Status: 200, Attempts: 1, Asked: time.Millisecond, Upstream: 300 * time.Millisecond,
		FirstByte: 101 * time.Millisecond, Duration: 310 * time.Millisecond, Streamed: true, Cost: 0.25, CostKnown: true,
		Tokens: record.Tokens{Known: true, Input: 100, Cached: 40, CacheWrite: 10, Output: 30, Reasoning: 5}}
}

// write returns what the registry writes.
func write(t *testing.T, r *metric.Registry, s metric.Snapshot) string {
	t.Helper()
	var b strings.Builder
	if err := r.Write(&b, s); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// sample returns the value of the first series of a name whose labels have all of the parts; "" when
// there is none.
func sample(text, name string, parts ...string) string {
	for line := range strings.Lines(text) {
		labels, value, _ := strings.Cut(strings.TrimSpace(line), "} ")
		if !strings.HasPrefix(line, name+"{") && !strings.HasPrefix(line, name+" ") {
			continue
		}
		if lo.EveryBy(parts, func(p string) bool { return strings.Contains(labels, p) }) {
			return lo.CoalesceOrEmpty(value, strings.TrimPrefix(labels, name+" "))
		}
	}
	return ""
}

func TestAGoodRequestIsInEveryFamilyThatItBelongsTo(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	r.Count(good())
	r.Count(good())
	text := write(t, r, metric.Snapshot{Keys: []metric.Key{{Alias: "laptop", Token: "0abc"}}})
	of := []string{`api_key_alias="laptop"`, `hashed_api_key="0abc"`, `model_id="id-m"`}
	for name, want := range map[string]string{
		"litellm_proxy_total_requests_metric_total": "2", "litellm_requests_metric_total": "2",
		"litellm_spend_metric_total": "0.5", "litellm_total_tokens_metric_total": "260", "litellm_total_tokens_total": "260",
		"litellm_input_tokens_metric_total": "200", "litellm_output_tokens_metric_total": "60",
		"litellm_input_cached_tokens_metric_total": "80", "litellm_input_cache_creation_tokens_metric_total": "20",
		"litellm_output_reasoning_tokens_metric_total":          "10",
		"litellm_provider_cache_read_input_tokens_metric_total": "80", "litellm_deployment_total_requests_total": "2",
		"litellm_deployment_success_responses_total": "2", "litellm_request_total_latency_metric_count": "2",
		"litellm_llm_api_latency_metric_sum": "0.6", "litellm_llm_api_time_to_first_token_metric_sum": "0.2",
		"litellm_overhead_latency_metric_sum": "0.02", "litellm_request_queue_time_seconds_sum": "0.002",
		"litellm_deployment_latency_per_output_token_sum": "0.02",
		"litellm_proxy_failed_requests_metric_total":      "", "litellm_zero_cost_requests_total": "",
	} {
		if got := sample(text, name, of...); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for le, want := range map[string]string{"0.25": "0", "0.5": "2", "+Inf": "2"} {
		if got := sample(text, "litellm_request_total_latency_metric_bucket", `,le="`+le+`"`); got != want {
			t.Errorf("bucket %s: %q, want %q", le, got, want)
		}
	}
	if got := sample(text, "litellm_proxy_total_requests_metric_total", `status_code="200"`, `route="/v1/messages"`,
		`end_user="None"`, `user_agent="None"`, `client_ip="None"`); got != "2" {
		t.Errorf("labels: %q", got)
	}
}

func TestFailuresFallbacksAndCooldownsAreCounted(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	failed := record.Attempt{Deployment: "id-m", Group: "m", Status: 500, Class: "InternalServerError"}
	saved := good()
	saved.Fallback, saved.Deployment, saved.Attempts, saved.Failed = "fb", "id-fb", 2, []record.Attempt{failed}
	r.Count(saved)
	lost := good()
	lost.Status, lost.Class, lost.Attempts, lost.Deployment = 503, "ServiceUnavailableError", 2, "id-fb"
	lost.Failed = []record.Attempt{failed, {Deployment: "id-fb", Group: "fb", Status: 503, Class: "ServiceUnavailableError"}}
	r.Count(lost)
	r.CountCooldown("id-m", 500)
	text := write(t, r, metric.Snapshot{Cooling: map[string]bool{"id-m": true}})
	for _, c := range []struct {
		name, want string
		parts      []string
	}{
		{"litellm_proxy_failed_requests_metric_total", "1", []string{`exception_class="ServiceUnavailableError"`, `exception_status="503"`}},
		{"litellm_llm_api_failed_requests_metric_total", "1", nil},
		{"litellm_deployment_failure_responses_total", "2", []string{`model_id="id-m"`, `exception_status="500"`}},
		{"litellm_deployment_failure_responses_total", "1", []string{`model_id="id-fb"`}},
		{"litellm_deployment_success_responses_total", "1", []string{`model_id="id-fb"`}},
		{"litellm_deployment_successful_fallbacks_total", "1", []string{`requested_model="m"`, `fallback_model="fb"`, `exception_class="InternalServerError"`}},
		{"litellm_deployment_failed_fallbacks_total", "1", []string{`fallback_model="fb"`}},
		{"litellm_deployment_cooled_down_total", "1", []string{`model_id="id-m"`, `exception_status="500"`}},
		{"litellm_deployment_state", "2", []string{`model_id="id-m"`}},
		{"litellm_deployment_state", "1", []string{`model_id="id-fb"`}},
		{"litellm_deployment_state", "0", []string{`model_id="id-any"`}},
		{"litellm_deployment_rpm_limit", "60", []string{`model_id="id-m"`, `model_group="m"`}},
	} {
		if got := sample(text, c.name, c.parts...); got != c.want {
			t.Errorf("%s %v: %q, want %q", c.name, c.parts, got, c.want)
		}
	}
}

func TestWhatClientsChooseFreelyMakesNoSeries(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	for i := range 20000 {
		q := good()
		q.Requested, q.UserAgent, q.Session, q.ID = fmt.Sprint("canary-model-", i), "canary-agent", "canary-session", "canary-id"
		switch i % 3 {
		case 0: // no such model
			q.Group, q.Deployment, q.Status, q.Class, q.Attempts = "", "", 400, fmt.Sprint("made up by an upstream ", i), 0
		case 1: // matched by a pattern
			q.Group, q.Deployment, q.Model = q.Requested, "id-any", q.Requested
		case 2: // a fallback that the client chose
			q.Requested, q.Fallback = "m", fmt.Sprint("canary-fallback-", i)
			q.Failed = []record.Attempt{{Deployment: "id-m", Group: "m", Status: 500, Class: "InternalServerError"}}
		}
		r.Count(q)
	}
	text := write(t, r, metric.Snapshot{})
	if strings.Contains(text, "canary") || strings.Contains(text, "made up") {
		t.Error("a text of a client is in the metrics")
	}
	if n := strings.Count(text, "\n"); n > 700 {
		t.Errorf("%d lines", n)
	}
	for _, requested := range []string{"other", "openai/*", "m"} {
		if sample(text, "litellm_proxy_total_requests_metric_total", `requested_model="`+requested+`"`) == "" {
			t.Errorf("no series of %s", requested)
		}
	}
}

func TestTheNumberOfRowsIsBounded(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	for i := range 4500 {
		q := good()
		q.Client = fmt.Sprint("client-", i)
		r.Count(q)
	}
	text := write(t, r, metric.Snapshot{})
	if n := strings.Count(text, "litellm_proxy_total_requests_metric_total{"); n > 4100 {
		t.Errorf("%d series", n)
	}
	if got := sample(text, "litellm_proxy_total_requests_metric_total", `api_key_alias="other"`); got != "404" {
		t.Errorf("%q requests in the row of the others", got)
	}
}

func TestLimitsOfKeysAndWhatProvidersSayRemain(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	q := good()
	q.Quota = []quota.Window{{Name: "requests", Remaining: lo.ToPtr[int64](7)}, {Name: "tokens", Remaining: lo.ToPtr[int64](900)},
		{Name: "5h", UsedShare: lo.ToPtr(0.5)}}
	r.Count(q)
	text := write(t, r, metric.Snapshot{Keys: []metric.Key{{Alias: "laptop", Token: "0abc", Requests: 3, Tokens: 10, ResetsInHours: 5,
		Limits: clientkey.Limits{Models: []string{"m"}, RPM: lo.ToPtr[int64](10), MaxBudget: lo.ToPtr(2.0)},
		Spend:  clientkey.Spend{Spend: 0.5}}}})
	for name, want := range map[string]string{
		"litellm_remaining_requests_metric": "7", "litellm_remaining_requests": "7", "litellm_remaining_tokens_metric": "900",
		"litellm_api_key_max_budget_metric": "2", "litellm_remaining_api_key_budget_metric": "1.5",
		"litellm_api_key_budget_remaining_hours_metric": "5", "litellm_api_key_rate_limit_allowed_metric": "10",
		"litellm_api_key_rate_limit_used_metric": "3", "litellm_remaining_api_key_requests_for_model": "7",
		"litellm_remaining_api_key_tokens_for_model": "", "litellm_in_flight_requests": "0",
	} {
		if got := sample(text, name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := sample(text, "litellm_remaining_api_key_requests_for_model", `model="fb"`); got != "" {
		t.Errorf("a model that the key may not ask for: %q", got)
	}
}

func TestNumbersThatUpstreamsMakeUpDoNoHarm(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	q := good()
	q.Tokens = record.Tokens{Known: true, Input: -5, Output: -1, Cached: -9}
	q.Cost, q.Upstream, q.Duration = -3, -time.Second, -time.Second
	q.Provider = "a\"b\\c\nd"
	r.Count(q)
	text := write(t, r, metric.Snapshot{Keys: []metric.Key{{Alias: "q\"\\\n", Token: "t", Limits: clientkey.Limits{MaxBudget: lo.ToPtr(1.0)}}}})
	if strings.Contains(text, " -") {
		t.Error("a negative number")
	}
	if !strings.Contains(text, `api_key_alias="q\"\\\n"} 1`) {
		t.Error("a label is not escaped")
	}
}

func TestCountingAndWritingAtOnce(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 500 {
				r.Begin()
				r.Count(good())
				r.CountCooldown("id-m", 429)
				r.End()
			}
		})
		all.Go(func() { _ = r.Write(io.Discard, metric.Snapshot{}) })
	}
	all.Wait()
	if got := sample(write(t, r, metric.Snapshot{}), "litellm_proxy_total_requests_metric_total"); got != "4000" {
		t.Errorf("%q", got)
	}
	var none *metric.Registry
	none.Begin()
	none.Count(good())
	none.End()
}

func BenchmarkCount(b *testing.B) {
	r := newRegistry()
	q := good()
	for b.Loop() {
		r.Count(q)
	}
}

func BenchmarkWrite500Keys(b *testing.B) {
	r := newRegistry()
	for i := range 500 {
		q := good()
		q.Client = fmt.Sprint("client-", i)
		r.Count(q)
	}
	for b.Loop() {
		_ = r.Write(io.Discard, metric.Snapshot{})
	}
}
