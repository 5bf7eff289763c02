package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/grant"
	"github.com/flowgate-go/flowgate/auth/signin"
	"github.com/flowgate-go/flowgate/auth/signin/retry"
	"github.com/flowgate-go/flowgate/auth/source"
	"github.com/flowgate-go/flowgate/auth/status"
	"github.com/flowgate-go/flowgate/internal/cliproxy/cliproxytest"
	"github.com/flowgate-go/flowgate/internal/config"
)

const managementKey = canary + "-management"

// serve gives the site a double of CLIProxyAPI as its upstream.
func (s *site) serve(double *cliproxytest.Server) {
	s.t.Helper()
	double.Key, double.Dir = managementKey, s.cfg.Paths.Auths()
	if err := os.MkdirAll(double.Dir, 0o700); err != nil {
		s.t.Fatal(err)
	}
	at, err := url.Parse(double.Start(s.t).URL)
	if err != nil {
		s.t.Fatal(err)
	}
	port, _ := strconv.Atoi(at.Port())
	for i := range s.cfg.Services {
		if s.cfg.Services[i].Name == config.CLIProxy {
			s.cfg.Services[i].Runtime, s.cfg.Services[i].Port = config.RuntimeCLIProxyAPI, port
		}
	}
	s.put(filepath.Join(s.cfg.Paths.Secrets(), "management.key"), managementKey+"\n")
}

// writes makes the double end a sign-in by writing a codex credential.
func writes(s *site) func(string) string {
	return func(code string) string {
		if code != "good" {
			return "Failed to exchange authorization code for tokens: bad code"
		}
		s.credential("codex-new.json", codex("new@x.y", "rt-new", 10*24*time.Hour))
		return ""
	}
}

// answering opens the callback page that the provider's address leads to, once
// it is shown, with this query; STATE in it is the real one.
func answering(s *site, redirect, query string) *terminal {
	return &terminal{on: regexp.MustCompile(`state=(\S+)\n`), act: func(m []string) {
		get(s.t.(*testing.T), browser(s.t.(*testing.T)), redirect+"?"+strings.ReplaceAll(query, "STATE", m[1]))
	}}
}

// callbackAt moves the provider's callback to a free port.
func (s *site) callbackAt() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	at := "http://" + l.Addr().String() + "/auth/callback"
	s.cfg.Providers = map[string]map[string]any{"codex": {"method": "management", "redirect_url": at}}
	return at
}

func TestTheServerSignsInAndOnlyItsFileCounts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		query string
		code  string // "" for success
	}{
		"good":           {"code=good&state=STATE", ""},
		"bad code":       {"code=bad&state=STATE", "login-failed"},
		"denied":         {"error=access_denied&state=STATE", "login-denied"},
		"state mismatch": {"code=good&state=other", "login-timeout"}, // it goes on waiting
	} {
		for _, seven := range []bool{true, false} {
			t.Run(fmt.Sprint(name, seven), func(t *testing.T) {
				t.Parallel()
				s := newSite(t)
				double := &cliproxytest.Server{Seven: seven, Words: []string{"codex"}, Finish: writes(s)}
				s.serve(double)
				limit := 20 * time.Second
				if c.code == "login-timeout" {
					limit = 2 * time.Second
				}
				got, w, err := s.login("codex", signin.Options{Timeout: limit,
					Terminal: signin.Terminal{Out: answering(s, s.callbackAt(), c.query)}})
				if strings.Contains(w.String(), canary) {
					t.Errorf("a secret is shown: %s", w)
				}
				if c.code != "" {
					wantCode(t, err, c.code)
					if len(s.accounts()) > 0 {
						t.Error("something was written")
					}
					if seven && name == "state mismatch" && !slices.Contains(double.Asked(), "DELETE /v0/management/oauth-session") {
						t.Errorf("not cancelled: %v", double.Asked())
					}
					return
				}
				if err != nil || !got.Changed || got.Account.Email != "new@x.y" ||
					!strings.Contains(got.Proof, "the server lists it") {
					t.Errorf("%+v, %v", got, err)
				}
			})
		}
	}
}

// TestAWordWithoutAFileIsNoSuccess: the older server says ok to what it never saw.
func TestAWordWithoutAFileIsNoSuccess(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.serve(&cliproxytest.Server{Words: []string{"codex"}, Finish: func(string) string { return "" }})
	s.credential("codex-old.json", codex("old@x.y", "r", time.Hour)) // not of this sign-in
	_, _, err := s.login("codex", signin.Options{Timeout: 20 * time.Second,
		Terminal: signin.Terminal{Out: answering(s, s.callbackAt(), "code=good&state=STATE")}})
	wantCode(t, err, "login-unproven")
}

