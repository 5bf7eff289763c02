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

// sticky returns models with the checks of optional_pre_call_checks.
func sticky(checks, hosts string, more ...string) string {
	return models("simple-shuffle, optional_pre_call_checks: ["+checks+"]", hosts, more...)
}

// asChat is a chat upstream that answers at once.
func asChat(string) doubleReply { return chatReply("1", "1") }

// deployments returns the deployments that answer so many requests, each of them once.
func deployments(n int, ask func() answered) string {
	var all []string
	for range n {
		if id := ask().deployment; !strings.Contains(strings.Join(all, " "), id) {
			all = append(all, id)
		}
	}
	return strings.Join(all, " ")
}

// sessions are the ways in which clients name a session: a header, or members of a body.
var sessions = map[string]struct{ header, member string }{
	"Claude Code":            {"X-Claude-Code-Session-Id: %s", ""},
	"Claude Code, metadata":  {"", `,"metadata":{"user_id":"user_ab_account__session_%s"}`},
	"Claude Code, as object": {"", `,"metadata":{"user_id":"{\"device_id\":\"d\",\"session_id\":\"%s\"}"}`},
	"Codex":                  {"Session_id: %s", ""},
	"Codex, newer":           {"Session-Id: %s", ""},
	"Codex, conversation":    {"Conversation_id: %s", ""},
	"Codex, thread":          {"Thread-Id: %s", ""},
	"OpenCode":               {"X-Session-Id: %s", ""},
	"OpenCode, affinity":     {"X-Session-Affinity: %s", ""},
	"LiteLLM":                {"X-Litellm-Session-Id: %s", ""},
	"LiteLLM, trace":         {"X-Litellm-Trace-Id: %s", ""},
	"LiteLLM, body":          {"", `,"litellm_session_id":"%s"`},
	"LiteLLM, metadata":      {"", `,"metadata":{"session_id":"%s"}`},
	"OpenAI, cache":          {"", `,"prompt_cache_key":"%s"`},
	"OpenAI, conversation":   {"", `,"conversation":{"id":"%s"}`},
	"a member":               {"", `,"session_id":"%s"`},
}

func TestRequestsOfASessionStayAtOneDeployment(t *testing.T) {
	t.Parallel()
	for name, c := range sessions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNetwork(t, sticky("session_affinity", "a b c"), 7)
			ask := func(id string) answered {
				header := map[string]string{}
				if key, value, ok := strings.Cut(c.header, ": "); ok {
					header[key] = fmt.Sprintf(value, id)
				}
				member := ""
				if c.member != "" {
					member = fmt.Sprintf(c.member, id)
				}
				return n.ask(dialect.Chat, `{"model":"m","messages":[]`+member+`}`, header)
			}
			for _, host := range []string{"a", "b", "c"} {
				n.answer(host, asChat)
			}
			used := map[string]bool{}
			for s := range 30 {
				id := fmt.Sprintf("0193-session-%d", s)
				all := deployments(5, func() answered { return ask(id) })
				if used[all] = true; len(all) != 1 {
					t.Errorf("session %s went to %s", id, all)
				}
			}
			if len(used) != 3 {
				t.Errorf("30 sessions went to %v", used)
			}
			if c.member == sessions["OpenAI, conversation"].member && c.member != "" {
				return // whatever its id, it is state that an upstream keeps
			}
			if all := deployments(30, func() answered { return ask("short") }); len(all) < 3 {
				t.Errorf("an id that is too short to be one keeps requests at %s", all)
			}
		})
	}
}

func TestSessionsAreSpreadUnlessTheSettingsSayOtherwise(t *testing.T) {
	t.Parallel()
	for config, want := range map[string]int{
		"":                               3,
		"responses_api_deployment_check": 3,
		"session_affinity":               1,
		"deployment_affinity":            1,
		"session_affinity], model_group_affinity_config: {m: [prompt_caching]}, x: [": 3,
		"], model_group_affinity_config: {m: [session_affinity]}, x: [":               1,
	} {
		n := newNetwork(t, sticky(config, "a b c"), 3)
		for _, host := range []string{"a", "b", "c"} {
			n.answer(host, asChat)
		}
		ask := func() answered {
			return n.ask(dialect.Chat, `{"model":"m","messages":[]}`, map[string]string{"Session-Id": "0193-session"})
		}
		if got := len(strings.Fields(deployments(60, ask))); got != want {
			t.Errorf("with [%s] a session goes to %d deployments, want %d", config, got, want)
		}
	}
}

