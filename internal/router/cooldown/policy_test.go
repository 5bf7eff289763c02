package cooldown_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

// A failure is one request and one failure: five failures of five requests
// exceed a half, five of ten do not.
func TestEveryKindOfFailureCountsExactlyOnce(t *testing.T) {
	t.Parallel()
	for bad, stream := range map[string]string{"fail-500": "", "reset": "", "html": "", "badjson": "",
		"cut": `,"stream":true`, "cut0": `,"stream":true`, "errstream": `,"stream":true`, "errfirst": `,"stream":true`} {
		t.Run(bad, func(t *testing.T) {
			t.Parallel()
			s := routertest.Start(t, routertest.TwoDeployments(bad, ""), router.Options{Now: routertest.NewClock().Now, Rand: routertest.Alternate()})
			for range 40 {
				s.Chat("m", stream)
			}
			if n := s.CountFailures(); n != 5 {
				t.Errorf("default rule: %d failures, want 5", n)
			}
			s = routertest.Start(t, routertest.TwoDeployments(bad, ", allowed_fails: 2, cooldown_time: 5"),
				router.Options{Now: routertest.NewClock().Now, Rand: routertest.Alternate()})
			for range 40 {
				s.Chat("m", stream)
			}
			if n := s.CountFailures(); n != 3 {
				t.Errorf("allowed_fails 2: %d failures, want 3", n)
			}
		})
	}
}

// With four successes, one failure of five is far from a half; with allowed_fails 0 it is one too many.
func TestASuccessIsOneRequest(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"whole": "", "stream": `,"stream":true`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := false
			up := routertest.Serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
				switch {
				case bad:
					routertest.WriteError(w, 500)
				case body == "":
					routertest.WriteReply(w)
				default:
					w.Header().Set("Content-Type", "text/event-stream")
					fmt.Fprint(w, "data: {\"model\":\"up\",\"choices\":[{\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
				}
			})
			// a dead sibling makes the percent rule hold
			yaml := strings.Replace(routertest.OneDeployment("router_settings: {num_retries: 0}\n"), "general_settings",
				"  - {model_name: m, litellm_params: {model: openai/up, api_base: http://DOWN/v1, api_key: k, weight: 0}, "+
					"model_info: {id: e}}\ngeneral_settings", 1)
			yaml = strings.Replace(yaml, "api_key: k-secret}", "api_key: k-secret, weight: 1}", 1)
			s := routertest.StartAt(t, up.Addr(), yaml, router.Options{Now: routertest.NewClock().Now})
			for range 4 {
				s.Chat("m", body)
			}
			bad = true
			for i := range 5 { // 4 of 8 are a half, 5 of 9 are more
				if got := s.Chat("m", body); got.Status != 500 {
					t.Fatalf("failure %d: %d", i, got.Status)
				}
			}
			calls := up.Calls()
			s.Chat("m", body)
			if up.Calls() != calls || calls != 9 {
				t.Errorf("%d calls, then %d", calls, up.Calls())
			}
		})
	}
}

func TestTheDefaultRuleCountsWithinOneMinute(t *testing.T) {
	t.Parallel()
	for after, cools := range map[time.Duration]bool{59 * time.Second: true, time.Minute: false} {
		clk := routertest.NewClock()
		s := routertest.Start(t, routertest.Groups(routertest.WithoutRetries, "m: fail-500 | order: 1", "m: ok | order: 2"), router.Options{Now: clk.Now})
		for range 4 {
			s.Chat("m")
		}
		clk.Advance(after)
		s.Chat("m")
		s.Chat("m")
		if n := s.CountAsked("fail-500"); (n == 5) != cools {
			t.Errorf("after %v: asked %d times", after, n)
		}
	}
}

func TestTheWindowOfAllowedFailsIsTheCooldownTime(t *testing.T) {
	t.Parallel()
	for after, cools := range map[time.Duration]bool{19 * time.Second: true, 20 * time.Second: false} {
		clk := routertest.NewClock()
		s := routertest.Start(t, routertest.Groups("router_settings: {num_retries: 0, allowed_fails: 1, cooldown_time: 20}\n", "m: fail-500"),
			router.Options{Now: clk.Now})
		s.Chat("m")
		clk.Advance(after)
		s.Chat("m")
		if got := s.Chat("m"); got.IsCooling() != cools {
			t.Errorf("after %v: %d", after, got.Status)
		}
	}
}

func TestTheDeploymentsOwnCooldownTimeWins(t *testing.T) {
	t.Parallel()
	clk := routertest.NewClock()
	s := routertest.Start(t, routertest.Groups(routertest.CooldownAtOnce, "m: fail-429-ra30 | cooldown_time: 12"), router.Options{Now: clk.Now})
	s.Chat("m")
	if got := s.Chat("m"); got.Header.Get("Retry-After") != "12" {
		t.Errorf("Retry-After %s", got.Header.Get("Retry-After"))
	}
}