func TestCtrlCCancelsAtTheServer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	double := &cliproxytest.Server{Seven: true, Words: []string{"codex"}}
	s.serve(double)
	s.callbackAt()
	ctx, cancel := context.WithCancel(t.Context())
	w := &terminal{on: address, act: func([]string) { cancel() }}
	_, err := signin.Login(ctx, s.cfg, s.env, "codex", signin.Options{Terminal: signin.Terminal{Out: w}})
	if !errors.Is(err, context.Canceled) || !slices.Contains(double.Asked(), "DELETE /v0/management/oauth-session") {
		t.Errorf("%v: %v", err, double.Asked())
	}
}

func TestPollingIsNoFasterThanItMayBe(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	double := &cliproxytest.Server{Seven: true, Words: []string{"kimi"}}
	s.serve(double)
	_, _, err := s.login("kimi", signin.Options{Timeout: 300 * time.Millisecond})
	wantCode(t, err, "login-timeout")
	polls := 0
	for _, asked := range double.Asked() {
		if strings.HasSuffix(asked, "get-auth-status") {
			polls++
		}
	}
	waits := s.waited()
	if polls < 2 || len(waits) < polls-1 || slices.Min(waits) < retry.MinPause {
		t.Errorf("%d polls with waits of %v", polls, waits)
	}
}

func TestAProviderThatTheServerLacksIsSaid(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.serve(&cliproxytest.Server{Seven: true, Words: []string{"codex"}})
	_, _, err := s.login("iflow", signin.Options{Timeout: 5 * time.Second})
	wantCode(t, err, "provider-unsupported")
	s.put(s.home(".qwen/oauth_creds.json"), object{"access_token": "at", "refresh_token": "r4",
		"expiry_date": now().Add(time.Hour).UnixMilli()})
	_, err = s.importing("qwen", source.Options{Share: true})
	wantCode(t, err, "provider-unsupported")
	if len(s.accounts()) > 0 {
		t.Error("it was written")
	}
}

func TestAWrongManagementKeyIsTriedOnceOverManyCommands(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	double := &cliproxytest.Server{Seven: true, Words: []string{"codex"}}
	s.serve(double)
	s.env.Now = time.Now
	file := s.put(filepath.Join(s.cfg.Paths.Secrets(), "management.key"), canary+"-wrong")
	for range 6 {
		_, err := status.Read(t.Context(), s.cfg, s.env, status.Options{Live: true})
		wantCode(t, err, "management-key-refused")
	}
	if n := len(double.Asked()); n != 1 {
		t.Errorf("asked %d times", n)
	}
	s.put(file, managementKey)
	if _, err := status.Read(t.Context(), s.cfg, s.env, status.Options{Live: true}); err != nil {
		t.Errorf("with the right key: %v", err)
	}
}

func TestAnImportIsProvenByTheRunningServer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	double := &cliproxytest.Server{Seven: true, Models: map[string]int{"claude-none.json": 0}}
	s.serve(double)
	s.put(s.home(".codex/auth.json"), codexCLI("a@x.y", "r", time.Hour))
	got, err := s.importing("codex", source.Options{Share: true})
	if err != nil || got.Account.Live == nil || got.Account.Live.Models != 3 {
		t.Errorf("%+v, %v", got, err)
	}
	s.put(s.home(".claude/.credentials.json"), claudeCode("r2", now().Add(time.Hour)))
	_, err = s.importing("claude", source.Options{Share: true, Label: "none"})
	wantCode(t, err, "proof-failed")
}

func TestTheServersWordChangesAState(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	retry := now().Add(time.Hour)
	s.serve(&cliproxytest.Server{Seven: true, Status: map[string]map[string]any{
		"dead.json": {"status": "error", "status_message": `refresh failed: {"error":"invalid_grant"}`},
		"parked.json": {"status": "error", "unavailable": true, "status_message": "429 usage_limit_reached",
			"next_retry_after": retry.Format(time.RFC3339)},
	}})
	for _, name := range []string{"dead", "parked", "well"} {
		s.credential(name+".json", codex(name+"@x.y", "r-"+name, time.Hour))
	}
	view, err := status.Read(t.Context(), s.cfg, s.env, status.Options{Live: true})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]auth.State{"dead": auth.Dead, "parked": auth.Parked, "well": auth.Fresh}
	for _, a := range view.Accounts {
		if a.State != want[a.Account] || a.Live == nil || !a.Live.Listed {
			t.Errorf("%s: %s, %q", a.Account, a.State, a.Evidence)
		}
	}
}

func TestAServerThatIsDownLeavesAccountsUnreachableNotDead(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.serve(&cliproxytest.Server{Seven: true})
	s.cfg.Services[0].Port = 1
	s.credential("a.json", codex("a@x.y", "r", time.Hour))
	view, err := status.Read(t.Context(), s.cfg, s.env, status.Options{Live: true})
	if err != nil || view.Server.Answers || view.Accounts[0].State != auth.Unreachable {
		t.Errorf("%+v, %v", view, err)
	}
	_, _, err = s.login("codex", signin.Options{Timeout: time.Second})
	wantCode(t, err, "method-unready")
}

