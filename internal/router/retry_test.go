package router_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
)

// groups writes a configuration: "name: up1 up2" makes a group of deployments
// with ids name-up1, name-up2; "a/…" is an Anthropic one; what follows | is
// added to each deployment's parameters, what follows the list to the file.
func groups(settings string, lines ...string) string {
	var b strings.Builder
	b.WriteString("model_list:\n")
	for _, line := range lines {
		name, list, _ := strings.Cut(line, ": ")
		list, extra, _ := strings.Cut(list, " | ")
		for _, up := range strings.Fields(list) {
			provider, base := "openai", "http://UP/v1"
			if rest, ok := strings.CutPrefix(up, "a/"); ok {
				provider, base, up = "anthropic", "http://UP", rest
			}
			if extra != "" && !strings.HasPrefix(extra, ",") {
				extra = ", " + extra
			}
			fmt.Fprintf(&b, "  - {model_name: %s, litellm_params: {model: %s/%s, api_base: %s, api_key: k-secret%s}, "+
				"model_info: {id: %s-%s}}\n", name, provider, up, base, extra, name, up)
		}
	}
	return b.String() + "general_settings: {master_key: sk-test}\n" + settings
}

// calm turns cooldowns off.
const calm = "router_settings: {disable_cooldowns: true}\n"

func TestRetriesFollowTheStatusOfTheFailure(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]int{"400": 1, "401": 1, "403": 3, "404-nomodel": 1, "408": 3, "409": 3, "413": 1,
		"422": 1, "429": 3, "500": 3, "502": 3, "503": 3, "504": 3, "529": 3} {
		s := start(t, groups(calm, "m: fail-"+status), router.Options{Rand: func() float64 { return 0 }})
		got := s.chat("m")
		if !strings.HasPrefix(status, fmt.Sprint(got.status)) || len(s.up.Calls()) != want {
			t.Errorf("%s: client got %d after %d calls, want %d calls", status, got.status, len(s.up.Calls()), want)
		}
		wait := []time.Duration{500 * time.Millisecond, time.Second}[:want-1]
		if !slices.Equal(s.slept, wait) {
			t.Errorf("%s: slept %v, want %v and nothing after the last failure", status, s.slept, wait)
		}
	}
}

func TestRetriesFollowWhatIsNoStatus(t *testing.T) {
	t.Parallel()
	for model, status := range map[string]int{"html": 502, "badjson": 502, "emptybody": 502, "reset": 500,
		"redirect": 502} {
		s := start(t, groups(calm, "m: "+model), router.Options{})
		if got := s.chat("m"); got.status != status || len(s.up.Calls()) != 3 {
			t.Errorf("%s: %d after %d calls: %s", model, got.status, len(s.up.Calls()), got.body)
		}
	}
}

func TestRetryLeavesOutTheDeploymentThatFailed(t *testing.T) {
	t.Parallel()
	for range 10 {
		s := start(t, groups(calm, "m: fail-500-a fail-401-b ok-c"), router.Options{})
		got := s.chat("m")
		calls := s.models()
		if got.status != 200 || calls[len(calls)-1] != "ok-c" ||
			len(slices.Compact(slices.Sorted(slices.Values(calls)))) != len(calls) || len(s.slept) != 0 {
			t.Fatalf("status %d after %v, slept %v", got.status, calls, s.slept)
		}
		if n := got.header.Get("x-litellm-attempted-retries"); n != fmt.Sprint(len(calls)-1) {
			t.Fatalf("attempted-retries %s after %v", n, calls)
		}
	}
}

func TestRetryAfterIsWaitedForUpToAMinuteAndALongerOneIsNotRetried(t *testing.T) {
	t.Parallel()
	for model, want := range map[string][]time.Duration{"fail-429-ra2": {2 * time.Second}, "fail-500-ra60": {time.Minute},
		"fail-429-ra61": nil, "fail-503-ra70": nil, "fail-429-ra0": {500 * time.Millisecond}} {
		s := start(t, groups("router_settings: {disable_cooldowns: true, num_retries: 1}\n", "m: "+model),
			router.Options{Rand: func() float64 { return 0 }})
		s.chat("m")
		if !slices.Equal(s.slept, want) || len(s.up.Calls()) != len(want)+1 {
			t.Errorf("%s: slept %v, want %v; %d calls", model, s.slept, want, len(s.up.Calls()))
		}
	}
}

