package route_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
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
	s := routertest.Start(t, patterns, router.Options{})
	got := s.Chat("mine/ok-7")
	id, group := got.Header.Get("x-litellm-model-id"), got.Header.Get("x-litellm-model-group")
	if got.Status != 200 || id != "mine" || group != "mine/ok-7" || !strings.Contains(got.Body, `"model":"mine/ok-7"`) {
		t.Errorf("%d %v %s", got.Status, got.Header, got.Body)
	}
	if got := s.Chat("m"); got.Status != 200 || got.Header.Get("x-litellm-model-group") != "spare-1" {
		t.Errorf("the fallback: %d %s", got.Status, got.Body)
	}
	if want := []string{"ok-7", "fail-500", "ok-1"}; !slices.Equal(s.Models(), want) {
		t.Errorf("the upstream was asked for %v, not %v", s.Models(), want)
	}
	list := s.Send("GET", "/v1/models", "", nil).Body
	if strings.Contains(list, "*") || !strings.Contains(list, `"id":"m"`) {
		t.Errorf("the list of models: %s", list)
	}
	if got := s.Chat("other"); got.Status != 400 || !strings.Contains(got.Body, "Invalid model name") {
		t.Errorf("a name that no pattern matches: %d %s", got.Status, got.Body)
	}
}

func TestACooldownOfOneMatchedModelStopsNoOther(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, patterns, router.Options{Now: routertest.NewClock().Now})
	if got := s.Chat("mine/fail-401"); got.Status != 401 {
		t.Fatal(got.Status, got.Body)
	}
	if got := s.Chat("mine/fail-401"); got.Status != 429 {
		t.Errorf("it does not cool down: %d %s", got.Status, got.Body)
	}
	if got := s.Chat("mine/ok"); got.Status != 200 {
		t.Errorf("the other one: %d %s", got.Status, got.Body)
	}
	state := s.Router.State()
	if c := state.Cooling; len(c) != 1 || c[0].Group != "mine/fail-401" || c[0].Deployment != "mine" {
		t.Errorf("%+v", state.Cooling)
	}
}

func TestManyMatchedNamesAtOnceStayApart(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, patterns, router.Options{})
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			name := fmt.Sprintf("mine/ok-%d", i%10)
			if got := s.Chat(name); got.Status != 200 || !strings.Contains(got.Body, `"model":"`+name+`"`) {
				t.Errorf("%s: %d %s", name, got.Status, got.Body)
			}
		})
	}
	wg.Wait()
	asked := map[string]int{}
	for _, model := range s.Models() {
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
	s := routertest.Start(t, `general_settings: {master_key: sk-test}
model_list: [{model_name: "*", litellm_params: {model: "*"}}]
`, router.Options{})
	got := s.Chat("nosuch/m")
	if got.Status != 400 || !strings.Contains(got.Body, `provider \"nosuch\" is not known and needs an api_base`) {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	for _, model := range []string{"", strings.Repeat("m", 513)} {
		if got := s.Chat(model); got.Status != 400 || !strings.Contains(got.Body, "Invalid model name") {
			t.Errorf("a name of %d bytes: %d %s", len(model), got.Status, got.Body)
		}
	}
	got = s.Send("POST", "/v1/chat/completions", `{"messages":[]}`, nil)
	if got.Status != 400 || !strings.Contains(got.Body, "model=None") {
		t.Errorf("no name: %d %s", got.Status, got.Body)
	}
	if got = s.Chat("sagemaker/claude"); got.Status != 400 || !strings.Contains(got.Body, "runtime: litellm") {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}
