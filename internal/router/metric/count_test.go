package metric_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/clientkey"
	"github.com/flowgate-go/flowgate/internal/router/metric"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/usage/quota"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// checkSamples compares the series of each name that have the parts.
func checkSamples(t *testing.T, text string, want map[string]string, parts ...string) {
	t.Helper()
	for name, value := range want {
		if got := sample(text, name, parts...); got != value {
			t.Errorf("%s %v: %q, want %q", name, parts, got, value)
		}
	}
}

func TestWhatHasNoPriceSpendsNothingAndIsCounted(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	q := good()
	q.CostKnown = false
	r.Count(q)
	checkSamples(t, write(t, r, metric.Snapshot{}), map[string]string{"litellm_spend_metric_total": "",
		"litellm_zero_cost_requests_total": "1"})
	r = newRegistry()
	q.Tokens.Known = false // a reply without usage has no cost that could be missing
	r.Count(q)
	checkSamples(t, write(t, r, metric.Snapshot{}), map[string]string{"litellm_zero_cost_requests_total": ""})
}

func TestNegativeTokensOfAnUpstreamCountNothing(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	r.Count(good())
	before := sample(write(t, r, metric.Snapshot{}), "litellm_input_tokens_metric_total")
	broken := good()
	broken.Tokens.Input = -7
	r.Count(broken)
	if after := sample(write(t, r, metric.Snapshot{}), "litellm_input_tokens_metric_total"); after != before || before == "" {
		t.Errorf("%q became %q", before, after)
	}
}

func TestOnlyLatenciesThatAreKnownAreObserved(t *testing.T) {
	t.Parallel()
	whole := good()
	whole.Streamed = false
	retried := good()
	retried.Attempts, retried.Failed = 2, []record.Attempt{{Deployment: "id-m", Group: "m", Status: 500, Class: "X"}}
	refused := good()
	refused.Attempts, refused.Deployment = 0, ""
	silent := good()
	silent.Tokens.Output = 0
	for what, c := range map[string]struct {
		q    *record.Request
		want map[string]string
	}{
		"no stream": {whole, map[string]string{"litellm_llm_api_time_to_first_token_metric_count": "",
			"litellm_request_queue_time_seconds_count": "1"}},
		"two attempts": {retried, map[string]string{"litellm_request_queue_time_seconds_count": "",
			"litellm_overhead_latency_metric_count": "", "litellm_llm_api_latency_metric_count": "1"}},
		"no attempt": {refused, map[string]string{"litellm_llm_api_latency_metric_count": "",
			"litellm_request_total_latency_metric_count": "1"}},
		"no token": {silent, map[string]string{"litellm_deployment_latency_per_output_token_count": ""}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			r := newRegistry()
			r.Count(c.q)
			checkSamples(t, write(t, r, metric.Snapshot{}), c.want)
		})
	}
}

func TestALatencyOnTheBoundOfABucketIsInIt(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	q := good()
	q.Duration = 500 * time.Millisecond
	r.Count(q)
	checkSamples(t, write(t, r, metric.Snapshot{}), map[string]string{"litellm_request_total_latency_metric_bucket": "1"}, `le="0.5"`)
}

func TestAClientThatWentAwaySaysNothingOfTheDeployment(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	q := good()
	q.Class, q.Status = record.ClassClientGone, 499
	r.Count(q)
	checkSamples(t, write(t, r, metric.Snapshot{}), map[string]string{"litellm_deployment_success_responses_total": "",
		"litellm_deployment_failure_responses_total": "", "litellm_proxy_failed_requests_metric_total": "1"})
}

func TestAGroupThatIsAskedTwiceIsOneFallback(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	q := good()
	q.Status, q.Class, q.Attempts = 503, "ServiceUnavailableError", 3
	q.Failed = []record.Attempt{{Deployment: "id-m", Group: "m", Status: 500, Class: "X"},
		{Deployment: "id-fb", Group: "fb", Status: 500, Class: "X"}, {Deployment: "id-fb", Group: "fb", Status: 503, Class: "X"}}
	r.Count(q)
	checkSamples(t, write(t, r, metric.Snapshot{}), map[string]string{"litellm_deployment_failed_fallbacks_total": "1"},
		`fallback_model="fb"`)
}

func TestTheFirstGroupIsNoFallbackOfItself(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	q := good()
	q.Status, q.Class, q.Attempts, q.Fallback = 503, "ServiceUnavailableError", 3, "fb"
	failed := func(group string) record.Attempt {
		return record.Attempt{Deployment: "id-" + group, Group: group, Status: 500, Class: "X"}
	}
	q.Failed = []record.Attempt{failed("m"), failed("fb"), failed("m")}
	r.Count(q)
	text := write(t, r, metric.Snapshot{})
	checkSamples(t, text, map[string]string{"litellm_deployment_failed_fallbacks_total": "",
		"litellm_deployment_successful_fallbacks_total": ""}, `fallback_model="m"`)
	checkSamples(t, text, map[string]string{"litellm_deployment_failed_fallbacks_total": "1", // it gave no reply in the end
		"litellm_deployment_successful_fallbacks_total": ""}, `fallback_model="fb"`)
}

