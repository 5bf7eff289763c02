package router_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

const manyModels = `model_list:
  - {model_name: router-default, litellm_params: {model: openai/a, api_base: http://UP/v1, api_key: k-secret}, model_info: {id: d1, max_input_tokens: 200000, max_output_tokens: 8000, supports_vision: true, input_cost_per_token: 1e-06, secret: .inf}}
  - {model_name: router-default, litellm_params: {model: openai/b, api_base: http://UP/v1, rpm: 5}, model_info: {id: d2, max_input_tokens: 100000, supports_vision: true, supports_reasoning: true}}
  - {model_name: claude-x, litellm_params: {model: anthropic/x, api_base: http://UP}, model_info: {id: d3, display_name: The X}}
  - {model_name: org/big, litellm_params: {model: openai/c, api_base: http://UP/v1}, model_info: {id: d4, max_input_tokens: 1000000}}
  - {model_name: embed, litellm_params: {model: openai/text-embedding-3-small, api_base: http://UP/v1}, model_info: {id: d5}}
  - {model_name: pictures, litellm_params: {model: openai/p, api_base: http://UP/v1}, model_info: {id: d6, mode: image_generation}}
  - {model_name: "w/*", litellm_params: {model: "openai/*", api_base: http://UP/v1}, model_info: {id: d7}}
router_settings: {model_group_alias: {other: router-default, quiet: {model: router-default, hidden: true}}}
general_settings: {master_key: sk-test}
`

func TestModelsAreListedAsAnthropicsClientsLookForThem(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, manyModels, router.Options{})
	header := map[string]string{"Anthropic-Version": "2023-06-01", "Authorization": "", "X-Api-Key": "sk-test"}
	got := s.Send("GET", "/v1/models?limit=1000", "", header)
	ids := gjson.Get(got.Body, "data.#.id").String()
	want := `["other","router-default","claude-x","org/big","embed","pictures",` +
		`"claude-flowgate-other","claude-flowgate-router-default","claude-flowgate-org/big[1m]"]`
	if got.Status != 200 || ids != want {
		t.Errorf("%d %s", got.Status, ids)
	}
	for path, want := range map[string]string{
		"data.7.type": "model", "data.7.display_name": "router-default", "data.7.source_model": "router-default",
		"data.7.max_input_tokens": "100000", "data.7.max_tokens": "8000", "data.2.display_name": "The X",
		"data.2.max_input_tokens": "", "data.2.source_model": "", "has_more": "false", "first_id": "other",
		"last_id": "claude-flowgate-org/big[1m]",
	} {
		if gjson.Get(got.Body, path).String() != want {
			t.Errorf("%s is %s", path, gjson.Get(got.Body, path))
		}
	}
	for query, want := range map[string]string{
		"?limit=2": `["other","router-default"] true`, "?limit=2&after_id=claude-x": `["org/big","embed"] true`,
		"?after_id=claude-flowgate-router-default": `["claude-flowgate-org/big[1m]"] false`,
		"?limit=1&before_id=claude-x":              `["router-default"] true`, "?before_id=router-default": `["other"] false`,
		"?after_id=claude-flowgate-org/big%5B1m%5D": `[] false`,
	} {
		got := s.Send("GET", "/v1/models"+query, "", header).Body
		if ids := gjson.Get(got, "data.#.id").String() + " " + gjson.Get(got, "has_more").String(); ids != want {
			t.Errorf("%s: %s", query, ids)
		}
	}
	for id, want := range map[string]string{"claude-flowgate-router-default": "router-default", "claude-x": "The X",
		"claude-flowgate-org/big[1m]": "org/big"} {
		got := s.Send("GET", "/v1/models/"+url.PathEscape(id), "", header).Body
		if gjson.Get(got, "id").String() != id || gjson.Get(got, "display_name").String() != want ||
			gjson.Get(got, "type").String() != "model" {
			t.Errorf("%s: %s", id, got)
		}
	}
	if got := s.Send("GET", "/v1/models?limit=1000", "", nil); gjson.Get(got.Body, "data.#").Int() != 6 ||
		gjson.Get(got.Body, "object").String() != "list" || strings.Contains(got.Body, "claude-flowgate") {
		t.Errorf("OpenAI's list: %s", got.Body)
	}
}

