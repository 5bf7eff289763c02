package route_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
)

// groupsOf returns a model_list with a group for each of hosts, whose only deployment it is,
// and router_settings.
func groupsOf(hosts, router string) string {
	var b strings.Builder
	b.WriteString("model_list:\n")
	for host := range strings.FieldsSeq(hosts) {
		b.WriteString("  - {model_name: " + host + ", litellm_params: {model: openai/up, api_base: \"http://" + host +
			"/v1\", api_key: k}, model_info: {id: " + host + "}}\n")
	}
	return b.String() + "router_settings: {num_retries: 0, " + router + "}\n"
}

// askFor sends a chat request for a model.
func (n *network) askFor(model string) answered {
	return n.ask(dialect.Chat, `{"model":"`+model+`","messages":[{"role":"user","content":"hi"}]}`, nil)
}

func TestARoutingGroupHasItsOwnStrategy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, groupsOf("a b c", "routing_strategy: least-busy, routing_groups: ["+
			"{group_name: used, models: [a, b], routing_strategy: usage-based-routing-v2}]"), 1)
		n.answer("a", answerAfter(time.Second, "900", "100"))
		n.answer("b", answerAfter(time.Second, "9", "1"))
		n.answer("c", answerAfter(time.Second, "9", "1"))
		n.askFor("a") // counts for its routing group, too
		n.takeCalls()
		for range 5 {
			n.askFor("used")
		}
		if got := n.takeCalls(); got["b"] != 5 {
			t.Errorf("requests went to %v, want b, which has used fewer tokens", got)
		}
		n.askFor("c")
		if n.find("c").Usage.InFlight() != 0 {
			t.Error("a request of the general strategy is still in flight")
		}
		if got := n.askFor("used"); got.header.Get("X-Litellm-Model-Group") != "used" {
			t.Errorf("the reply names the group %v", got.header)
		}
	})
}

func TestARoutingGroupWithPrioritiesAsksTheFirstGroupFirst(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, groupsOf("a b c", "model_group_alias: {best: ranked}, routing_groups: ["+
		"{group_name: ranked, models: [a, b, c], routing_strategy: priority, model_priorities: {a: 3, b: 1, c: 2}}]"), 1)
	for _, host := range []string{"a", "c"} {
		n.answer(host, answerAfter(0, "1", "1"))
	}
	n.answer("b", func(string) doubleReply { return doubleReply{status: 401, body: "{}"} })
	if got := n.askFor("best"); got.deployment != "c" {
		t.Errorf("%s answered %d %s, want the second one, since the first fails", got.deployment, got.status, got.body)
	}
	if got := n.takeCalls(); got["b"] != 1 || got["c"] != 1 || got["a"] != 0 {
		t.Errorf("requests went to %v", got)
	}
	n.askFor("ranked")
	n.askFor("b")
	if got := n.takeCalls(); got["b"] != 0 || got["c"] != 1 {
		t.Errorf("a deployment that cools down in one of its groups was asked in another: %v", got)
	}
}