func TestASessionMovesWhenItsDeploymentFailsAndStaysThere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, strings.Replace(sticky("session_affinity", "a b c"), "num_retries: 0", "num_retries: 2", 1), 5)
		for _, host := range []string{"a", "b", "c"} {
			n.answer(host, asChat)
		}
		ask := func() answered {
			return n.ask(dialect.Chat, `{"model":"m","messages":[]}`, map[string]string{"Session-Id": "0193-session"})
		}
		first := ask().deployment
		n.answer(first, func(string) doubleReply { return doubleReply{status: 429, body: "{}"} })
		second := ask().deployment
		if second == "" || second == first {
			t.Fatalf("%s failed, and %s answered", first, second)
		}
		n.answer(first, asChat)
		time.Sleep(time.Minute) // the cooldown is over
		if all := deployments(20, ask); all != second {
			t.Errorf("the session moved from %s to %s, and went to %s afterwards", first, second, all)
		}
	})
}

func TestASessionIsForgottenWhenItIsSilentForTheTTL(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, sticky("session_affinity], deployment_affinity_ttl_seconds: 60, x: [", "a b c d e f g h"), 5)
		for _, host := range strings.Fields("a b c d e f g h") {
			n.answer(host, asChat)
		}
		ask := func(pause time.Duration) func() answered {
			return func() answered {
				defer time.Sleep(pause)
				return n.ask(dialect.Chat, `{"model":"m","messages":[]}`, map[string]string{"Session-Id": "0193-session"})
			}
		}
		if all := deployments(20, ask(50*time.Second)); len(all) != 1 {
			t.Errorf("a session with a request every 50 seconds went to %s", all)
		}
		if all := deployments(20, ask(61*time.Second)); len(all) == 1 {
			t.Error("a session with a request every 61 seconds is still kept together")
		}
	})
}

func TestOrderCountsBeforeASessionsDeployment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, sticky("session_affinity", "a b", "b order: 2"), 5)
		n.answer("a", func(string) doubleReply { return doubleReply{status: 401, body: "{}"} })
		n.answer("b", asChat)
		ask := func() answered {
			return n.ask(dialect.Chat, `{"model":"m","messages":[]}`, map[string]string{"Session-Id": "0193-session"})
		}
		if got := ask(); got.deployment != "b" {
			t.Fatalf("%d from %s", got.status, got.deployment)
		}
		n.answer("a", asChat)
		time.Sleep(time.Minute)
		if got := ask(); got.deployment != "a" {
			t.Errorf("the session stays at %s although the first choice is back", got.deployment)
		}
	})
}

// stateful is an upstream that makes state and refuses that of another one, as OpenAI and
// Anthropic do.
func stateful(name string, stream bool) upstreamDouble {
	return func(body string) doubleReply {
		for _, other := range []string{"a", "b", "c"} {
			if other != name && strings.Contains(body, "state-of-"+other) {
				return doubleReply{status: 400, body: `{"error":{"message":"The encrypted content could not be verified.",` +
					`"code":"invalid_encrypted_content"}}`}
			}
			if other != name && strings.Contains(body, "resp_kept-by-"+other) {
				return doubleReply{status: 404, body: `{"error":{"message":"Previous response with id 'resp_kept' not found."}}`}
			}
		}
		item := fmt.Sprintf(`{"type":"reasoning","id":"rs_made-by-%[1]s","summary":[],`+
			`"encrypted_content":"gAAAA-state-of-%[1]s"}`, name)
		response := func(status string) string {
			return fmt.Sprintf(`{"id":"resp_kept-by-%s","object":"response","model":"up","status":%q,"output":[%s]}`,
				name, status, item)
		}
		switch {
		case strings.Contains(body, `"max_tokens"`) && stream:
			return doubleReply{events: []string{
				`data: {"type":"message_start","message":{"id":"msg_1","model":"up","content":[]}}`,
				`data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"sig-state-of-` +
					name + `"}}`, `data: {"type":"message_stop"}`}}
		case strings.Contains(body, `"max_tokens"`):
			return doubleReply{body: `{"id":"msg_1","type":"message","model":"up","content":[{"type":"thinking",` +
				`"thinking":"x","signature":"sig-state-of-` + name + `"}]}`}
		case stream:
			return doubleReply{events: []string{`data: {"type":"response.created","response":` + response("in_progress") + `}`,
				`data: {"type":"response.output_item.done","item":` + item + `}`,
				`data: {"type":"response.completed","response":` + response("completed") + `}`}}
		}
		return doubleReply{body: response("completed")}
	}
}

