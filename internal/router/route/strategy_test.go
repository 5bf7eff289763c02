package route_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
)

// models returns a model_list of the group m with a deployment for each of hosts, which
// is its id too. more is added to the litellm_params of the host that it begins with.
func models(strategy string, hosts string, more ...string) string {
	var b strings.Builder
	b.WriteString("model_list:\n")
	for _, host := range strings.Fields(hosts) {
		params := ""
		for _, m := range more {
			if name, rest, _ := strings.Cut(m, " "); name == host {
				params += ", " + rest
			}
		}
		fmt.Fprintf(&b, "  - {model_name: m, litellm_params: {model: openai/up, api_base: \"http://%s/v1\", api_key: k%s}, "+
			"model_info: {id: %s}}\n", host, params, host)
	}
	fmt.Fprintf(&b, "router_settings: {num_retries: 0, routing_strategy: %s}\n", strategy)
	return b.String()
}

// answerAfter returns a chat upstream that takes a time for an answer.
func answerAfter(d time.Duration, prompt, completion string) upstreamDouble {
	return func(string) doubleReply {
		time.Sleep(d)
		return chatReply(prompt, completion)
	}
}

func TestLeastBusyAsksTheDeploymentWithTheFewestRequestsInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, models("least-busy", "a b c"), 1)
		for host, seconds := range map[string]time.Duration{"a": 10, "b": 20, "c": 30} {
			n.answer(host, answerAfter(seconds*time.Second, "1", "1"))
		}
		for range 3 {
			go n.chat()
			time.Sleep(time.Millisecond)
		}
		if got := n.takeCalls(); got["a"] != 1 || got["b"] != 1 || got["c"] != 1 {
			t.Errorf("three requests at once went to %v", got)
		}
		time.Sleep(15 * time.Second) // a has answered
		if got := n.chat(); got.deployment != "a" {
			t.Errorf("%s was asked while only a was idle", got.deployment)
		}
		time.Sleep(time.Minute)
		for _, d := range n.deployments {
			if d.Usage.InFlight() != 0 {
				t.Errorf("%s has %d requests in flight at the end", d.ID, d.Usage.InFlight())
			}
		}
	})
}

func TestStreamsAreInFlightUntilTheirEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, models("least-busy", "a"), 1)
		n.answer("a", func(string) doubleReply {
			return doubleReply{pause: time.Second, events: []string{
				`data: {"choices":[{"index":0,"delta":{"content":"x"}}]}`,
				`data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`, "data: [DONE]"}}
		})
		done := make(chan struct{})
		go func() { defer close(done); n.chat(`,"stream":true`) }()
		time.Sleep(1500 * time.Millisecond)
		if got := n.find("a").Usage.InFlight(); got != 1 {
			t.Errorf("%d requests in flight in the middle of a stream", got)
		}
		<-done
		if got := n.find("a").Usage.InFlight(); got != 0 {
			t.Errorf("%d requests in flight after a stream", got)
		}
		n.answer("a", func(string) doubleReply { return doubleReply{status: 500, body: "{}"} })
		n.chat()
		if got := n.find("a").Usage.InFlight(); got != 0 {
			t.Errorf("%d requests in flight after a failure", got)
		}
	})
}

func TestLatencyBasedRoutingComparesSecondsForEachToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, models("latency-based-routing", "a b"), 1)
		n.answer("a", answerAfter(2*time.Second, "1", "100")) // 0.02 s for a token
		n.answer("b", answerAfter(time.Second, "1", "10"))    // 0.1 s
		n.chat()
		n.chat()
		if got := n.takeCalls(); got["a"] != 1 || got["b"] != 1 {
			t.Fatalf("deployments that were not measured are tried first: %v", got)
		}
		for range 5 {
			n.chat()
		}
		if got := n.takeCalls(); got["a"] != 5 {
			t.Errorf("the slower deployment was asked: %v", got)
		}
		time.Sleep(time.Hour + time.Minute)
		n.chat()
		n.chat()
		if got := n.takeCalls(); got["a"] != 1 || got["b"] != 1 {
			t.Errorf("latencies of an hour ago still count: %v", got)
		}
	})
}

