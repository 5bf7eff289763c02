package signin_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/auth/authtest"
	"github.com/flowgate-go/flowgate/auth/signin"
	"github.com/flowgate-go/flowgate/auth/signin/retry"
	"github.com/flowgate-go/flowgate/auth/source"
	"github.com/flowgate-go/flowgate/auth/status"
	"github.com/flowgate-go/flowgate/internal/cliproxy/cliproxytest"
)

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
				s := authtest.NewSite(t)
				double := &cliproxytest.Server{Seven: seven, Words: []string{"codex"}, Finish: authtest.WritesCodex(s)}
				s.Serve(double)
				limit := 20 * time.Second
				if c.code == "login-timeout" {
					limit = 2 * time.Second
				}
				got, w, err := s.Login("codex", signin.Options{Timeout: limit,
					Terminal: signin.Terminal{Out: authtest.AnswerCallback(s, s.MoveCallback(), c.query)}})
				if strings.Contains(w.String(), authtest.Canary) {
					t.Errorf("a secret is shown: %s", w)
				}
				if c.code != "" {
					authtest.WantCode(t, err, c.code)
					if len(s.Accounts()) > 0 {
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

// TestASignInWithoutACredentialFileFails: the older server says ok to what it never saw.
func TestASignInWithoutACredentialFileFails(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	s.Serve(&cliproxytest.Server{Words: []string{"codex"}, Finish: func(string) string { return "" }})
	s.Credential("codex-old.json", authtest.Codex("old@x.y", "r", time.Hour)) // not of this sign-in
	_, _, err := s.Login("codex", signin.Options{Timeout: 20 * time.Second,
		Terminal: signin.Terminal{Out: authtest.AnswerCallback(s, s.MoveCallback(), "code=good&state=STATE")}})
	authtest.WantCode(t, err, "login-unproven")
}

func TestCtrlCCancelsAtTheServer(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	double := &cliproxytest.Server{Seven: true, Words: []string{"codex"}}
	s.Serve(double)
	s.MoveCallback()
	ctx, cancel := context.WithCancel(t.Context())
	w := &authtest.Terminal{On: authtest.Address, Act: func([]string) { cancel() }}
	_, err := signin.Login(ctx, s.Config, s.Env, "codex", signin.Options{Terminal: signin.Terminal{Out: w}})
	if !errors.Is(err, context.Canceled) || !slices.Contains(double.Asked(), "DELETE /v0/management/oauth-session") {
		t.Errorf("%v: %v", err, double.Asked())
	}
}

func TestPollingIsNotFasterThanAllowed(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	double := &cliproxytest.Server{Seven: true, Words: []string{"kimi"}}
	s.Serve(double)
	_, _, err := s.Login("kimi", signin.Options{Timeout: 2 * time.Second})
	authtest.WantCode(t, err, "login-timeout")
	polls := 0
	for _, asked := range double.Asked() {
		if strings.HasSuffix(asked, "get-auth-status") {
			polls++
		}
	}
	waits := s.Waited()
	if polls < 2 || len(waits) < polls-1 || slices.Min(waits) < retry.MinPause {
		t.Errorf("%d polls with waits of %v", polls, waits)
	}
}

func TestAProviderThatTheServerLacksIsReported(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	s.Serve(&cliproxytest.Server{Seven: true, Words: []string{"codex"}})
	_, _, err := s.Login("iflow", signin.Options{Timeout: 5 * time.Second})
	authtest.WantCode(t, err, "provider-unsupported")
	s.Put(s.Home(".qwen/oauth_creds.json"), authtest.Object{"access_token": "at", "refresh_token": "r4",
		"expiry_date": authtest.Now().Add(time.Hour).UnixMilli()})
	_, err = s.Import("qwen", source.Options{Share: true})
	authtest.WantCode(t, err, "provider-unsupported")
	if len(s.Accounts()) > 0 {
		t.Error("it was written")
	}
}

func TestAWrongManagementKeyIsTriedOnceOverManyCommands(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	double := &cliproxytest.Server{Seven: true, Words: []string{"codex"}}
	s.Serve(double)
	s.Env.Now = time.Now
	file := s.Put(filepath.Join(s.Config.Paths.Secrets(), "management.key"), authtest.Canary+"-wrong")
	for range 6 {
		_, err := status.Read(t.Context(), s.Config, s.Env, status.Options{Live: true})
		authtest.WantCode(t, err, "management-key-refused")
	}
	if n := len(double.Asked()); n != 1 {
		t.Errorf("asked %d times", n)
	}
	s.Put(file, authtest.ManagementKey)
	if _, err := status.Read(t.Context(), s.Config, s.Env, status.Options{Live: true}); err != nil {
		t.Errorf("with the right key: %v", err)
	}
}

func TestAnImportIsProvenByTheRunningServer(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	double := &cliproxytest.Server{Seven: true, Models: map[string]int{"claude-none.json": 0}}
	s.Serve(double)
	s.Put(s.Home(".codex/auth.json"), authtest.CodexCLI("a@x.y", "r", time.Hour))
	got, err := s.Import("codex", source.Options{Share: true})
	if err != nil || got.Account.Live == nil || got.Account.Live.Models != 3 {
		t.Errorf("%+v, %v", got, err)
	}
	s.Put(s.Home(".claude/.credentials.json"), authtest.ClaudeCode("r2", authtest.Now().Add(time.Hour)))
	_, err = s.Import("claude", source.Options{Share: true, Label: "none"})
	authtest.WantCode(t, err, "proof-failed")
}

func TestTheOldPairOfEndpointsStillSignsIn(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	double := &cliproxytest.Server{Seven: true, Words: []string{"codex"}, Finish: authtest.WritesCodex(s)}
	s.Serve(double)
	s.Config.Providers = map[string]map[string]any{"codex": {
		"method": "oauth_poll", "auth_url_endpoint": "/v0/management/codex-auth-url?is_webui=true",
		"status_endpoint": "/v0/management/get-auth-status",
	}}
	base := s.Config.Services[0].URL()
	w := authtest.AnswerCallback(s, base+"/codex/callback", "code=good&state=STATE") // the server's own page
	got, _, err := s.Login("codex", signin.Options{Timeout: 10 * time.Second, Terminal: signin.Terminal{Out: w}})
	if err != nil || got.Account.Email != "new@x.y" {
		t.Errorf("%+v, %v", got, err)
	}
	s.Put(filepath.Join(s.Config.Paths.Secrets(), "management.key"), "wrong")
	_, _, err = s.Login("codex", signin.Options{Timeout: 10 * time.Second})
	authtest.WantCode(t, err, "management-key-refused")
}

func TestAServerThatGoesAwayDuringASignInIsReported(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	double := &cliproxytest.Server{Seven: true, Words: []string{"kimi"}}
	s.Serve(double)
	w := &authtest.Terminal{On: authtest.Address, Act: func([]string) { double.Stop() }}
	_, _, err := s.Login("kimi", signin.Options{Timeout: 5 * time.Second, Terminal: signin.Terminal{Out: w}})
	authtest.WantCode(t, err, "management-unreachable")
	if err == nil || !strings.Contains(err.Error(), "not finished within 5s") {
		t.Errorf("it did not wait for the server to come back: %v", err)
	}
}

// TestAnotherAccountThatIsRenewedMeanwhileIsNotTheOneThatSignedIn: the server
// rewrites files of its own accord.
func TestAnotherAccountThatIsRenewedMeanwhileIsNotTheOneThatSignedIn(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	s.Credential("codex-a-old.json", authtest.Codex("old@x.y", "r0", time.Hour))
	double := &cliproxytest.Server{Seven: true, Words: []string{"codex"}, Finish: func(string) string {
		s.Credential("codex-new.json", authtest.Codex("new@x.y", "rt-new", time.Hour))
		s.Credential("codex-a-old.json", authtest.Codex("old@x.y", "r1-renewed", 2*time.Hour))
		return ""
	}}
	s.Serve(double)
	got, _, err := s.Login("codex", signin.Options{Timeout: 20 * time.Second,
		Terminal: signin.Terminal{Out: authtest.AnswerCallback(s, s.MoveCallback(), "code=good&state=STATE")}})
	if err != nil || got.Account.Email != "new@x.y" {
		t.Errorf("%+v, %v", got.Account, err)
	}
}