func TestWhatAnUpstreamKeepsCountsBeforeOtherState(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, models("simple-shuffle", "a b c"), 2)
	for _, host := range []string{"a", "b", "c"} {
		n.answer(host, stateful(host, false))
	}
	deployments(40, func() answered { return n.ask(dialect.Responses, `{"model":"m","input":"hi"}`, nil) })
	n.takeCalls()
	body := strings.Replace(continueBody(dialect.Responses, "encrypted", "b", false), `"input"`,
		`"previous_response_id":"resp_kept-by-a","input"`, 1)
	if got := n.ask(dialect.Responses, body, nil); got.deployment != "a" || n.takeCalls()["a"] != 1 {
		t.Errorf("%d from %s: %s", got.status, got.deployment, got.body)
	}
}

func TestAContainerStaysWhereItIs(t *testing.T) {
	t.Parallel()
	for _, stream := range []bool{false, true} {
		n := newNetwork(t, models("simple-shuffle", "a b c"), 2)
		for _, host := range []string{"a", "b", "c"} {
			container := `"container":{"id":"container_made-by-` + host + `","expires_at":"2026-01-01T00:00:00Z"}`
			n.answer(host, func(string) doubleReply {
				if stream {
					return doubleReply{events: []string{`data: {"type":"message_start","message":{"model":"up","content":[]}}`,
						`data: {"type":"message_delta","delta":{"stop_reason":"end_turn",` + container + `}}`,
						`data: {"type":"message_stop"}`}}
				}
				return doubleReply{body: `{"id":"msg_1","type":"message","model":"up","content":[],` + container + `}`}
			})
		}
		ask := func(member string) func() answered {
			return func() answered {
				body := fmt.Sprintf(`{"model":"m","max_tokens":9,"messages":[],"stream":%v%s}`, stream, member)
				return n.ask(dialect.Messages, body, nil)
			}
		}
		deployments(40, ask(""))
		for _, host := range []string{"a", "b", "c"} {
			id := `"container_made-by-` + host + `"`
			for _, member := range []string{id, `{"id":` + id + `,"skills":[]}`} {
				if all := deployments(20, ask(`,"container":`+member)); all != host {
					t.Errorf("stream %v: the container of %s went to %s", stream, host, all)
				}
			}
		}
	}
}

func TestThoughtSignaturesOfChatGoBackToTheirDeployment(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, models("simple-shuffle", "a b c"), 2)
	signature := func(host string) string {
		return `"extra_content":{"google":{"thought_signature":"a-long-signature-of-` + host + `"}}`
	}
	for _, host := range []string{"a", "b", "c"} {
		n.answer(host, func(string) doubleReply {
			reply := chatReply("1", "1")
			reply.body = strings.Replace(reply.body, `"content":"hello"`, `"content":"hello",`+signature(host), 1)
			return reply
		})
	}
	deployments(40, func() answered { return n.chat() })
	for _, host := range []string{"a", "b", "c"} {
		ask := func() answered {
			return n.ask(dialect.Chat, `{"model":"m","messages":[{"role":"assistant",`+signature(host)+`}]}`, nil)
		}
		if all := deployments(20, ask); all != host {
			t.Errorf("a signature of %s went to %s", host, all)
		}
	}
}

// continueBody returns the body of a request that goes on with what name has made.
func continueBody(in dialect.Dialect, kind, name string, stream bool) string {
	tail := fmt.Sprintf(`,"stream":%v}`, stream)
	switch {
	case in == dialect.Messages:
		return `{"model":"m","max_tokens":9,"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"x",` +
			`"signature":"sig-state-of-` + name + `"}]}]` + tail
	case kind == "kept":
		return `{"model":"m","input":"go on","previous_response_id":"resp_kept-by-` + name + `"` + tail
	case kind == "id":
		return `{"model":"m","input":[{"type":"item_reference","id":"rs_made-by-` + name + `"}]` + tail
	}
	return `{"model":"m","input":[{"type":"reasoning","summary":[],"encrypted_content":"gAAAA-state-of-` + name +
		`"},{"role":"user","content":"go on"}]` + tail
}

