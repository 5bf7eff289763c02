package settings_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// good is an entry that can serve, before and behind others.
const good = `general_settings: {master_key: sk-test}
model_list:
  - {model_name: good, litellm_params: {model: openai/up, api_base: http://127.0.0.1:1/v1, api_key: k}}
`

func TestAnEntryThatCannotServeDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	for entry, want := range map[string]string{
		`{model_name: m, litellm_params: {model: os.environ/UNSET}}`:                              "UNSET is not set",
		`{model_name: os.environ/UNSET, litellm_params: {model: openai/x}}`:                       "UNSET is not set",
		`{model_name: m, litellm_params: {model: openai/x, api_key: k, api_base: "host:8000"}}`:   "expected an address such",
		`{model_name: m, litellm_params: {model: openai/x, api_key: k, base_url: "host"}}`:        "expected an address such",
		`{model_name: m, litellm_params: {model: openai/x, api_base: "http://user:pw@h/v1"}}`:     "into api_key",
		`{model_name: m, litellm_params: {model: openai/x, api_key: k, api_base: "ftp://h/v1/"}}`: "expected an address such",
	} {
		s, err := load(t, good+"  - "+entry+"\n", "", "", nil)
		if err != nil {
			t.Errorf("%s: %v", entry, err)
			continue
		}
		if len(s.Deployments) != 1 || len(s.Groups) != 1 || len(s.Warnings) != 1 {
			t.Errorf("%s: %v %+v", entry, s.Groups, s.Warnings)
			continue
		}
		w := s.Warnings[0]
		if w.Line != 4 || !strings.Contains(w.Message, want) || strings.Contains(w.Message, "user:pw") {
			t.Errorf("%s: %+v, not %q", entry, w, want)
		}
	}
}

func TestATimeoutOf0IsUnset(t *testing.T) {
	t.Parallel()
	s, err := load(t, good+"router_settings: {timeout: 0}\nlitellm_settings:\n  request_timeout: 0\n", "", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	lines := map[int]bool{}
	for _, w := range s.Warnings {
		if w.Code == "timeout-zero" {
			lines[w.Line] = true
		}
	}
	if s.Timeout != 0 || len(s.Warnings) != 2 || !lines[4] || !lines[6] {
		t.Errorf("%s %+v", s.Timeout, s.Warnings)
	}
	s, err = load(t, good+"router_settings: {timeout: 7}\nlitellm_settings: {request_timeout: 0}\n", "", "", nil)
	if err != nil || s.Timeout != 7*time.Second {
		t.Errorf("%v %v", s, err)
	}
}

func TestBooleansMayBeThoseOfYAML11(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]bool{
		"yes": true, "On": true, "TRUE": true, "no": false, "OFF": false, "false": false,
	} {
		s, err := load(t, good+"router_settings: {disable_cooldowns: "+word+"}\n", "", "", nil)
		if err != nil || s.Cooldown.Disabled != want || len(s.Warnings) != 0 {
			t.Errorf("%s: %v %v", word, s, err)
		}
	}
}

func TestVariablesOfTheFileMayBeNumbersAndBooleans(t *testing.T) {
	t.Parallel()
	text := `environment_variables: {PORT: 6379, VERSION: 1.0, FLAG: true, LIST: [a], KEY: text}
general_settings: {master_key: sk-test}
model_list:
`
	for i, name := range []string{"PORT", "VERSION", "FLAG", "KEY"} {
		text += fmt.Sprintf("  - model_name: m%d\n    litellm_params: {model: openai/x, api_base: http://h/v1, "+
			"api_key: os.environ/%s}\n", i, name)
	}
	s, err := load(t, text, "", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"6379", "1.0", "True", "text"} { // as Python's str() writes them
		if got := s.Deployments[i].Key; got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
	if len(s.Warnings) != 1 || s.Warnings[0].Path != "environment_variables.LIST" || s.Warnings[0].Line != 1 {
		t.Errorf("%+v", s.Warnings)
	}
}

func TestAFileWithoutDeploymentsSaysSo(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"model_list: []\n": "LiteLLM may keep them in its database",
		"":                 "LiteLLM may keep them in its database",
		"model_list: [{model_name: m, litellm_params: {model: nosuch/x}}]\n": "no entry can serve",
	} {
		s, err := load(t, "general_settings: {master_key: sk-test, store_model_in_db: true}\n"+text, "", "", nil)
		if err != nil {
			t.Fatal(err)
		}
		last := s.Warnings[len(s.Warnings)-1]
		if last.Code != "no-deployments" || !strings.Contains(last.Message, want) {
			t.Errorf("%s: %+v", text, s.Warnings)
		}
	}
}