func TestALongRetryAfterGoesToTheFallbackAtOnceAndToTheClientWithout(t *testing.T) {
	t.Parallel()
	s := start(t, groups("router_settings: {disable_cooldowns: true, fallbacks: [{m: [b]}]}\n", "m: fail-429-ra7",
		"b: ok"), router.Options{})
	if got := s.chat("m"); got.status != 200 || len(s.up.Calls()) != 2 || len(s.slept) != 0 {
		t.Errorf("status %d, calls %v, slept %v", got.status, s.models(), s.slept)
	}
	for _, send := range []func(string, ...string) reply{s.chat, s.messages} {
		if got := send("m", `,"disable_fallbacks":true,"num_retries":0`); got.status != 429 ||
			got.header.Get("Retry-After") != "7" {
			t.Errorf("status %d, retry-after %q", got.status, got.header.Get("Retry-After"))
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
		s := start(t, groups(c.settings, "m: fail-500 | "+c.params), router.Options{})
		s.send("POST", "/v1/chat/completions", `{"model":"m","messages":[]`+c.body+`}`,
			map[string]string{"x-litellm-num-retries": c.header})
		if n := len(s.up.Calls()); n != c.want {
			t.Errorf("%+v: %d calls", c, n)
		}
	}
}

func TestTheLogTellsOfFailuresAndHoldsNoKey(t *testing.T) {
	t.Parallel()
	s := start(t, groups(calm, "m: fail-500"), router.Options{})
	s.chat("m")
	log := s.log.String()
	if strings.Count(log, `"msg":"attempt failed"`) != 3 ||
		!strings.Contains(log, `"status":500,"class":"InternalServerError"`) {
		t.Errorf("log: %s", log)
	}
	for _, secret := range []string{"k-secret", "sk-test", s.up.Addr, "upstream says"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q: %s", secret, log)
		}
	}
}

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newClock() *clock { return &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

const once = "litellm_settings: {num_retries: 0}\n"

func TestCooldownsOfASingleDeploymentByDefault(t *testing.T) {
	t.Parallel()
	for status, cools := range map[string]bool{"400": false, "401": true, "403": false, "404": true, "408": false,
		"422": false, "429": false, "500": false, "503": false} {
		c := newClock()
		s := start(t, groups(once, "m: fail-"+status+"-nomodel"), router.Options{Now: c.Now})
		s.chat("m")
		for range 8 {
			got := s.chat("m")
			if cools != strings.Contains(got.body, "all_deployments_in_cooldown") || cools &&
				got.status != http.StatusTooManyRequests {
				t.Errorf("%s: %d %s", status, got.status, got.body)
			}
		}
		if want := map[bool]int{true: 1, false: 9}[cools]; len(s.up.Calls()) != want {
			t.Errorf("%s: %d calls, want %d", status, len(s.up.Calls()), want)
		}
	}
}

func TestTheCooldownTellsHowLongItStillLastsOnEveryRouteAndEnds(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := start(t, groups(once, "m: fail-401"), router.Options{Now: c.Now})
	s.chat("m")
	c.pass(3500 * time.Millisecond)
	for _, send := range []func(string, ...string) reply{s.chat, s.messages} {
		got := send("m")
		if got.status != 429 || got.header.Get("Retry-After") != "2" ||
			!strings.Contains(got.body, "Try again in 2 seconds") || strings.Contains(got.body, "m-fail-401") {
			t.Errorf("%d, retry-after %q: %s", got.status, got.header.Get("Retry-After"), got.body)
		}
	}
	c.pass(1600 * time.Millisecond)
	if got := s.chat("m"); got.status != 401 || len(s.up.Calls()) != 2 {
		t.Errorf("after the cooldown: %d, %d calls", got.status, len(s.up.Calls()))
	}
	log := s.log.String()
	if strings.Count(log, "cooldown began") != 2 || strings.Count(log, "cooldown ended") != 1 {
		t.Errorf("log: %s", log)
	}
}

func TestCooldownsOfOneOfTwoByDefault(t *testing.T) {
	t.Parallel()
	for bad, calls := range map[string]int{"fail-429-x": 1, "fail-401-x": 1, "fail-500-x": 5, "fail-403-x": 40} {
		c := newClock()
		s := start(t, groups(once, "m: "+bad+" ok"), router.Options{Now: c.Now, Rand: alternate()})
		for range 80 {
			s.chat("m")
		}
		n := 0
		for _, m := range s.models() {
			if m == bad {
				n++
			}
		}
		if n != calls {
			t.Errorf("%s was asked %d times, want %d", bad, n, calls)
		}
	}
}

// alternate is a random source that picks the first and the second of two in turn.
func alternate() func() float64 {
	var mu sync.Mutex
	second := true
	return func() float64 {
		mu.Lock()
		defer mu.Unlock()
		second = !second
		return map[bool]float64{false: 0, true: 0.75}[second]
	}
}

func TestAllowedFailsAndCooldownTimeWhereverTheyStand(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		settings string
		strict   bool
		status   string
		calls    int // of eight requests within the cooldown
	}{
		{"router_settings: {allowed_fails: 1, cooldown_time: 12, num_retries: 0}\n", false, "500", 2},
		{"router_settings: {allowed_fails: 1, cooldown_time: 12, num_retries: 0}\n", false, "401", 2},
		{"router_settings: {allowed_fails: 1, cooldown_time: 12, num_retries: 0}\n", false, "403", 8},
		{"router_settings: {allowed_fails: 3, cooldown_time: 12, num_retries: 0}\n", false, "500", 4},
		{"router_settings: {allowed_fails: 3, cooldown_time: 12, num_retries: 0}\n", true, "500", 8},
		{"litellm_settings: {allowed_fails: 1, cooldown_time: 12, num_retries: 0}\n", false, "500", 2},
		{"litellm_settings: {allowed_fails: 1, cooldown_time: 12, num_retries: 0}\n", true, "500", 8},
		{"router_settings: {allowed_fails: 0, cooldown_time: 0, num_retries: 0}\n", false, "500", 8},
		{"router_settings: {disable_cooldowns: true, num_retries: 0}\n", false, "401", 8},
	} {
		clk := newClock()
		s := start(t, groups(c.settings, "m: fail-"+c.status), router.Options{Now: clk.Now, StrictParity: c.strict})
		for range 8 {
			s.chat("m")
			clk.pass(time.Second)
		}
		if n := len(s.up.Calls()); n != c.calls {
			t.Errorf("%+v: %d calls", c, n)
		}
	}
}

func TestWeightsDecideHowOftenADeploymentIsChosen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		yaml string
		want [2]int // of 100 evenly spread random numbers
	}{
		"uniform":      {groups("", "m: a b"), [2]int{50, 50}},
		"weight 3:1":   {groups("", "m: a | weight: 3", "m: b | weight: 1"), [2]int{75, 25}},
		"weight 1:no":  {groups("", "m: a | weight: 1", "m: b"), [2]int{100, 0}},
		"rpm 90:10":    {groups("", "m: a | rpm: 90", "m: b | rpm: 10"), [2]int{90, 10}},
		"order 2 last": {groups("", "m: a | order: 1", "m: b | order: 2"), [2]int{100, 0}},
	} {
		i := 0
		s := start(t, c.yaml, router.Options{Rand: func() float64 { i++; return float64(i%100) / 100 }})
		got := [2]int{}
		for range 100 {
			s.chat("m")
		}
		for _, m := range s.models() {
			got[map[string]int{"a": 0, "b": 1}[m]]++
		}
		if got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