func TestStateGoesBackToTheDeploymentThatMadeIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, kind, first string
		in                dialect.Dialect
	}{
		{"encrypted reasoning", "encrypted", `{"model":"m","input":"hi"`, dialect.Responses},
		{"a kept response", "kept", `{"model":"m","input":"hi"`, dialect.Responses},
		{"a kept item", "id", `{"model":"m","input":"hi"`, dialect.Responses},
		{"a signature", "", `{"model":"m","max_tokens":9,"messages":[]`, dialect.Messages},
	} {
		for _, stream := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, stream %v", c.name, stream), func(t *testing.T) {
				t.Parallel()
				n := newNetwork(t, models("simple-shuffle", "a b c"), 11)
				for _, host := range []string{"a", "b", "c"} {
					n.answer(host, stateful(host, stream))
				}
				made := deployments(40, func() answered {
					return n.ask(c.in, c.first+fmt.Sprintf(`,"stream":%v}`, stream), nil)
				})
				if len(strings.Fields(made)) != 3 {
					t.Fatalf("first requests went to %s", made)
				}
				n.takeCalls()
				for _, host := range []string{"a", "b", "c"} {
					body := continueBody(c.in, c.kind, host, stream)
					if all := deployments(10, func() answered { return n.ask(c.in, body, nil) }); all != host {
						t.Errorf("what %s made went to %s", host, all)
					}
					if got := n.takeCalls(); got[host] != 10 || len(got) != 1 {
						t.Errorf("what %s made was sent to %v", host, got)
					}
				}
			})
		}
	}
}

func TestStateOfWhichNothingIsKnownIsTriedAndLearned(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"encrypted", "kept"} {
		for _, host := range []string{"a", "b", "c"} {
			n := newNetwork(t, models("simple-shuffle", "a b c"), 2)
			for _, host := range []string{"a", "b", "c"} {
				n.answer(host, func(body string) doubleReply {
					reply := stateful(host, false)(body)
					reply.body = strings.NewReplacer("state-of", "next-of", "kept-by", "next-by").Replace(reply.body)
					return reply
				})
			}
			body := continueBody(dialect.Responses, kind, host, false)
			if got := n.ask(dialect.Responses, body, nil); got.deployment != host {
				t.Errorf("%s of %s: %d from %s: %s", kind, host, got.status, got.deployment, got.body)
			}
			n.takeCalls()
			for range 10 {
				n.ask(dialect.Responses, body, nil)
			}
			if got := n.takeCalls(); got[host] != 10 || len(got) != 1 {
				t.Errorf("%s of %s is not learned: %v", kind, host, got)
			}
		}
	}
}

func TestReasoningThatAnotherUpstreamEncryptedIsLeftOut(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, models("simple-shuffle", "a b c"), 2)
	for _, host := range []string{"a", "b", "c"} {
		n.answer(host, stateful(host, false))
	}
	deployments(40, func() answered { return n.ask(dialect.Responses, `{"model":"m","input":"hi"}`, nil) })
	n.answer("a", func(string) doubleReply { return doubleReply{status: 401, body: "{}"} })
	n.ask(dialect.Responses, continueBody(dialect.Responses, "encrypted", "a", false), nil) // a cools down
	var sent string
	for _, host := range []string{"b", "c"} {
		n.answer(host, func(body string) doubleReply {
			sent = body
			return stateful(host, false)(body)
		})
	}
	got := n.ask(dialect.Responses, continueBody(dialect.Responses, "encrypted", "a", false), nil)
	if got.status != http.StatusOK || strings.Contains(sent, "state-of-a") || !strings.Contains(sent, "go on") {
		t.Errorf("%d from %s, which got %s", got.status, got.deployment, sent)
	}
	mixed := strings.Replace(continueBody(dialect.Responses, "encrypted", "a", false), `{"role"`,
		`{"type":"reasoning","summary":[],"encrypted_content":"gAAAA-state-of-c"},{"role"`, 1)
	got = n.ask(dialect.Responses, mixed, nil)
	if got.deployment != "c" || strings.Contains(sent, "state-of-a") || !strings.Contains(sent, "state-of-c") {
		t.Errorf("the newest reasoning is of c; %s answered, and got %s", got.deployment, sent)
	}
}

