package settings_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/settings"
)

// withRouter returns the settings of a file with two deployments of a group and
// router_settings.
func withRouter(t *testing.T, router string) (*settings.Settings, string) {
	t.Helper()
	s, err := load(t, `model_list:
  - {model_name: m, litellm_params: {model: openai/a, api_base: http://UP/v1, api_key: k}}
  - {model_name: m, litellm_params: {model: openai/b, api_base: http://UP/v1, api_key: k, input_cost_per_token: 1e-6},
     model_info: {output_cost_per_token: 2.0e-06, rpm: 5}}
general_settings: {master_key: sk-test}
router_settings: {`+router+`}
`, "127.0.0.1:1", "", nil)
	if err != nil {
		return nil, err.Error()
	}
	var all []string
	for _, w := range s.Warnings {
		all = append(all, fmt.Sprintf("%s %s:%d %s", w.Code, w.Path, w.Line, w.Message))
	}
	return s, strings.Join(all, "\n")
}

func TestRoutingSettingsThatHaveNoEffectAreNamed(t *testing.T) {
	t.Parallel()
	for router, want := range map[string]string{
		"":                                 "",
		"routing_strategy: simple-shuffle": "",
		"routing_strategy: least-busy":     "",
		"routing_strategy: usage-based-routing-v2, routing_strategy_args: {ttl: 60}": "",
		"routing_strategy: latency-based-routing, routing_strategy_args: {ttl: 60, lowest_latency_buffer: 0.5, " +
			"rolling_window_size: 5, ttft_percentile: 0.9}": "",
		"routing_strategy: latency-based": "routing-strategy-unknown router_settings.routing_strategy:6 " +
			`routing strategy "latency-based" is not available, and simple-shuffle is used ` +
			`(did you mean "latency-based-routing"?)`,
		"routing_strategy: provider-budget-routing": "routing-strategy-replaced router_settings.routing_strategy:6 " +
			"the embedded router has no budgets; simple-shuffle is used",
		"routing_strategy: usage-based-routing": "routing-strategy-replaced router_settings.routing_strategy:6",
		"routing_strategy: least-busy, routing_strategy_args: {ttl: 60}": "routing-argument-ignored " +
			"router_settings.routing_strategy_args.ttl:6 ttl has no effect with the strategy least-busy",
		"routing_strategy: latency-based-routing, routing_strategy_args: {buffer: 1}": "routing-argument-ignored",
		"routing_strategy: cost-based-routing": "price-unknown " +
			"model_list[0].litellm_params:2",
		"optional_pre_call_checks: [session_affinity, prompt_caching, encrypted_content_affinity]": "",
		"optional_pre_call_checks: [sesion_affinity]": "pre-call-check-unknown router_settings.optional_pre_call_checks:6 " +
			`the embedded router does not have the check "sesion_affinity" (did you mean "session_affinity"?)`,
		"model_group_affinity_config: {m: [router_budget_limiting]}": "pre-call-check-unknown " +
			"router_settings.model_group_affinity_config.m:6",
		"optional_pre_call_checks: [deployment_affinity]":                                            "affinity-of-one-key",
		"routing_strategy: latency-based-routing, routing_strategy_args: {ttft_percentile: 2}":       "settings-invalid",
		"routing_strategy: latency-based-routing, routing_strategy_args: {max_latency_list_size: 0}": "settings-invalid",
	} {
		_, got := withRouter(t, router)
		if want == "settings-invalid" {
			want = "expected a"
		}
		if !strings.Contains(got, want) || want == "" && got != "" || strings.Contains(got, "\n") {
			t.Errorf("%s\n  gives %s\n  want  %s", router, got, want)
		}
	}
}

func TestRoutingSettingsAreRead(t *testing.T) {
	t.Parallel()
	s, _ := withRouter(t, "routing_strategy: latency-based-routing, routing_strategy_args: {ttl: 60, "+
		"lowest_latency_buffer: 0.5, max_latency_list_size: 5, ttft_percentile: 0.9}")
	want := settings.Balancing{Strategy: settings.LatencyBased, SampleTTL: time.Minute, MaxSamples: 5, LatencyBuffer: 0.5,
		FirstTokenPercentile: 0.9}
	if s.Balancing != want {
		t.Errorf("%+v, want %+v", s.Balancing, want)
	}
	if a, b := s.Deployments[0], s.Deployments[1]; a.HasPrice() || !b.HasPrice() || *b.OutputCost != 2e-6 ||
		*b.MaxRPM != 5 || b.RPM != nil {
		t.Errorf("%+v\n%+v", a, b)
	}
	s, _ = withRouter(t, "optional_pre_call_checks: [session_affinity, enforce_model_rate_limits], "+
		"model_group_affinity_config: {m: [deployment_affinity]}, deployment_affinity_ttl_seconds: 60")
	if s.Affinity.TTL != time.Minute || s.Affinity.Of("x") != (settings.AffinityChecks{Session: true}) ||
		s.Affinity.Of("m") != (settings.AffinityChecks{Key: true}) || !s.Balancing.EnforcesLimits {
		t.Errorf("%+v", s.Affinity)
	}
}