func TestLatencyBasedRoutingComparesStreamsByTheirFirstToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, models("latency-based-routing", "a b"), 1)
		stream := func(first time.Duration, count int) upstreamDouble {
			return func(string) doubleReply {
				time.Sleep(first)
				events := []string{`data: {"choices":[{"index":0,"delta":{"content":"x"}}]}`}
				for range count {
					events = append(events, `data: {"choices":[{"index":0,"delta":{"content":"y"}}]}`)
				}
				return doubleReply{pause: 10 * time.Millisecond, events: append(events,
					`data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`, "data: [DONE]")}
			}
		}
		n.answer("a", stream(3*time.Second, 1000)) // slow to begin, fast for each token
		n.answer("b", stream(time.Second, 2))
		for range 2 {
			n.chat(`,"stream":true`)
		}
		n.takeCalls()
		for range 4 {
			n.chat(`,"stream":true`)
		}
		if got := n.takeCalls(); got["b"] != 4 {
			t.Errorf("streams went to %v, want those with the first token after a second", got)
		}
		n.answer("a", answerAfter(time.Second, "1", "100"))
		n.answer("b", answerAfter(time.Second, "1", "100"))
		if got := n.chat(); got.deployment != "a" {
			t.Errorf("a request without a stream went to %s, want the one with the fewest seconds for each token",
				got.deployment)
		}
	})
}

func TestLatencyArgumentsAreHonoured(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, models("latency-based-routing, routing_strategy_args: {lowest_latency_buffer: 0.5, ttl: 60, "+
			"max_latency_list_size: 1}", "a b c"), 1)
		n.answer("a", answerAfter(10*time.Second, "1", "1"))
		n.answer("b", answerAfter(14*time.Second, "1", "1"))
		n.answer("c", answerAfter(16*time.Second, "1", "1"))
		for range 3 {
			n.chat()
		}
		n.takeCalls()
		n.chat()
		n.chat()
		n.chat()
		if got := n.takeCalls(); got["a"] == 0 || got["b"] == 0 || got["c"] > 0 {
			t.Errorf("a and b are as good as each other, c is slower by more than half: %v", got)
		}
		n.answer("a", answerAfter(time.Second, "1", "1"))
		for n.takeCalls()["a"] == 0 {
			n.chat()
		}
		if got, _ := n.find("a").Usage.MeanLatency(time.Now(), time.Hour); got != 1 {
			t.Errorf("with max_latency_list_size: 1 the mean of a is %v s, want that of its last reply", got)
		}
		time.Sleep(61 * time.Second)
		n.chat()
		n.chat()
		n.chat()
		if got := n.takeCalls(); got["c"] != 1 {
			t.Errorf("with ttl: 60 a latency of a minute ago still counts: %v", got)
		}
	})
}

func TestATimeoutCountsAsAThousandSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, models("latency-based-routing, disable_cooldowns: true", "a b"), 1)
		n.answer("a", func(string) doubleReply { return doubleReply{status: 408, body: `{"error":{"message":"late"}}`} })
		n.answer("b", answerAfter(time.Minute, "1", "1"))
		n.chat()
		n.chat()
		n.takeCalls()
		for range 3 {
			n.chat()
		}
		if got := n.takeCalls(); got["b"] != 3 {
			t.Errorf("after a timeout of a, requests went to %v", got)
		}
	})
}

func TestUsageBasedRoutingAsksTheDeploymentWithTheFewestTokensOfTheMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, models("usage-based-routing-v2", "a b"), 1)
		n.answer("a", answerAfter(0, "900", "100"))
		n.answer("b", answerAfter(0, "90", "10"))
		n.chat()
		n.chat()
		n.takeCalls()
		for range 8 {
			n.chat()
		}
		if got := n.takeCalls(); got["b"] != 8 {
			t.Errorf("requests went to %v, want b until it has used 1000 tokens too", got)
		}
		time.Sleep(time.Minute)
		n.chat()
		n.chat()
		if got := n.takeCalls(); got["a"] != 1 || got["b"] != 1 {
			t.Errorf("the tokens of the last minute still count: %v", got)
		}
	})
}

func TestUsageLimitsHoldForAMinute(t *testing.T) {
	t.Parallel()
	for _, strategy := range []string{"usage-based-routing-v2", "latency-based-routing", "cost-based-routing",
		"simple-shuffle, optional_pre_call_checks: [enforce_model_rate_limits]",
		"least-busy, optional_pre_call_checks: [enforce_model_rate_limits]"} {
		t.Run(strategy, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork(t, models(strategy, "a b", "a rpm: 2", "b tpm: 50"), 1)
				n.answer("a", answerAfter(0, "10", "10"))
				n.answer("b", answerAfter(0, "20", "20"))
				time.Sleep(10 * time.Second)
				for range 4 { // two for a, two for b: the second one exceeds its tokens
					if got := n.chat(); got.status != http.StatusOK {
						t.Fatalf("%d %s", got.status, got.body)
					}
				}
				if got := n.takeCalls(); got["a"] != 2 || got["b"] != 2 {
					t.Errorf("requests went to %v", got)
				}
				got := n.chat()
				if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") != "50" ||
					!strings.Contains(got.body, "rpm or tpm") || len(n.takeCalls()) > 0 {
					t.Errorf("over the limits: %d, retry-after %s, %s", got.status, got.header.Get("Retry-After"), got.body)
				}
				time.Sleep(50 * time.Second)
				if got := n.chat(); got.status != http.StatusOK {
					t.Errorf("in the next minute: %d %s", got.status, got.body)
				}
			})
		})
	}
}

