package signin_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/auth/authtest"
	"github.com/flowgate-go/flowgate/auth/signin"
	"github.com/flowgate-go/flowgate/internal/cliproxy/cliproxytest"
	"github.com/flowgate-go/flowgate/internal/flaky"
)

// oauthDouble is a double of a provider: the pair of endpoints of oauth_poll and
// a device flow (RFC 8628) whose interval is one second. finish is called by the
// first status question that arrives.
type oauthDouble struct {
	finish func()
	start  string // what /start answers; "" for the usual form
	status string // what /status answers
}

func (d *oauthDouble) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/start":
		text := d.start
		if text == "" {
			text = `{"url":"https://p.example/a?state=s1","state":"s1"}`
		}
		_, _ = w.Write([]byte(text))
	case "/status":
		d.finish()
		_, _ = w.Write([]byte(d.status))
	case "/device":
		_, _ = w.Write([]byte(`{"device_code":"dc","user_code":"AB-CD","verification_uri":"https://p.example/d","expires_in":600,"interval":1}`))
	case "/token":
		_, _ = w.Write([]byte(`{"access_token":"at","refresh_token":"rt","expires_in":3600,"token_type":"bearer"}`))
	default:
		http.NotFound(w, r)
	}
}

// newPolledSite makes a site whose provider acme signs in at the double behind front.
func newPolledSite(t *testing.T, method string, front *flaky.Server, double *oauthDouble) *authtest.Site {
	s := authtest.NewSite(t)
	double.finish = func() {
		s.Credential("acme.json", authtest.Object{"type": "acme", "access_token": "a", "refresh_token": "r"})
	}
	front.Next = double
	srv := httptest.NewServer(front)
	t.Cleanup(srv.Close)
	s.Config.Providers = map[string]map[string]any{"acme": {
		"method": method, "auth_url_endpoint": srv.URL + "/start", "status_endpoint": srv.URL + "/status",
		"device_url": srv.URL + "/device", "token_url": srv.URL + "/token", "client_id": "x",
	}}
	return s
}

// together runs cases at the same time: they wait for the network, not for the
// processor.
type together struct{ wg sync.WaitGroup }

func (c *together) run(work func()) { c.wg.Go(work) }

// networkFaults are what real networks do to a question.
func networkFaults() map[string][]flaky.Fault {
	return map[string][]flaky.Fault{
		"two drops":      {flaky.DropConnection, flaky.DropConnection},
		"500, 502, 503":  {flaky.ReplyStatus(500), flaky.ReplyStatus(502), flaky.ReplyStatus(503)},
		"504 and a drop": {flaky.ReplyStatus(504), flaky.DropConnection},
		"cut":            {flaky.CutBody},
		"cut, no length": {flaky.CutWithoutLength},
		"too many":       {flaky.ReplyRetryAfter(2 * time.Second)},
		"408 and 425":    {flaky.ReplyStatus(408), flaky.ReplyStatus(425)},
		"a portal":       {flaky.ReplyHTML, flaky.ReplyHTML},
		"empty":          {flaky.ReplyJSON(200, "")},
		"moved":          {flaky.ReplyJSON(302, ""), flaky.ReplyJSON(302, "")},
	}
}

func TestOddAnswersOfATokenEndpointAreAskedAgain(t *testing.T) {
	t.Parallel()
	var all together
	plain := func(text string) flaky.Fault {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			_, _ = w.Write([]byte(text))
		}
	}
	for name, fault := range map[string]flaky.Fault{
		"null": flaky.ReplyJSON(200, "null"), "a list": flaky.ReplyJSON(200, "[]"), "moved": flaky.ReplyJSON(302, ""),
		"cut plain text": plain(`{"access_tok`), "nothing": plain(""),
	} {
		for _, path := range []string{"/device", "/token"} {
			all.run(func() {
				front := &flaky.Server{Path: path, Faults: []flaky.Fault{fault}}
				s := newPolledSite(t, "device_code", front, &oauthDouble{})
				if got, _, err := s.Login("acme", signin.Options{Timeout: 30 * time.Second}); err != nil || !got.Changed {
					t.Errorf("%s at %s: %+v, %v", name, path, got, err)
				}
			})
		}
	}
	all.wg.Wait()
}