func TestAClientsOwnTroubleNeverCoolsADeployment(t *testing.T) {
	t.Parallel()
	t.Run("it leaves", func(t *testing.T) {
		t.Parallel()
		s := routertest.Start(t, routertest.Groups(routertest.CooldownAtOnce, "wait: ttfb9000", "whole: sleep9000", "stream: pausemid"),
			router.Options{Now: routertest.NewClock().Now})
		for model, body := range map[string]string{"wait": `,"stream":true`, "whole": "", "stream": `,"stream":true`} {
			ctx, leave := context.WithCancel(t.Context())
			req, err := http.NewRequestWithContext(ctx, "POST", s.URL+"/v1/chat/completions",
				strings.NewReader(`{"messages":[],"model":"`+model+`"`+body+`}`))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer sk-test")
			before := len(s.Upstream.Calls())
			var client sync.WaitGroup
			client.Go(func() {
				if res, err := routertest.Client.Do(req); err == nil {
					_, _ = io.Copy(io.Discard, res.Body) // until it leaves
					_ = res.Body.Close()
				}
			})
			routertest.Eventually(t, model+" reaches the upstream", func() bool { return len(s.Upstream.Calls()) > before })
			leave()
			client.Wait()
		}
		routertest.Eventually(t, "the upstream is left", func() bool {
			return s.Upstream.Gone("ttfb9000")+s.Upstream.Gone("sleep9000")+
				s.Upstream.Gone("pausemid") == 3
		})
		if log := s.Log.String(); strings.Contains(log, "failed") || strings.Contains(log, "cooldown") {
			t.Error(log)
		}
	})
	t.Run("it reads slowly", func(t *testing.T) {
		t.Parallel()
		const pieces = 400
		up := routertest.Serve(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			for range pieces { // more than all socket buffers hold
				fmt.Fprintf(w, "data: {\"model\":\"up\",\"choices\":[{\"finish_reason\":\"stop\",\"text\":%q}]}\n\n",
					strings.Repeat("x", 64<<10))
			}
			fmt.Fprint(w, "data: [DONE]\n\n")
		})
		s := routertest.StartAt(t, up.Addr(), routertest.OneDeployment("router_settings: {allowed_fails: 0, cooldown_time: 5, num_retries: 0, "+
			"stream_timeout: 1.5}\n"), router.Options{})
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		const body = `{"model":"m","stream":true,"messages":[]}`
		fmt.Fprintf(conn, "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: "+
			"Bearer sk-test\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		time.Sleep(3 * time.Second) // twice the upstream's limit without reading
		all, err := io.ReadAll(conn)
		if n := strings.Count(string(all), "data: {"); err != nil || n != pieces || !strings.Contains(string(all), "[DONE]") {
			t.Errorf("%d events, %v, ...%q", n, err, string(all[max(0, len(all)-300):]))
		}
		if log := s.Log.String(); strings.Contains(log, "failed") || strings.Contains(log, "cooldown") {
			t.Error(log)
		}
	})
}

func TestAMissingRouteAndCountedTokensNeverCoolADeployment(t *testing.T) {
	t.Parallel()
	for _, status := range []int{404, 405, 500} {
		up := routertest.Serve(t, func(_ int, w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "chat") {
				routertest.WriteReply(w)
				return
			}
			w.WriteHeader(status)
			fmt.Fprint(w, "page not found")
		})
		s := routertest.StartAt(t, up.Addr(), routertest.OneDeployment(routertest.CooldownAtOnce), router.Options{})
		paths := map[string]string{"/v1/messages/count_tokens": `"messages":[]`}
		if status != 500 {
			paths["/v1/messages"] = `"messages":[],"max_tokens":1`
			paths["/v1/responses"] = `"input":"x"`
			paths["/v1/embeddings"] = `"input":"x"`
			paths["/v1/completions"] = `"prompt":"x"`
		}
		for path, rest := range paths {
			s.Send("POST", path, `{"model":"m",`+rest+`}`, nil)
			if got := s.Chat("m"); got.Status != 200 {
				t.Errorf("%d on %s: chat is %d", status, path, got.Status)
			}
		}
	}
}
func TestASingleDeploymentCoolsDownByDefaultOnlyAfter401And404(t *testing.T) {
	t.Parallel()
	for status, cools := range map[string]bool{"400": false, "401": true, "403": false, "404": true, "408": false,
		"422": false, "429": false, "500": false, "503": false} {
		c := routertest.NewClock()
		s := routertest.Start(t, routertest.Groups(routertest.WithoutRetries, "m: fail-"+status+"-nomodel"), router.Options{Now: c.Now})
		s.Chat("m")
		for range 8 {
			got := s.Chat("m")
			if cools != strings.Contains(got.Body, "all_deployments_in_cooldown") || cools &&
				got.Status != http.StatusTooManyRequests {
				t.Errorf("%s: %d %s", status, got.Status, got.Body)
			}
		}
		if want := map[bool]int{true: 1, false: 9}[cools]; len(s.Upstream.Calls()) != want {
			t.Errorf("%s: %d calls, want %d", status, len(s.Upstream.Calls()), want)
		}
	}
}

