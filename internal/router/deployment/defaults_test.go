package deployment_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

// params is an entry with parameters of many kinds. SPEAKS is what its upstream speaks.
const params = `general_settings: {master_key: sk-test}
litellm_settings: {num_retries: 0}
model_list:
  - model_name: m
    litellm_params:
      model: openai/ok
      api_base: http://127.0.0.1:9190/v1
      api_key: k-secret
      max_tokens: 4000
      temperature: 0.25
      stop: END
      reasoning_effort: high
      presence_penalty: -0.5
      seed: "7"
      thinking: {type: enabled, budget_tokens: 2048}
      logit_bias: {"50256": -100}
      extra_body: {provider: {order: [a, b]}, top_k: 40, stream: true, unset: os.environ/UNSET}
    model_info: {id: m-ok, speaks: [SPEAKS]}
`

// lastMembers returns the members that the upstream got.
func lastMembers(t *testing.T, s *routertest.Stack) map[string]string {
	t.Helper()
	calls := s.Upstream.Calls()
	if len(calls) == 0 {
		t.Fatal("the upstream was not asked")
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(calls[len(calls)-1].Body, &members); err != nil {
		t.Fatalf("%s: %v", calls[len(calls)-1].Body, err)
	}
	texts := map[string]string{}
	for name, value := range members {
		texts[name] = string(value)
	}
	return texts
}

func TestParametersOfADeploymentAreAddedToRequests(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, speaks, path, body string
		want                     string // members besides those that every request has
	}{
		{"chat", "chat", "/v1/chat/completions", `{"model":"m","messages":[]}`,
			`{"max_tokens":4000,"temperature":0.25,"stop":"END","reasoning_effort":"high","presence_penalty":-0.5,"seed":7,
			"thinking":{"budget_tokens":2048,"type":"enabled"},"logit_bias":{"50256":-100},
			"provider":{"order":["a","b"]},"top_k":40}`},
		{"the client's own win", "chat", "/v1/chat/completions",
			`{"messages":[], "max_completion_tokens":5, "temperature":null,"stop":[],"seed":1,"model" : "m","top_k":1 ,` +
				` "timeout": 9 }`,
			`{"max_completion_tokens":5,"temperature":null,"stop":[],"seed":1,"top_k":1,"reasoning_effort":"high",
			"presence_penalty":-0.5,"thinking":{"budget_tokens":2048,"type":"enabled"},"logit_bias":{"50256":-100},
			"provider":{"order":["a","b"]}}`},
		{"an escaped name is the same name", "chat", "/v1/chat/completions", `{"model":"m","messages":[],"st\u006fp":null}`,
			`{"max_tokens":4000,"temperature":0.25,"stop":null,"reasoning_effort":"high","presence_penalty":-0.5,"seed":7,
			"thinking":{"budget_tokens":2048,"type":"enabled"},"logit_bias":{"50256":-100},
			"provider":{"order":["a","b"]},"top_k":40}`},
		{"completions", "completions", "/v1/completions", `{"model":"m","prompt":"p"}`,
			`{"max_tokens":4000,"temperature":0.25,"stop":"END","presence_penalty":-0.5,"seed":7,"logit_bias":{"50256":-100},
			"provider":{"order":["a","b"]},"top_k":40}`},
		{"embeddings", "embeddings", "/v1/embeddings", `{"model":"m","input":"p"}`,
			`{"provider":{"order":["a","b"]},"top_k":40}`},
		{"responses", "responses", "/v1/responses", `{"model":"m","input":"p"}`,
			`{"max_output_tokens":4000,"temperature":0.25,"reasoning":{"effort":"high"},
			"provider":{"order":["a","b"]},"top_k":40}`},
		{"messages", "messages", "/v1/messages", `{"model":"m","max_tokens":9,"messages":[]}`,
			`{"max_tokens":9,"temperature":0.25,"stop_sequences":["END"],
			"thinking":{"budget_tokens":2048,"type":"enabled"},"provider":{"order":["a","b"]},"top_k":40}`},
	} {
		s := routertest.Start(t, strings.Replace(params, "SPEAKS", c.speaks, 1), router.Options{})
		if got := s.Send("POST", c.path, c.body, nil); got.Status != 200 {
			t.Errorf("%s: %d %s", c.name, got.Status, got.Body)
			continue
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal([]byte(c.want), &want); err != nil {
			t.Fatal(err)
		}
		sent := lastMembers(t, s)
		for _, own := range []string{"model", "messages", "input", "prompt"} {
			delete(sent, own)
		}
		if len(sent) != len(want) {
			t.Errorf("%s: sent %v, not %s", c.name, sent, c.want)
		}
		for name, value := range want {
			if sent[name] != string(value) {
				t.Errorf("%s: %s is %s, not %s", c.name, name, sent[name], value)
			}
		}
		log := s.Log.String()
		if !strings.Contains(log, "UNSET is not set") || !strings.Contains(log, "stream is the client's") {
			t.Errorf("%s: nothing is said of what is not sent", c.name)
		}
	}
}

func TestParametersOfADeploymentReachTranslatedRequests(t *testing.T) {
	t.Parallel()
	const hi = `{"model":"m","messages":[{"role":"user","content":"hi"}]}`
	for _, c := range []struct {
		speaks, path, body string
		want               map[string]string
	}{
		{"chat", "/v1/messages", `{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}`,
			map[string]string{"max_tokens": "9", "temperature": "0.25", "stop": `"END"`, "reasoning_effort": `"high"`,
				"seed": "7", "top_k": "40"}},
		{"messages", "/v1/chat/completions", hi, map[string]string{
			"max_tokens": "4000", "stop_sequences": `["END"]`, "top_k": "40", "seed": "", "reasoning_effort": ""}},
		{"messages", "/v1/chat/completions", `{"model":"m","max_tokens":12,"messages":[{"role":"user","content":"hi"}]}`,
			map[string]string{"stop_sequences": `["END"]`, "max_tokens": "12"}},
		{"responses", "/v1/chat/completions", hi, map[string]string{
			"max_output_tokens": "4000", "temperature": "0.25", "reasoning": `{"effort":"high"}`, "seed": ""}},
	} {
		s := routertest.Start(t, strings.Replace(params, "SPEAKS", c.speaks, 1), router.Options{})
		if got := s.Send("POST", c.path, c.body, nil); got.Status != 200 {
			t.Errorf("%s by %s: %d %s", c.path, c.speaks, got.Status, got.Body)
			continue
		}
		sent := lastMembers(t, s)
		for name, value := range c.want {
			if sent[name] != value {
				t.Errorf("%s by %s: %s is %s, not %s, in %v", c.path, c.speaks, name, sent[name], value, sent)
			}
		}
	}
}

func TestTheLimitHasTheNameThatTheProviderKnows(t *testing.T) {
	t.Parallel()
	for provider, want := range map[string]string{"cerebras": "max_tokens", "openai": "max_completion_tokens"} {
		s := routertest.Start(t, strings.Replace(routertest.Groups(routertest.WithoutRetries, "m: ok"), "openai/ok", provider+"/ok", 1), router.Options{})
		for body, value := range map[string]string{
			`{"model":"m","messages":[], "max_completion_tokens" : 5}`:                 "5",
			`{"timeout":9,"max_completion_tokens":6,"model":"m","messages":[]}`:        "6",
			`{ "num_retries":0 , "max_completion_tokens":7,"messages":[],"model":"m"}`: "7",
		} {
			if got := s.Send("POST", "/v1/chat/completions", body, nil); got.Status != 200 {
				t.Errorf("%s: %d %s", body, got.Status, got.Body)
			}
			if sent := lastMembers(t, s); len(sent) != 3 || sent[want] != value {
				t.Errorf("%s: %s sent %v", provider, body, sent)
			}
		}
		s.Send("POST", "/v1/chat/completions", `{"max_tokens":1,"max_completion_tokens":2,"model":"m","messages":[]}`, nil)
		if sent := lastMembers(t, s); sent["max_tokens"] != "1" || sent["max_completion_tokens"] != "2" {
			t.Errorf("%s: both names: %v", provider, sent)
		}
	}
}