func TestAFileThatKeepsRequestsBackIsRefusedUnlessThatIsIgnored(t *testing.T) {
	t.Parallel()
	for key, text := range map[string]string{
		"guardrails":             "guardrails: [{guardrail_name: pii, litellm_params: {guardrail: presidio}}]\n",
		"custom_auth":            "GENERAL custom_auth: my.auth",
		"allowed_ips":            "GENERAL allowed_ips: [10.0.0.1]",
		"max_budget":             "litellm_settings: {max_budget: 10}\n",
		"budget_duration":        "litellm_settings: {budget_duration: 30d}\n",
		"callbacks":              "litellm_settings: {callbacks: [prometheus, presidio]}\n",
		"tag_budget_config":      "litellm_settings: {tag_budget_config: {a: {budget_limit: 1, time_period: 1d}}}\n",
		"enforce_user_param":     "GENERAL enforce_user_param: true",
		"provider_budget_config": "router_settings: {provider_budget_config: {openai: {budget_limit: 1}}}\n",
	} {
		general, isGeneral := strings.CutPrefix(text, "GENERAL ")
		whole := good + text
		if isGeneral {
			whole = strings.Replace(good, "sk-test", "sk-test, "+general, 1)
		}
		_, err := load(t, whole, "", "", nil)
		var f *fault.Error
		if !errors.As(err, &f) || f.Code != "setting-unenforced" || !strings.Contains(f.Message, "flowgate_ignore: ["+key+"]") {
			t.Errorf("%s: %v", key, err)
			continue
		}
		s, err := load(t, strings.Replace(whole, "sk-test", "sk-test, flowgate_ignore: ["+key+"]", 1), "", "", nil)
		if err != nil || len(s.Warnings) != 1 || !strings.HasSuffix(s.Warnings[0].Path, key) {
			t.Errorf("%s, ignored: %v %v", key, s, err)
		}
	}
	for _, harmless := range []string{
		"guardrails: []\n", "litellm_settings: {callbacks: [prometheus], max_budget: null}\n",
	} {
		if _, err := load(t, good+harmless, "", "", nil); err != nil {
			t.Errorf("%s: %v", harmless, err)
		}
	}
	if _, err := load(t, good+"litellm_settings: {callbacks: presidio}\n", "", "", nil); err == nil {
		t.Error("a filter that is the only callback is accepted")
	}
	if _, err := load(t, strings.Replace(good, "api_key: k", "api_key: k, max_budget: 3", 1), "", "", nil); err == nil ||
		!strings.Contains(err.Error(), ":3:") {
		t.Errorf("a deployment's budget: %v", err)
	}
}

func TestKeysWithoutEffectOnRequestsGetNoWarning(t *testing.T) {
	t.Parallel()
	text := strings.Replace(good, "api_key: k", "api_key: k, input_cost_per_token: 0.1, tags: [a]", 1) +
		"litellm_settings: {set_verbose: true, json_logs: true}\nrouter_settings: {redis_host: h, redis_port: 6379}\n"
	s, err := load(t, text, "", "", nil)
	if err != nil || len(s.Warnings) != 0 {
		t.Errorf("%v %+v", err, s.Warnings)
	}
}