func TestTheOldPairOfEndpointsStillSignsIn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	double := &cliproxytest.Server{Seven: true, Words: []string{"codex"}, Finish: writes(s)}
	s.serve(double)
	s.cfg.Providers = map[string]map[string]any{"codex": {
		"method": "oauth_poll", "auth_url_endpoint": "/v0/management/codex-auth-url?is_webui=true",
		"status_endpoint": "/v0/management/get-auth-status",
	}}
	base := s.cfg.Services[0].URL()
	w := answering(s, base+"/codex/callback", "code=good&state=STATE") // the server's own page
	got, _, err := s.login("codex", signin.Options{Timeout: 10 * time.Second, Terminal: signin.Terminal{Out: w}})
	if err != nil || got.Account.Email != "new@x.y" {
		t.Errorf("%+v, %v", got, err)
	}
	s.put(filepath.Join(s.cfg.Paths.Secrets(), "management.key"), "wrong")
	_, _, err = s.login("codex", signin.Options{Timeout: 10 * time.Second})
	wantCode(t, err, "management-key-refused")
}

func TestAStartIsRefusedWhileAnotherToolHoldsTheGrant(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.put(s.home(".codex/auth.json"), codexCLI("a@x.y", canary+"-r", time.Hour))
	s.credential("copied-by-hand.json", codex("a@x.y", canary+"-r", time.Hour))
	if err := grant.CheckStart(t.Context(), s.cfg, s.env, false); err != nil {
		t.Errorf("the echo renews nothing: %v", err)
	}
	s.serve(&cliproxytest.Server{Seven: true})
	err := grant.CheckStart(t.Context(), s.cfg, s.env, false)
	wantCode(t, err, "grant-shared")
	if err != nil && strings.Contains(err.Error(), canary) {
		t.Errorf("a token is shown: %v", err)
	}
	if err := grant.CheckStart(t.Context(), s.cfg, s.env, true); err != nil {
		t.Errorf("-share: %v", err)
	}
	if err := grant.CheckStart(t.Context(), s.cfg, s.env, false); err != nil {
		t.Errorf("accepted before: %v", err)
	}
	if b, _ := os.ReadFile(filepath.Join(s.cfg.Paths.RuntimeDir, "auth-shared.json")); strings.Contains(string(b),
		canary) {
		t.Error("the token is kept")
	}
}

func TestAnImportThatWasSharedOnPurposeDoesNotStopAStart(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.serve(&cliproxytest.Server{Seven: true})
	s.put(s.home(".codex/auth.json"), codexCLI("a@x.y", "r", time.Hour))
	if _, err := s.importing("codex", source.Options{Share: true}); err != nil {
		t.Fatal(err)
	}
	if err := grant.CheckStart(t.Context(), s.cfg, s.env, false); err != nil {
		t.Error(err)
	}
}

func TestAServerThatGoesAwayInTheMiddleIsSaid(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	double := &cliproxytest.Server{Seven: true, Words: []string{"kimi"}}
	s.serve(double)
	w := &terminal{on: address, act: func([]string) { double.Stop() }}
	_, _, err := s.login("kimi", signin.Options{Timeout: 5 * time.Second, Terminal: signin.Terminal{Out: w}})
	wantCode(t, err, "management-unreachable")
	if err == nil || !strings.Contains(err.Error(), "not finished within 5s") {
		t.Errorf("it did not wait for the server to come back: %v", err)
	}
}

func TestAProviderThatDropsTheConnectionIsSaid(t *testing.T) {
	t.Parallel()
	s, i := newSite(t), newIssuer(t)
	i.configure(s, "pkce")
	drops := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_ = c.Close()
		}
	}))
	defer drops.Close()
	s.cfg.Providers["acme"]["token_url"] = drops.URL + "/token"
	w := &terminal{on: address, act: func(m []string) { i.signIn(browser(t), m[1]) }}
	_, _, err := s.login("acme", signin.Options{Terminal: signin.Terminal{Out: w}, Timeout: 20 * time.Second})
	wantCode(t, err, "login-failed")
	if len(s.accounts()) > 0 {
		t.Error("something was written")
	}
}

// TestAnotherAccountThatIsRenewedMeanwhileIsNotTheOneThatSignedIn: the server
// rewrites files of its own accord.
func TestAnotherAccountThatIsRenewedMeanwhileIsNotTheOneThatSignedIn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.credential("codex-a-old.json", codex("old@x.y", "r0", time.Hour))
	double := &cliproxytest.Server{Seven: true, Words: []string{"codex"}, Finish: func(string) string {
		s.credential("codex-new.json", codex("new@x.y", "rt-new", time.Hour))
		s.credential("codex-a-old.json", codex("old@x.y", "r1-renewed", 2*time.Hour))
		return ""
	}}
	s.serve(double)
	got, _, err := s.login("codex", signin.Options{Timeout: 20 * time.Second,
		Terminal: signin.Terminal{Out: answering(s, s.callbackAt(), "code=good&state=STATE")}})
	if err != nil || got.Account.Email != "new@x.y" {
		t.Errorf("%+v, %v", got.Account, err)
	}
}