func TestThePickersNamesLeadToTheGroup(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, manyModels, router.Options{})
	for name, want := range map[string]string{"claude-flowgate-org/big": "c", "claude-flowgate-org/big[1m]": "c",
		"claude-x[1m]": "x", "w/z[1m]": "z"} {
		got := s.Messages(name)
		if got.Status != 200 || gjson.Get(got.Body, "model").String() != name {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
		if models := s.Models(); models[len(models)-1] != want {
			t.Errorf("%s went to %v", name, models)
		}
	}
	if got := s.Messages("claude-flowgate-nope"); got.Status != 400 {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	own := routertest.Start(t, routertest.Groups("", "a: up-a", "claude-flowgate-a: up-own"), router.Options{})
	if got := own.Messages("claude-flowgate-a"); got.Status != 200 || own.Models()[0] != "up-own" {
		t.Errorf("%d %v", got.Status, own.Models())
	}
}

func TestCodexGetsItsCatalogue(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, manyModels, router.Options{})
	got := s.Send("GET", "/v1/models?client_version=0.169.0", "", nil)
	if slugs := gjson.Get(got.Body, "models.#.slug").String(); slugs != `["other","router-default","claude-x","org/big"]` {
		t.Errorf("%d %s", got.Status, slugs)
	}
	for path, want := range map[string]string{"models.1.context_window": "100000", "models.2.context_window": "",
		"models.2.display_name": "The X", "models.1.visibility": "list", "models.1.truncation_policy.mode": "bytes",
		"models.1.supported_reasoning_levels": "[]"} {
		if gjson.Get(got.Body, path).String() != want {
			t.Errorf("%s is %s", path, gjson.Get(got.Body, path))
		}
	}
	if !strings.Contains(gjson.Get(got.Body, "models.0.base_instructions").String(), "coding agent") {
		t.Error("there are no instructions")
	}
}

func TestModelInfoTellsNoAddressesAndNoKeys(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, manyModels, router.Options{})
	for _, path := range []string{"/model/info", "/v1/model/info"} {
		got := s.Send("GET", path, "", nil)
		if got.Status != 200 || gjson.Get(got.Body, "data.#").Int() != 7 || strings.Contains(got.Body, "k-secret") ||
			strings.Contains(got.Body, s.Upstream.Addr) {
			t.Errorf("%s: %d %s", path, got.Status, got.Body)
		}
		for path, want := range map[string]string{"data.0.model_name": "router-default", "data.0.litellm_params.model": "openai/a",
			"data.0.model_info.id": "d1", "data.0.model_info.max_input_tokens": "200000", "data.0.model_info.litellm_provider": "openai",
			"data.4.model_info.mode": "embedding", "data.5.model_info.mode": "image_generation", "data.1.model_info.mode": ""} {
			if gjson.Get(got.Body, path).String() != want {
				t.Errorf("%s is %s", path, gjson.Get(got.Body, path))
			}
		}
	}
	if got := s.Send("GET", "/model/info?litellm_model_id=d3", "", nil); gjson.Get(got.Body, "data.#.model_name").String() != `["claude-x"]` {
		t.Error(got.Body)
	}
	got := s.Send("GET", "/model_group/info", "", nil)
	for path, want := range map[string]string{"data.#": "6", "data.1.model_group": "router-default", "data.1.max_input_tokens": "100000",
		"data.1.supports_vision": "true", "data.1.supports_reasoning": "false", "data.1.providers": `["openai"]`,
		"data.1.input_cost_per_token": "0.000001", "data.1.rpm": "5", "data.5.mode": "image_generation", "data.0.model_group": "other",
		"data.0.max_input_tokens": "100000"} {
		if gjson.Get(got.Body, path).String() != want {
			t.Errorf("%s is %s", path, gjson.Get(got.Body, path))
		}
	}
	if got := s.Send("GET", "/model_group/info?model_group=embed", "", nil); gjson.Get(got.Body, "data.#.mode").String() != `["embedding"]` {
		t.Error(got.Body)
	}
	if got := s.Send("GET", "/model/info", "", map[string]string{"Authorization": ""}); got.Status != 401 {
		t.Errorf("without a key: %d", got.Status)
	}
}

func TestAnAgentsDefaultModelIsAnsweredWithWhatToDo(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Groups("", "router-default: a", "router-cheap: b"), router.Options{})
	for _, c := range []struct {
		got  routertest.Reply
		want []string
	}{
		{s.Messages("claude-opus-4-8"), []string{"router-default, router-cheap", "ANTHROPIC_MODEL",
			"model_group_alias: {claude-opus-4-8: router-default}"}},
		{s.Send("POST", "/v1/responses", `{"model":"gpt-6.1-sol","input":"hi"}`, nil), []string{"router-default, router-cheap",
			"-m", "model_group_alias: {gpt-6.1-sol: router-default}"}},
		{s.Chat("router-defualt"), []string{`Did you mean "router-default"?`}},
	} {
		message := gjson.Get(c.got.Body, "error.message").String()
		for _, want := range append(c.want, "Invalid model name passed in model=") {
			if c.got.Status != 400 || !strings.Contains(message, want) {
				t.Errorf("%d %s has no %q", c.got.Status, c.got.Body, want)
			}
		}
	}
	served := routertest.Start(t, routertest.Groups("router_settings: {model_group_alias: {claude-opus-4-8: router-default}}\n",
		"router-default: a", "gpt-*: b"), router.Options{})
	if got := served.Messages("claude-opus-4-8"); got.Status != 200 {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	if got := served.Send("POST", "/v1/responses", `{"model":"gpt-6.1-sol","input":"hi"}`, nil); got.Status != 200 {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}