func TestADeploymentWithTheSameAccountCanReadState(t *testing.T) {
	t.Parallel()
	yaml := strings.Replace(models("simple-shuffle", "a b c"), "http://b/v1", "http://a/v1", 1)
	n := newNetwork(t, yaml, 4)
	n.answer("a", stateful("a", false))
	n.answer("c", stateful("c", false))
	deployments(40, func() answered { return n.ask(dialect.Responses, `{"model":"m","input":"hi"}`, nil) })
	for _, d := range n.deployments[:2] { // a and b have one account; one of them cools down
		d.Cooldown.Deployment.CooldownTime = time.Hour
	}
	owner := n.ask(dialect.Responses, continueBody(dialect.Responses, "encrypted", "a", false), nil).deployment
	other := map[string]string{"a": "b", "b": "a"}[owner]
	n.find(owner).Order = 2 // is not asked first any more
	var sent string
	n.answer("a", func(body string) doubleReply {
		sent = body
		return stateful("a", false)(strings.ReplaceAll(body, "state-of-c", ""))
	})
	body := strings.Replace(continueBody(dialect.Responses, "encrypted", "a", false), `"input":[`,
		`"input":[{"type":"reasoning","summary":[],"encrypted_content":"gAAAA-state-of-c"},`, 1)
	if got := n.ask(dialect.Responses, body, nil); other == "" || got.deployment != other ||
		!strings.Contains(sent, "state-of-a") || strings.Contains(sent, "state-of-c") {
		t.Errorf("%s made the state; then %s answered, want %s; it got %s", owner, got.deployment, other, sent)
	}
}

func TestWhatAnUpstreamKeepsCountsBeforeOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, models("simple-shuffle", "a b", "b order: 2"), 5)
		n.answer("a", func(string) doubleReply { return doubleReply{status: 401, body: "{}"} })
		n.answer("b", stateful("b", false))
		n.ask(dialect.Responses, `{"model":"m","input":"hi"}`, nil)
		n.answer("a", stateful("a", false))
		time.Sleep(time.Minute)
		if got := n.ask(dialect.Responses, `{"model":"m","input":"hi"}`, nil); got.deployment != "a" {
			t.Fatalf("%s answered a new conversation", got.deployment)
		}
		n.takeCalls()
		got := n.ask(dialect.Responses, continueBody(dialect.Responses, "kept", "b", false), nil)
		if calls := n.takeCalls(); got.status != http.StatusOK || got.deployment != "b" || calls["a"] > 0 {
			t.Errorf("%d from %s: what b keeps went to %v", got.status, got.deployment, calls)
		}
	})
}

// cachedPrompt returns a request with so many messages, the last of which has a mark.
func cachedPrompt(system string, messages int) string {
	var list []string
	for i := range messages {
		mark := ""
		if i == messages-1 {
			mark = `,"cache_control":{"type":"ephemeral"}`
		}
		list = append(list, fmt.Sprintf(`{"role":"user","content":[{"type":"text","text":"%d \"cache_control\""%s}]}`,
			i, mark))
	}
	return `{"model":"m","max_tokens":9,"system":"` + system + strings.Repeat("x", 4096) + `","messages":[` +
		strings.Join(list, ",") + `]}`
}

func TestPromptsStayWhereTheirBeginningIsCached(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t, sticky("prompt_caching", "a b c d e f"), 9)
		for _, host := range strings.Fields("a b c d e f") {
			n.answer(host, func(string) doubleReply { return doubleReply{body: `{"type":"message","model":"up","content":[]}`} })
		}
		for _, system := range []string{"one", "two", "three"} {
			turns := 0
			turn := func() answered {
				turns++
				return n.ask(dialect.Messages, cachedPrompt(system, turns), nil)
			}
			if all := deployments(25, turn); len(all) != 1 {
				t.Errorf("the turns of a conversation went to %s", all)
			}
		}
		short := func() answered {
			return n.ask(dialect.Messages, strings.Replace(cachedPrompt("", 1), strings.Repeat("x", 4096), "", 1), nil)
		}
		if all := deployments(40, short); len(all) == 1 {
			t.Error("a prompt that is too short for a cache is kept together")
		}
		late := func() answered {
			defer time.Sleep(6 * time.Minute)
			return n.ask(dialect.Messages, cachedPrompt("late", 1), nil)
		}
		if all := deployments(20, late); len(all) == 1 {
			t.Error("a prompt is kept together after it left the cache")
		}
	})
}
