package router_test

import (
	"fmt"
	"io"
	"net/http"
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

func TestAFormLosesThePartsThatAnEntryDrops(t *testing.T) {
	t.Parallel()
	var got map[string]string
	s := routertest.StartBefore(t, `model_list:
  - {model_name: m, litellm_params: {model: openai/bad, api_base: http://UP/v1, additional_drop_params: [prompt, timeout, file]}}
  - {model_name: good, litellm_params: {model: openai/up, api_base: http://UP/v1, additional_drop_params: [language]}}
general_settings: {master_key: sk-test}
`+fallbackToGood, router.Options{}, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || int64(len(body)) != r.ContentLength {
			t.Error(err, len(body), r.ContentLength)
		}
		if got = readForm(t, r.Header, body); got["model"] == "bad" {
			if len(got) != 2 || got["language"] != "de" {
				t.Errorf("the first deployment got %v", got)
			}
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, `{"text":"t"}`)
	})
	form, kind := newForm(t, []byte("sound"), "prompt", "p", "model", "m", "timeout", "9", "language", "de")
	if reply := s.Send("POST", "/v1/audio/transcriptions", form, map[string]string{"Content-Type": kind}); reply.Status != 200 {
		t.Fatal(reply.Status, reply.Body)
	}
	if len(got) != 3 || got["file"] != "sound" || got["prompt"] != "p" || got["model"] != "up" {
		t.Errorf("the second deployment got %v", got)
	}
}

func TestACompactionLosesWhatAnEntryDrops(t *testing.T) {
	t.Parallel()
	for _, speaks := range []string{"chat", "responses"} {
		s := routertest.Start(t, "model_list:\n  - {model_name: m, litellm_params: {model: openai/up, api_base: http://UP/v1, "+
			"additional_drop_params: [temperature]}, model_info: {speaks: ["+speaks+"]}}\ngeneral_settings: {master_key: sk-test}\n", router.Options{})
		s.Send("POST", "/v1/responses/compact", `{"model":"m","input":"hi","temperature":0.5,"top_p":0.25}`, nil)
		calls := s.Upstream.Calls()
		if len(calls) == 0 || gjson.GetBytes(calls[0].Body, "temperature").Exists() || gjson.GetBytes(calls[0].Body, "top_p").Num != 0.25 {
			t.Errorf("%s: the upstream got %+v", speaks, calls)
		}
	}
}

func TestParametersThatADialectLacksAreNamed(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, `model_list:
  - {model_name: a, litellm_params: {model: anthropic/up, api_base: http://UP, seed: 7, reasoning_effort: low, voice: alloy}}
general_settings: {master_key: sk-test}
`, router.Options{})
	if got := s.Messages("a"); got.Header.Get("X-Flowgate-Dropped") != "reasoning_effort, seed" {
		t.Errorf("passed through: %s %v", got.Body, got.Header)
	}
	if got := s.Chat("a", `,"seed":1,"logit_bias":{}`); got.Header.Get("X-Flowgate-Dropped") != "seed, logit_bias" {
		t.Errorf("translated: %s %v", got.Body, got.Header)
	}
}