func TestTheCooldownTellsHowLongItStillLastsOnEveryRouteAndEnds(t *testing.T) {
	t.Parallel()
	c := routertest.NewClock()
	s := routertest.Start(t, routertest.Groups(routertest.WithoutRetries, "m: fail-401"), router.Options{Now: c.Now})
	s.Chat("m")
	c.Advance(3500 * time.Millisecond)
	for _, send := range []func(string, ...string) routertest.Reply{s.Chat, s.Messages} {
		got := send("m")
		if got.Status != 429 || got.Header.Get("Retry-After") != "2" ||
			!strings.Contains(got.Body, "Try again in 2 seconds") || strings.Contains(got.Body, "m-fail-401") {
			t.Errorf("%d, retry-after %q: %s", got.Status, got.Header.Get("Retry-After"), got.Body)
		}
	}
	c.Advance(1600 * time.Millisecond)
	if got := s.Chat("m"); got.Status != 401 || len(s.Upstream.Calls()) != 2 {
		t.Errorf("after the cooldown: %d, %d calls", got.Status, len(s.Upstream.Calls()))
	}
	log := s.Log.String()
	if strings.Count(log, "cooldown began") != 2 || strings.Count(log, "cooldown ended") != 1 {
		t.Errorf("log: %s", log)
	}
}

func TestOneOfTwoDeploymentsCoolsDownByDefaultAfterManyFailures(t *testing.T) {
	t.Parallel()
	for bad, calls := range map[string]int{"fail-429-x": 1, "fail-401-x": 1, "fail-500-x": 5, "fail-403-x": 40} {
		c := routertest.NewClock()
		s := routertest.Start(t, routertest.Groups(routertest.WithoutRetries, "m: "+bad+" ok"), router.Options{Now: c.Now, Rand: routertest.Alternate()})
		for range 80 {
			s.Chat("m")
		}
		n := 0
		for _, m := range s.Models() {
			if m == bad {
				n++
			}
		}
		if n != calls {
			t.Errorf("%s was asked %d times, want %d", bad, n, calls)
		}
	}
}

func TestAllowedFailsAndCooldownTimeAreReadWhereverTheyStand(t *testing.T) {
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
		clk := routertest.NewClock()
		s := routertest.Start(t, routertest.Groups(c.settings, "m: fail-"+c.status), router.Options{Now: clk.Now, StrictParity: c.strict})
		for range 8 {
			s.Chat("m")
			clk.Advance(time.Second)
		}
		if n := len(s.Upstream.Calls()); n != c.calls {
			t.Errorf("%+v: %d calls", c, n)
		}
	}
}

func TestACooldownLastsFromItsFailureToItsEnd(t *testing.T) {
	t.Parallel()
	for setting, length := range map[string]time.Duration{"": 5 * time.Second,
		", cooldown_time: 0.5": 500 * time.Millisecond, ", cooldown_time: 90": 90 * time.Second} {
		clk := routertest.NewClock()
		s := routertest.Start(t, routertest.Groups("router_settings: {allowed_fails: 0, num_retries: 0"+setting+"}\n", "m: fail-500"),
			router.Options{Now: clk.Now})
		s.Chat("m")
		clk.Advance(length - time.Millisecond)
		if got := s.Chat("m"); !got.IsCooling() {
			t.Errorf("%v: ended early", length)
		}
		clk.Advance(time.Millisecond)
		if got := s.Chat("m"); got.IsCooling() {
			t.Errorf("%v: lasts longer", length)
		}
	}
}

func TestCooldownsCanBeTurnedOff(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Groups("router_settings: {"+routertest.OneTry+"}\n", "m: fail-429-ra600 ok"), router.Options{Now: routertest.NewClock().Now, Rand: routertest.Alternate()})
	for range 20 {
		s.Chat("m")
	}
	if n := s.CountAsked("fail-429-ra600"); n != 10 {
		t.Errorf("asked %d times", n)
	}
}
