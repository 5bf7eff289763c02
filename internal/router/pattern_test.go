package router_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
)

// patterns is a configuration with a group of its own name and with patterns.
const patterns = `general_settings: {master_key: sk-test}
litellm_settings: {num_retries: 0, fallbacks: [{m: [spare-1]}]}
model_list:
  - model_name: m
    litellm_params: {model: openai/fail-500, api_base: "http://127.0.0.1:9190/v1"}
  - model_name: "spare-*"
    litellm_params: {model: "openai/ok-*", api_base: "http://127.0.0.1:9190/v1"}
    model_info: {id: spare}
  - model_name: "mine/*"
    litellm_params: {model: "openai/*", api_base: "http://127.0.0.1:9190/v1"}
    model_info: {id: mine}
`

func TestAPatternServesEveryNameThatItMatches(t *testing.T) {
	t.Parallel()
	s := start(t, patterns, router.Options{})
	got := s.chat("mine/ok-7")
	id, group := got.header.Get("x-litellm-model-id"), got.header.Get("x-litellm-model-group")
	if got.status != 200 || id != "mine" || group != "mine/ok-7" || !strings.Contains(got.body, `"model":"mine/ok-7"`) {
		t.Errorf("%d %v %s", got.status, got.header, got.body)
	}
	if got := s.chat("m"); got.status != 200 || got.header.Get("x-litellm-model-group") != "spare-1" {
		t.Errorf("the fallback: %d %s", got.status, got.body)
	}
	if want := []string{"ok-7", "fail-500", "ok-1"}; !slices.Equal(s.models(), want) {
		t.Errorf("the upstream was asked for %v, not %v", s.models(), want)
	}
	list := s.send("GET", "/v1/models", "", nil).body
	if strings.Contains(list, "*") || !strings.Contains(list, `"id":"m"`) {
		t.Errorf("the list of models: %s", list)
	}
	if got := s.chat("other"); got.status != 400 || !strings.Contains(got.body, "Invalid model name") {
		t.Errorf("a name that no pattern matches: %d %s", got.status, got.body)
	}
}

func TestACooldownOfOneMatchedModelStopsNoOther(t *testing.T) {
	t.Parallel()
	s := start(t, patterns, router.Options{Now: newClock().Now})
	if got := s.chat("mine/fail-401"); got.status != 401 {
		t.Fatal(got.status, got.body)
	}
	if got := s.chat("mine/fail-401"); got.status != 429 {
		t.Errorf("it does not cool down: %d %s", got.status, got.body)
	}
	if got := s.chat("mine/ok"); got.status != 200 {
		t.Errorf("the other one: %d %s", got.status, got.body)
	}
	state := s.router.State()
	if c := state.Cooling; len(c) != 1 || c[0].Group != "mine/fail-401" || c[0].Deployment != "mine" {
		t.Errorf("%+v", state.Cooling)
	}
}

func TestManyMatchedNamesAtOnceStayApart(t *testing.T) {
	t.Parallel()
	s := start(t, patterns, router.Options{})
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			name := fmt.Sprintf("mine/ok-%d", i%10)
			if got := s.chat(name); got.status != 200 || !strings.Contains(got.body, `"model":"`+name+`"`) {
				t.Errorf("%s: %d %s", name, got.status, got.body)
			}
		})
	}
	wg.Wait()
	asked := map[string]int{}
	for _, model := range s.models() {
		asked[model]++
	}
	for i := range 10 {
		if n := asked[fmt.Sprintf("ok-%d", i)]; n != 4 {
			t.Errorf("ok-%d: %d times", i, n)
		}
	}
}

func TestAPatternWhoseProviderIsNotKnownSaysWhy(t *testing.T) {
	t.Parallel()
	s := start(t, `general_settings: {master_key: sk-test}
model_list: [{model_name: "*", litellm_params: {model: "*"}}]
`, router.Options{})
	got := s.chat("nosuch/m")
	if got.status != 400 || !strings.Contains(got.body, `provider \"nosuch\" needs an api_base`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	for _, model := range []string{"", strings.Repeat("m", 513)} {
		if got := s.chat(model); got.status != 400 || !strings.Contains(got.body, "Invalid model name") {
			t.Errorf("a name of %d bytes: %d %s", len(model), got.status, got.body)
		}
	}
	got = s.send("POST", "/v1/chat/completions", `{"messages":[]}`, nil)
	if got.status != 400 || !strings.Contains(got.body, "model=None") {
		t.Errorf("no name: %d %s", got.status, got.body)
	}
	if got = s.chat("bedrock/claude"); got.status != 400 || !strings.Contains(got.body, "runtime: litellm") {
		t.Errorf("%d %s", got.status, got.body)
	}
}