func TestAServerThatOnlyGivesPagesEndsTheSignInBeforeTheTimeLimit(t *testing.T) {
	t.Parallel()
	var all together
	for method, paths := range map[string][]string{"oauth_poll": {"/start", "/status"},
		"device_code": {"/device", "/token"}} {
		for _, path := range paths {
			all.run(func() {
				front := &flaky.Server{Path: path, Faults: slices.Repeat([]flaky.Fault{flaky.ReplyHTML}, 50)}
				s := newPolledSite(t, method, front, &oauthDouble{status: `{"status":"ok"}`})
				_, _, err := s.Login("acme", signin.Options{Timeout: 90 * time.Second})
				if authtest.WantCode(t, err, "login-failed"); err == nil || !strings.Contains(err.Error(), "text/html") ||
					len(front.RequestTimes()) > 5 {
					t.Errorf("%s: %v, asked %d times", path, err, len(front.RequestTimes()))
				}
			})
		}
	}
	all.wg.Wait()
}

func TestASignInSurvivesABadNetworkInEveryPollingMethod(t *testing.T) {
	t.Parallel()
	var all together
	for name, faults := range networkFaults() {
		for method, path := range map[string]string{"oauth_poll": "/status", "device_code": "/token"} {
			all.run(func() {
				front := &flaky.Server{Path: path, Faults: faults}
				s := newPolledSite(t, method, front, &oauthDouble{status: `{"status":"ok"}`})
				got, _, err := s.Login("acme", signin.Options{Timeout: 60 * time.Second})
				if err != nil || !got.Changed || len(front.RequestTimes()) != len(faults)+1 {
					t.Errorf("%s, %s: %+v, %v, %d questions", method, name, got, err, len(front.RequestTimes()))
				}
			})
		}
		all.run(func() {
			s := authtest.NewSite(t)
			front := &flaky.Server{Path: "/v0/management/get-auth-status", Faults: faults}
			double := &cliproxytest.Server{Seven: true, Words: []string{"codex"}, Finish: authtest.WritesCodex(s), Front: front.InFrontOf}
			s.Serve(double)
			out := authtest.AnswerCallback(s, s.MoveCallback(), "code=good&state=STATE")
			got, _, err := s.Login("codex", signin.Options{Timeout: 60 * time.Second, Terminal: signin.Terminal{Out: out}})
			if err != nil || !got.Changed || len(front.RequestTimes()) != len(faults)+1 {
				t.Errorf("management, %s: %+v, %v, %d questions", name, got, err, len(front.RequestTimes()))
			}
			if slices.Contains(double.Asked(), "DELETE /v0/management/oauth-session") {
				t.Errorf("%s: the sign-in was cancelled at the server", name)
			}
		})
	}
	all.wg.Wait()
}

func TestTheBrowsersAnswerIsHandedOverAgainWhenItWasLost(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	front := &flaky.Server{Path: "/v0/management/oauth-callback",
		Faults: []flaky.Fault{flaky.ReplyStatus(502), flaky.DropConnection}}
	s.Serve(&cliproxytest.Server{Seven: true, Words: []string{"codex"}, Finish: authtest.WritesCodex(s), Front: front.InFrontOf})
	out := authtest.AnswerCallback(s, s.MoveCallback(), "code=good&state=STATE")
	got, _, err := s.Login("codex", signin.Options{Timeout: 30 * time.Second, Terminal: signin.Terminal{Out: out}})
	if err != nil || !got.Changed || len(front.RequestTimes()) != 3 {
		t.Errorf("%+v, %v, %d tries", got, err, len(front.RequestTimes()))
	}
}

func TestALostFirstRequestIsSentAgain(t *testing.T) {
	t.Parallel()
	var all together
	for method, path := range map[string]string{"oauth_poll": "/start", "device_code": "/device"} {
		all.run(func() {
			front := &flaky.Server{Path: path, Faults: []flaky.Fault{flaky.DropConnection, flaky.ReplyStatus(502)}}
			s := newPolledSite(t, method, front, &oauthDouble{status: `{"status":"ok"}`})
			if got, _, err := s.Login("acme", signin.Options{Timeout: 30 * time.Second}); err != nil || !got.Changed {
				t.Errorf("%s: %+v, %v", method, got, err)
			}
		})
	}
	all.wg.Wait()
}

func TestAFinalAnswerEndsThePolling(t *testing.T) {
	t.Parallel()
	var all together
	for method, path := range map[string]string{"oauth_poll": "/status", "device_code": "/token"} {
		for status, text := range map[int]string{400: `{"error":"invalid_request"}`, 404: `{}`, 410: `{}`} {
			all.run(func() {
				front := &flaky.Server{Path: path, Faults: []flaky.Fault{flaky.ReplyJSON(status, text)}}
				s := newPolledSite(t, method, front, &oauthDouble{status: `{"status":"ok"}`})
				_, _, err := s.Login("acme", signin.Options{Timeout: 20 * time.Second})
				if authtest.WantCode(t, err, "login-failed"); len(front.RequestTimes()) != 1 {
					t.Errorf("%s %d: asked %d times", method, status, len(front.RequestTimes()))
				}
			})
		}
	}
	all.wg.Wait()
}