func TestTokensOfStreamsAreCounted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in     dialect.Dialect
		body   string
		events []string
		want   int
	}{
		"chat, told": {dialect.Chat, `{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true}`, []string{
			`data: {"choices":[{"index":0,"delta":{"content":"x"}}]}`,
			`data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`,
			`data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":5,"total_tokens":12}}`, "data: [DONE]"}, 12},
		"chat, not told": {dialect.Chat, `{"model":"m","messages":[{"role":"user","content":"` + strings.Repeat("word ", 80) +
			`"}],"stream":true}`, []string{
			`data: {"choices":[{"index":0,"delta":{"content":"x"}}]}`, `data: {"choices":[{"index":0,"delta":{"content":"y"}}]}`,
			`data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`, "data: [DONE]"}, 79},
		"messages": {dialect.Messages, `{"model":"m","max_tokens":9,"messages":[],"stream":true}`,
			[]string{
				`data: {"type":"message_start","message":{"model":"up","usage":{"input_tokens":10,"cache_read_input_tokens":100,` +
					`"cache_creation_input_tokens":1000,"output_tokens":1}}}`,
				`data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta",` +
					`"text":"\"usage\":{\"output_tokens\":9}"}}`,
				`data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":7}}`,
				`data: {"type":"message_stop"}`}, 1117},
		"responses": {dialect.Responses, `{"model":"m","input":"hi","stream":true}`, []string{
			`data: {"type":"response.created","response":{"id":"resp_1","model":"up","usage":null}}`,
			`data: {"type":"response.output_text.delta","delta":"x"}`,
			`data: {"type":"response.completed","response":{"model":"up","usage":{"input_tokens":3,"output_tokens":4,` +
				`"total_tokens":7}}}`}, 7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork(t, models("usage-based-routing-v2", "a"), 1)
				n.answer("a", func(string) doubleReply { return doubleReply{events: c.events} })
				if got := n.ask(c.in, c.body, nil); got.status != http.StatusOK {
					t.Fatalf("%d %s", got.status, got.body)
				}
				if _, tokens := n.find("a").Usage.Minute(time.Now()); tokens != c.want {
					t.Errorf("%d tokens are counted, want %d", tokens, c.want)
				}
			})
		})
	}
}

func TestCostBasedRoutingAsksTheCheapestDeployment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const price = "input_cost_per_token: %s, output_cost_per_token: %s"
		n := newNetwork(t, models("cost-based-routing", "unknown dear cheap free", "dear "+fmt.Sprintf(price, "1e-5", "2e-5"),
			"cheap "+fmt.Sprintf(price, "2e-5", "5e-6"), "free "+fmt.Sprintf(price, "0", "0")), 1)
		for _, d := range n.deployments {
			n.answer(d.ID, func(string) doubleReply { return doubleReply{status: http.StatusUnauthorized, body: "{}"} })
		}
		var order []string
		for range 4 {
			n.chat()
			for host := range n.takeCalls() {
				order = append(order, host)
			}
		}
		if got := strings.Join(order, " "); got != "free cheap dear unknown" {
			t.Errorf("as one after the other cools down, %s are asked", got)
		}
	})
}

func TestEquallyGoodDeploymentsAreAskedByTheirWeights(t *testing.T) {
	t.Parallel()
	for _, strategy := range []string{"least-busy", "cost-based-routing", "simple-shuffle"} {
		n := newNetwork(t, models(strategy, "a b", "a weight: 1", "b weight: 3"), 6)
		n.answer("a", answerAfter(0, "1", "1"))
		n.answer("b", answerAfter(0, "1", "1"))
		for range 400 {
			n.chat()
		}
		if got := n.takeCalls(); got["a"] < 70 || got["a"] > 130 {
			t.Errorf("%s: of 400 requests to deployments with the weights 1 and 3 went %v", strategy, got)
		}
	}
}

func TestIDsForLiteLLMAreNotSentToUpstreams(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, sticky("session_affinity", "a b"), 6)
	var sent string
	for _, host := range []string{"a", "b"} {
		n.answer(host, func(body string) doubleReply {
			sent = body
			return chatReply("1", "1")
		})
	}
	n.chat(`,"litellm_session_id":"0193-session","litellm_trace_id":"0193-trace","prompt_cache_key":"0193-cache"`)
	if strings.Contains(sent, "litellm_") || !strings.Contains(sent, `"prompt_cache_key":"0193-cache"`) {
		t.Errorf("the upstream got %s", sent)
	}
}
