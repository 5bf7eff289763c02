package router_test

import (
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

func TestADeploymentDoesNotGetWhatItsEntryDrops(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, `model_list:
  - {model_name: m, litellm_params: {model: openai/up, api_base: http://UP/v1, additional_drop_params: [seed, user, "tools[*].x"]}}
  - {model_name: told, litellm_params: {model: openai/told, api_base: http://UP/v1, additional_drop_params: [metadata]}, model_info: {speaks: [chat]}}
general_settings: {master_key: sk-test}
`, router.Options{})
	if got := s.Chat("m", `,"seed":1,"temperature":0.5,"user":"u"`); got.Status != 200 {
		t.Fatal(got.Body)
	}
	if got := s.Chat("m", `,"top_p":1`); got.Status != 200 {
		t.Fatal(got.Body)
	}
	if got := s.Messages("told", `,"metadata":{"user_id":"u"}`); got.Status != 200 || got.Header.Get("X-Flowgate-Dropped") != "" {
		t.Fatal(got.Body, got.Header)
	}
	calls := s.Upstream.Calls()
	for i, want := range []string{`{"model":"up","messages":[{"role":"user","content":"hi"}],"temperature":0.5}`,
		`{"model":"up","messages":[{"role":"user","content":"hi"}],"top_p":1}`} {
		if got := string(calls[i].Body); got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
	if body := string(calls[2].Body); strings.Contains(body, "user_id") || gjson.Get(body, "user").Exists() {
		t.Error(body)
	}
	if !strings.Contains(s.Log.String(), "whole parameters only") {
		t.Error("the path into a parameter is not named")
	}
}

func TestAnEntrysDropParamsCountBeforeTheGeneralOnes(t *testing.T) {
	t.Parallel()
	const entry = "{model: openai/up, api_base: http://UP/v1, drop_params: PARAM}"
	for _, c := range []struct {
		own, general string
		status       int
	}{{"false", "true", 400}, {"true", "false", 200}} {
		s := routertest.Start(t, "model_list:\n  - {model_name: m, litellm_params: "+strings.Replace(entry, "PARAM", c.own, 1)+
			", model_info: {speaks: [chat]}}\ngeneral_settings: {master_key: sk-test}\nlitellm_settings: {drop_params: "+c.general+"}\n",
			router.Options{})
		got := s.Messages("m", `,"top_k":3`)
		if got.Status != c.status {
			t.Errorf("%s, %s in general: %d %s", c.own, c.general, got.Status, got.Body)
		}
	}
}

func TestToolsOfAnEntryAreSentWhereTheClientSendsNone(t *testing.T) {
	t.Parallel()
	const tools = `[{"type":"function","function":{"name":"look","parameters":{"type":"object"}}}]`
	s := routertest.Start(t, `model_list:
  - {model_name: m, litellm_params: {model: openai/up, api_base: http://UP/v1, tools: `+tools+`}}
  - {model_name: a, litellm_params: {model: anthropic/up, api_base: http://UP, tools: `+tools+`}}
general_settings: {master_key: sk-test}
`, router.Options{})
	if got := s.Chat("m"); got.Status != 200 {
		t.Fatal(got.Body)
	}
	if got := s.Chat("m", `,"tools":[]`); got.Status != 200 {
		t.Fatal(got.Body)
	}
	if got := s.Chat("a"); got.Status != 200 {
		t.Fatal(got.Body)
	}
	calls := s.Upstream.Calls()
	for i, want := range []string{"look", "", ""} {
		if got := gjson.GetBytes(calls[i].Body, "tools.0.function.name").String(); got != want {
			t.Errorf("%d: %s", i, calls[i].Body)
		}
	}
	if gjson.GetBytes(calls[2].Body, "tools.0.name").String() != "look" {
		t.Errorf("messages: %s", calls[2].Body)
	}
}