func TestTheTimeLimitEndsASignInWhoseServerStaysAwayAndNamesTheCause(t *testing.T) {
	t.Parallel()
	var all together
	for method, path := range map[string]string{"oauth_poll": "/status", "device_code": "/token"} {
		all.run(func() {
			front := &flaky.Server{Path: path, Faults: slices.Repeat([]flaky.Fault{flaky.ReplyStatus(503)}, 50)}
			s := newPolledSite(t, method, front, &oauthDouble{status: `{"status":"ok"}`})
			_, _, err := s.Login("acme", signin.Options{Timeout: 2 * time.Second})
			if authtest.WantCode(t, err, "login-timeout"); err == nil || !strings.Contains(err.Error(), "503") {
				t.Errorf("%s: the cause is not named: %v", method, err)
			}
		})
	}
	all.wg.Wait()
}

func TestSlowDownAndIntervalsAreHonoured(t *testing.T) {
	t.Parallel()
	const slow, word = `{"error":"slow_down"}`, `{"status":"slow_down"}`
	var all together
	for name, c := range map[string]struct {
		method, path string
		fault        flaky.Fault
		start        string
		pause        time.Duration
	}{
		"a word":       {"oauth_poll", "/status", flaky.ReplyJSON(200, word), "", 6500 * time.Millisecond},
		"an error":     {"oauth_poll", "/status", flaky.ReplyJSON(400, slow), "", 6500 * time.Millisecond},
		"an error 429": {"oauth_poll", "/status", flaky.ReplyJSON(429, slow), "", 6500 * time.Millisecond},
		"interval": {"oauth_poll", "/status", flaky.ReplyJSON(200, `{"status":"wait"}`),
			`{"url":"https://p.example/a","interval":4}`, 4 * time.Second},
		"interval later": {"oauth_poll", "/status", flaky.ReplyJSON(200, `{"status":"wait","interval":4}`), "",
			4 * time.Second},
		"pending, 400": {"oauth_poll", "/status", flaky.ReplyJSON(400, `{"error":"authorization_pending"}`), "",
			1500 * time.Millisecond},
		"Retry-After":      {"oauth_poll", "/status", flaky.ReplyRetryAfter(4 * time.Second), "", 4 * time.Second},
		"Retry-After, too": {"device_code", "/token", flaky.ReplyRetryAfter(4 * time.Second), "", 4 * time.Second},
	} {
		all.run(func() {
			front := &flaky.Server{Path: c.path, Faults: []flaky.Fault{c.fault}}
			s := newPolledSite(t, c.method, front, &oauthDouble{status: `{"status":"ok"}`, start: c.start})
			_, _, err := s.Login("acme", signin.Options{Timeout: 30 * time.Second})
			if waits := s.Waited(); err != nil || len(front.RequestTimes()) != 2 ||
				!slices.Equal(waits, []time.Duration{c.pause}) {
				t.Errorf("%s: %v, asked %d times with waits of %v", name, err, len(front.RequestTimes()), waits)
			}
		})
	}
	all.wg.Wait()
}

// The intervals of a device flow are kept by x/oauth2, in real time.
func TestSlowDownAndTheIntervalOfADeviceFlowAreHonoured(t *testing.T) {
	t.Parallel()
	const slow = `{"error":"slow_down"}`
	var all together
	for name, c := range map[string]struct {
		fault flaky.Fault
		pause time.Duration
	}{
		"200":     {flaky.ReplyJSON(200, slow), 6 * time.Second},
		"400":     {flaky.ReplyJSON(400, slow), 6 * time.Second},
		"429":     {flaky.ReplyJSON(429, slow), 6 * time.Second},
		"pending": {flaky.ReplyJSON(503, `{"error":"authorization_pending"}`), time.Second},
	} {
		all.run(func() {
			front := &flaky.Server{Path: "/token", Faults: []flaky.Fault{c.fault}}
			s := newPolledSite(t, "device_code", front, &oauthDouble{})
			_, _, err := s.Login("acme", signin.Options{Timeout: 30 * time.Second})
			at := front.RequestTimes() // a ticker makes up for a request that was late
			if err != nil || len(at) != 2 || at[1].Sub(at[0]) < c.pause-time.Second/2 {
				t.Errorf("%s: %v, asked at %v", name, err, at)
			}
		})
	}
	all.wg.Wait()
}

