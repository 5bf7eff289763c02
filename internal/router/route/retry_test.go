package route_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

func TestRetriesFollowTheStatusOfTheFailure(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]int{"400": 1, "401": 1, "403": 3, "404-nomodel": 1, "408": 3, "409": 3, "413": 1,
		"422": 1, "429": 3, "500": 3, "502": 3, "503": 3, "504": 3, "529": 3} {
		s := routertest.Start(t, routertest.Groups(routertest.WithoutCooldowns, "m: fail-"+status), router.Options{Rand: func() float64 { return 0 }})
		got := s.Chat("m")
		if !strings.HasPrefix(status, fmt.Sprint(got.Status)) || len(s.Upstream.Calls()) != want {
			t.Errorf("%s: client got %d after %d calls, want %d calls", status, got.Status, len(s.Upstream.Calls()), want)
		}
		wait := []time.Duration{500 * time.Millisecond, time.Second}[:want-1]
		if !slices.Equal(s.Slept(), wait) {
			t.Errorf("%s: slept %v, want %v and nothing after the last failure", status, s.Slept(), wait)
		}
	}
}

func TestFailuresWithoutAStatusAreRetried(t *testing.T) {
	t.Parallel()
	for model, status := range map[string]int{"html": 502, "badjson": 502, "emptybody": 502, "reset": 500,
		"redirect": 502} {
		s := routertest.Start(t, routertest.Groups(routertest.WithoutCooldowns, "m: "+model), router.Options{})
		if got := s.Chat("m"); got.Status != status || len(s.Upstream.Calls()) != 3 {
			t.Errorf("%s: %d after %d calls: %s", model, got.Status, len(s.Upstream.Calls()), got.Body)
		}
	}
}

func TestARetryLeavesOutTheDeploymentThatFailed(t *testing.T) {
	t.Parallel()
	for range 10 {
		s := routertest.Start(t, routertest.Groups(routertest.WithoutCooldowns, "m: fail-500-a fail-401-b ok-c"), router.Options{})
		got := s.Chat("m")
		calls := s.Models()
		if got.Status != 200 || calls[len(calls)-1] != "ok-c" ||
			len(slices.Compact(slices.Sorted(slices.Values(calls)))) != len(calls) || len(s.Slept()) != 0 {
			t.Fatalf("status %d after %v, slept %v", got.Status, calls, s.Slept())
		}
		if n := got.Header.Get("x-litellm-attempted-retries"); n != fmt.Sprint(len(calls)-1) {
			t.Fatalf("attempted-retries %s after %v", n, calls)
		}
	}
}

func TestRetryAfterIsWaitedForUpToAMinuteAndALongerOneIsNotRetried(t *testing.T) {
	t.Parallel()
	for model, want := range map[string][]time.Duration{"fail-429-ra2": {2 * time.Second}, "fail-500-ra60": {time.Minute},
		"fail-429-ra61": nil, "fail-503-ra70": nil, "fail-429-ra0": {500 * time.Millisecond}} {
		s := routertest.Start(t, routertest.Groups("router_settings: {disable_cooldowns: true, num_retries: 1}\n", "m: "+model),
			router.Options{Rand: func() float64 { return 0 }})
		s.Chat("m")
		if !slices.Equal(s.Slept(), want) || len(s.Upstream.Calls()) != len(want)+1 {
			t.Errorf("%s: slept %v, want %v; %d calls", model, s.Slept(), want, len(s.Upstream.Calls()))
		}
	}
}

func TestALongRetryAfterGoesToTheFallbackAtOnceAndToTheClientWithout(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Groups("router_settings: {disable_cooldowns: true, fallbacks: [{m: [b]}]}\n", "m: fail-429-ra7",
		"b: ok"), router.Options{})
	if got := s.Chat("m"); got.Status != 200 || len(s.Upstream.Calls()) != 2 || len(s.Slept()) != 0 {
		t.Errorf("status %d, calls %v, slept %v", got.Status, s.Models(), s.Slept())
	}
	for _, send := range []func(string, ...string) routertest.Reply{s.Chat, s.Messages} {
		if got := send("m", `,"disable_fallbacks":true,"num_retries":0`); got.Status != 429 ||
			got.Header.Get("Retry-After") != "7" {
			t.Errorf("status %d, retry-after %q", got.Status, got.Header.Get("Retry-After"))
		}
	}
}

func TestRetriesAreBoundedByTheConfigurationAndMayBeLowered(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		settings, params, body, header string
		want                           int
	}{
		{"", "", "", "", 3},
		{"litellm_settings: {num_retries: 0}\n", "", "", "", 1},
		{"litellm_settings: {num_retries: 0}\nrouter_settings: {num_retries: 1, disable_cooldowns: true}\n", "", "", "", 2},
		{"", "num_retries: 1", "", "", 2},
		{"", "max_retries: 1", "", "", 3},
		{"", "", `,"num_retries":1`, "", 2},
		{"", "", `,"num_retries":9`, "", 3},
		{"", "", `,"max_retries":0`, "", 3},
		{"", "", `,"num_retries":9`, "0", 1},
	} {
		s := routertest.Start(t, routertest.Groups(c.settings, "m: fail-500 | "+c.params), router.Options{})
		s.Send("POST", "/v1/chat/completions", `{"model":"m","messages":[]`+c.body+`}`,
			map[string]string{"x-litellm-num-retries": c.header})
		if n := len(s.Upstream.Calls()); n != c.want {
			t.Errorf("%+v: %d calls", c, n)
		}
	}
}

func TestTheLogNamesFailuresAndHoldsNoKey(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Groups(routertest.WithoutCooldowns, "m: fail-500"), router.Options{})
	s.Chat("m")
	log := s.Log.String()
	if strings.Count(log, `"msg":"attempt failed"`) != 3 ||
		!strings.Contains(log, `"status":500,"class":"InternalServerError"`) {
		t.Errorf("log: %s", log)
	}
	for _, secret := range []string{"k-secret", "sk-test", s.Upstream.Addr, "upstream says"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q: %s", secret, log)
		}
	}
}

func TestWeightsDecideHowOftenADeploymentIsChosen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		yaml string
		want [2]int // of 100 evenly spread random numbers
	}{
		"uniform":      {routertest.Groups("", "m: a b"), [2]int{50, 50}},
		"weight 3:1":   {routertest.Groups("", "m: a | weight: 3", "m: b | weight: 1"), [2]int{75, 25}},
		"weight 1:no":  {routertest.Groups("", "m: a | weight: 1", "m: b"), [2]int{100, 0}},
		"rpm 90:10":    {routertest.Groups("", "m: a | rpm: 90", "m: b | rpm: 10"), [2]int{90, 10}},
		"order 2 last": {routertest.Groups("", "m: a | order: 1", "m: b | order: 2"), [2]int{100, 0}},
	} {
		i := 0
		s := routertest.Start(t, c.yaml, router.Options{Rand: func() float64 { i++; return float64(i%100) / 100 }})
		got := [2]int{}
		for range 100 {
			s.Chat("m")
		}
		for _, m := range s.Models() {
			got[map[string]int{"a": 0, "b": 1}[m]]++
		}
		if got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