func TestADeploymentIsHealthyAgainAfterAGoodReply(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	state := func(want string, s metric.Snapshot) {
		t.Helper()
		checkSamples(t, write(t, r, s), map[string]string{"litellm_deployment_state": want}, `model_id="id-m"`)
	}
	state("0", metric.Snapshot{})
	bad := good()
	bad.Status, bad.Class, bad.Failed = 503, "X", []record.Attempt{{Deployment: "id-m", Group: "m", Status: 500, Class: "X"}}
	r.Count(bad)
	state("1", metric.Snapshot{})
	state("2", metric.Snapshot{Cooling: map[string]bool{"id-m": true}})
	r.Count(good())
	state("0", metric.Snapshot{})
}

func TestTheNumberOfSeriesOfEventsIsBounded(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	r.CountCooldown("unknown", 500)
	for i := range 5000 {
		q := good()
		q.Client, q.Status, q.Class, q.Attempts = fmt.Sprint("client-", i), 503, "X", 2 // failures have no latencies to write
		q.Failed = []record.Attempt{{Deployment: "id-m", Group: "m", Status: 500, Class: strings.Repeat("x", 41)},
			{Deployment: "id-fb", Group: "fb", Status: 503, Class: "X"}}
		q.Quota = []quota.Window{{Name: "requests", Remaining: lo.ToPtr(int64(i))}}
		r.Count(q)
	}
	told := good() // of a client that is known: what remains is what was said last
	told.Client, told.Quota = "client-0", []quota.Window{{Name: "requests", Remaining: lo.ToPtr[int64](9999)}}
	r.Count(told)
	text := write(t, r, metric.Snapshot{})
	for _, name := range []string{"litellm_deployment_total_requests_total", "litellm_deployment_failed_fallbacks_total",
		"litellm_remaining_requests_metric"} {
		if n := strings.Count(text, "\n"+name+"{"); n < 1000 || n > 4100 {
			t.Errorf("%d series of %s", n, name)
		}
	}
	if strings.Contains(text, "litellm_deployment_cooled_down_total{") || strings.Contains(text, "xxxx") {
		t.Error("a deployment that is not known, or the long class of an upstream, has a series")
	}
	checkSamples(t, text, map[string]string{"litellm_remaining_requests_metric": "9999"}, `api_key_alias="client-0"`)
}

func TestRequestsInFlightAreThoseThatBeganAndDidNotEnd(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	r.Begin()
	r.Begin()
	r.End()
	checkSamples(t, write(t, r, metric.Snapshot{}), map[string]string{"litellm_in_flight_requests": "1"})
}

func TestLabelsAreOfTheConfiguration(t *testing.T) {
	t.Parallel()
	r := metric.New(&settings.Settings{Groups: []string{"m"}, Aliases: []settings.Alias{{Name: "short", Target: "m", Hidden: true}},
		Deployments: []*settings.Deployment{{ID: "id-m", Group: "m", Model: "openai/up", Upstream: "up", Provider: "openai",
			MaxTPM: lo.ToPtr(9.0), Base: &url.URL{Scheme: "https", Host: "up.example", Path: "/canary-path"}}}})
	q := good()
	q.Client, q.Requested = record.Gateway, "short"
	r.Count(q)
	text := write(t, r, metric.Snapshot{})
	if strings.Contains(text, "canary") {
		t.Error("the path of an upstream is in the metrics")
	}
	checkSamples(t, text, map[string]string{"litellm_deployment_tpm_limit": "9"}, `api_base="https://up.example"`)
	checkSamples(t, text, map[string]string{"litellm_proxy_total_requests_metric_total": "1"}, `requested_model="short"`,
		`hashed_api_key="litellm_proxy_master_key"`)
}

func TestALimitThatIsExceededHasNothingLeft(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	text := write(t, r, metric.Snapshot{Keys: []metric.Key{{Alias: "a", Token: "t", Requests: 3, Tokens: 12,
		Limits: clientkey.Limits{Models: []string{"m"}, RPM: lo.ToPtr[int64](2), TPM: lo.ToPtr[int64](10), MaxBudget: lo.ToPtr(1.0)},
		Spend:  clientkey.Spend{Spend: 1.5}}}})
	checkSamples(t, text, map[string]string{"litellm_remaining_api_key_budget_metric": "0",
		"litellm_remaining_api_key_requests_for_model": "0", "litellm_remaining_api_key_tokens_for_model": "0",
		"litellm_api_key_budget_remaining_hours_metric": ""})
	checkSamples(t, text, map[string]string{"litellm_api_key_rate_limit_used_metric": "12"}, `rate_limit_type="tokens"`)
}
