package settings_test

import (
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/usage/price"
)

func TestCostBasedRoutingKnowsThePricesOfTheTable(t *testing.T) {
	t.Parallel()
	const entries = `model_list:
  - {model_name: m, litellm_params: {model: openai/gpt-5, api_key: k}}
  - {model_name: m, litellm_params: {model: groq/openai/gpt-oss-20b, api_key: k, input_cost_per_token: 1, output_cost_per_token: 2}}
  - {model_name: m, litellm_params: {model: openai/no-such-model, api_key: k}}
  - {model_name: "any/*", litellm_params: {model: "openai/*", api_key: k}}
general_settings: {master_key: sk-test}
`
	s, err := load(t, entries+"router_settings: {routing_strategy: cost-based-routing}\n", "", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	first, second, third := s.Deployments[0], s.Deployments[1], s.Deployments[2]
	if !first.HasPrice() || *first.InputCost <= 0 || *first.OutputCost <= *first.InputCost || *first.OutputCost > 0.001 {
		t.Errorf("the table's price of a token is %v", first.InputCost)
	}
	if *second.InputCost != 1 || *second.OutputCost != 2 || third.HasPrice() {
		t.Error("the prices of an entry are replaced, or invented")
	}
	if len(s.Warnings) != 1 || s.Warnings[0].Code != "price-unknown" || s.Warnings[0].Line != 4 {
		t.Errorf("%+v", s.Warnings)
	}
	if found, _ := s.Match("any/gpt-5-mini"); len(found) != 1 || !found[0].HasPrice() {
		t.Error("a deployment of a pattern has no price")
	}
	s, err = load(t, entries, "", "", nil)
	if err != nil || s.Deployments[0].HasPrice() || s.Balancing.Strategy != settings.SimpleShuffle {
		t.Errorf("prices are looked up without need: %v", err)
	}
}

func TestCostBasedRoutingComparesThePricesOfANewerTable(t *testing.T) {
	t.Parallel()
	newer, err := price.Convert([]byte(`{"gpt-5":{"litellm_provider":"openai","input_cost_per_token":7,"output_cost_per_token":8},
		"new":{"litellm_provider":"openai","input_cost_per_token":9,"output_cost_per_token":10}}`), "a test", "")
	if err != nil {
		t.Fatal(err)
	}
	const entries = `model_list:
  - {model_name: m, litellm_params: {model: openai/gpt-5, api_key: k}}
  - {model_name: m, litellm_params: {model: openai/new, api_key: k}}
  - {model_name: m, litellm_params: {model: openai/gpt-5, api_key: k, input_cost_per_token: 1}}
  - {model_name: m, litellm_params: {model: openai/gpt-5-mini, api_key: k}}
  - {model_name: "any/*", litellm_params: {model: "openai/*", api_key: k}}
general_settings: {master_key: sk-test}
`
	s, err := load(t, entries+"router_settings: {routing_strategy: cost-based-routing}\n", "", "", nil)
	if err != nil || !s.ComparesPrices() || !s.Deployments[3].HasPrice() {
		t.Fatal(err)
	}
	s.UsePrices(newer)
	d := s.Deployments
	if !d[0].PriceOfTable || *d[0].InputCost != 7 || *d[0].OutputCost != 8 || !d[1].PriceOfTable || *d[1].OutputCost != 10 {
		t.Errorf("%v %v, %v", d[0].InputCost, d[0].OutputCost, d[1].OutputCost)
	}
	if d[2].PriceOfTable || *d[2].InputCost != 1 || d[2].OutputCost != nil || d[3].HasPrice() || d[3].PriceOfTable {
		t.Errorf("%+v, %+v", d[2], d[3])
	}
	if found, _ := s.Match("any/new"); len(found) != 1 || !found[0].HasPrice() || *found[0].InputCost != 9 {
		t.Errorf("a deployment of a pattern: %+v", found)
	}
	s, err = load(t, entries, "", "", nil)
	if err != nil || s.ComparesPrices() {
		t.Fatal(err)
	}
	if s.UsePrices(newer); s.Deployments[0].HasPrice() {
		t.Error("prices are looked up without need")
	}
}