func TestReplyFormsOfOlderServersAreUnderstood(t *testing.T) {
	t.Parallel()
	var all together
	for _, start := range []string{
		`{"auth_url":"https://p.example/a"}`, `{"login_url":"https://p.example/a"}`,
		`{"url":"https://p.example/a","status":true,"interval":"2"}`,
	} {
		for _, status := range []string{"authorized", "Completed", "SUCCESS", "ok"} {
			all.run(func() {
				s := newPolledSite(t, "oauth_poll", &flaky.Server{}, &oauthDouble{start: start, status: `{"status":"` + status + `"}`})
				_, w, err := s.Login("acme", signin.Options{Timeout: 5 * time.Second})
				if err != nil || !strings.Contains(w.String(), "https://p.example/a") {
					t.Errorf("%s, %s: %v", start, status, err)
				}
			})
		}
	}
	for _, status := range []string{"cancelled", "canceled", "Denied", "expired", "failed"} {
		s := newPolledSite(t, "oauth_poll", &flaky.Server{}, &oauthDouble{status: `{"status":"` + status + `"}`})
		_, _, err := s.Login("acme", signin.Options{Timeout: 5 * time.Second})
		authtest.WantCode(t, err, "login-failed")
	}
	all.wg.Wait()
}

func TestAStrayRequestToTheCallbackChangesNothing(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	s.Serve(&cliproxytest.Server{Seven: true, Words: []string{"codex"}, Finish: authtest.WritesCodex(s)})
	redirect := s.MoveCallback()
	var replies []string
	w := &authtest.Terminal{On: regexp.MustCompile(`state=(\S+)\n`), Act: func(m []string) {
		for _, stray := range []struct{ method, query, host string }{
			{"GET", "?code=x", ""}, {"GET", "?code=x&state=other", ""}, {"GET", "?error=access_denied", ""},
			{"GET", "?error=access_denied&state=", ""},
			{"HEAD", "?code=good&state=" + m[1], ""}, {"POST", "?code=good&state=" + m[1], ""}, {"GET", "", ""},
			{"GET", "?state=" + m[1], ""},
			{"GET", "/more?code=bad&state=" + m[1], ""}, {"GET", "?code=bad&state=" + m[1], "evil.example"},
			{"GET", "?code=bad&state=" + m[1], "127.0.0.1.nip.io:80"},
		} {
			req, _ := http.NewRequestWithContext(t.Context(), stray.method, redirect+stray.query, nil)
			req.Host = stray.host
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Error(err)
				continue
			}
			_ = res.Body.Close()
			replies = append(replies, fmt.Sprint(res.StatusCode))
		}
		authtest.Get(t, authtest.Browser(t), redirect+"?code=good&state="+m[1])
	}}
	got, _, err := s.Login("codex", signin.Options{Timeout: 20 * time.Second, Terminal: signin.Terminal{Out: w}})
	if err != nil || got.Account.Email != "new@x.y" {
		t.Fatalf("%+v, %v", got, err)
	}
	if want := "400 400 400 400 405 405 400 400 404 400 400"; strings.Join(replies, " ") != want {
		t.Errorf("replies %s, not %s", strings.Join(replies, " "), want)
	}
}

func TestWhatAProviderSaysIsShownAndNotObeyed(t *testing.T) {
	t.Parallel()
	s := newPolledSite(t, "oauth_poll", &flaky.Server{}, &oauthDouble{
		start:  `{"url":"https://p.example/\u001b]0;x\u0007\nOpen evil","user_code":"A\u202e\u001b[2J"}`,
		status: `{"status":"ok"}`,
	})
	_, w, _ := s.Login("acme", signin.Options{Timeout: 5 * time.Second})
	if strings.ContainsAny(w.String(), "\x1b\x07\u202e") || strings.Contains(w.String(), "\nOpen evil") {
		t.Errorf("%q", w)
	}
}

func TestTheOldPairOfEndpointsSendsNoKeyInTheClear(t *testing.T) {
	t.Parallel()
	for _, c := range []authtest.Object{
		{"base_url": "http://192.0.2.2", "auth_url_endpoint": "/start", "status_endpoint": "/status"},
		{"auth_url_endpoint": "http://192.0.2.2/start", "status_endpoint": "http://127.0.0.1:1/status"},
		{"auth_url_endpoint": "http://127.0.0.1:1/start", "status_endpoint": "http://localhost.evil.example/status"},
		{"base_url": "ftp://127.0.0.1", "auth_url_endpoint": "/start", "status_endpoint": "/status"},
	} {
		s := authtest.NewSite(t)
		s.Env.Getenv = func(string) string { return authtest.Canary }
		c["method"], c["key_env"] = "oauth_poll", "K"
		s.Config.Providers = map[string]map[string]any{"acme": c}
		_, _, err := s.Login("acme", signin.Options{Timeout: 5 * time.Second})
		authtest.WantCode(t, err, "provider-invalid")
	}
}
