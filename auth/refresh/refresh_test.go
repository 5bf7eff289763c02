package refresh_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/authtest"
	"github.com/flowgate-go/flowgate/auth/refresh"
)

// startTokenServer runs a token endpoint whose refresh tokens work once. It answers after
// so long, and tells when a request has arrived.
func startTokenServer(t *testing.T, after time.Duration, arrived chan<- string) *httptest.Server {
	used := map[string]bool{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := r.FormValue("refresh_token")
		w.Header().Set("Content-Type", "application/json")
		if used[token] {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"error":"invalid_grant"}`))
			return
		}
		used[token] = true
		if arrived != nil {
			arrived <- token
		}
		select {
		case <-time.After(after): // the provider's own time
		case <-r.Context().Done():
		}
		_ = json.NewEncoder(w).Encode(authtest.Object{"access_token": "new-" + token, "refresh_token": token + "+", "expires_in": 3600,
			"token_type": "bearer"})
	}))
	t.Cleanup(srv.Close)
	return srv
}

func TestCtrlCWhileARenewalIsUnderWayLosesNoGrant(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	arrived := make(chan string, 4)
	srv := startTokenServer(t, 200*time.Millisecond, arrived)
	s.Config.Providers = map[string]map[string]any{"codex": {"token_url": srv.URL + "/token"}}
	first := s.Credential("codex-a.json", authtest.Codex("a@x.y", "rt-a", time.Hour))
	second := s.Credential("codex-b.json", authtest.Codex("b@x.y", "rt-b", time.Hour))
	s.Env.Sleep = func(ctx context.Context, _ time.Duration) error { <-ctx.Done(); return ctx.Err() } // time enough
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	got, err := refresh.Accounts(ctx, s.Config, s.Env, "codex")
	if !errors.Is(err, context.Canceled) && err == nil {
		t.Error("the interruption is not reported")
	}
	if s.Read(first)["refresh_token"] != "rt-a+" || s.Read(second)["refresh_token"] != "rt-b" {
		t.Errorf("%v, %v", s.Read(first)["refresh_token"], s.Read(second)["refresh_token"])
	}
	if !got.Changed || got.Account == nil || got.Account.Account != "codex-a" || len(got.Failed) != 1 ||
		got.Failed[0].Account != "codex-b" {
		t.Errorf("%+v", got)
	}
}

func TestARenewalThatIsNotAnsweredAfterCtrlCEndsInTime(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	arrived := make(chan string, 4)
	srv := startTokenServer(t, time.Hour, arrived)
	s.Config.Providers = map[string]map[string]any{"codex": {"token_url": srv.URL + "/token"}}
	s.Credential("codex-a.json", authtest.Codex("a@x.y", "rt-a", time.Hour))
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	_, err := refresh.Accounts(ctx, s.Config, s.Env, "codex")
	if waits := s.Waited(); err == nil || !slices.Equal(waits, []time.Duration{4 * time.Second}) {
		t.Errorf("%v after %v", err, waits)
	}
}

func TestAPartialRenewalIsReported(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	srv := startTokenServer(t, 0, nil)
	s.Config.Providers = map[string]map[string]any{"codex": {"token_url": srv.URL + "/token"}}
	s.Credential("codex-a.json", authtest.Codex("a@x.y", "rt-a", time.Hour))
	s.Credential("codex-b.json", authtest.Codex("b@x.y", "rt-a", time.Hour)) // a copy: its grant is used up by the first
	s.Credential("codex-c.json", authtest.Codex("c@x.y", "rt-c", time.Hour))
	got, err := refresh.Accounts(t.Context(), s.Config, s.Env, "codex")
	authtest.WantCode(t, err, "grant-dead")
	if !got.Changed || got.Account.Account != "codex-a" || len(got.Others) != 1 ||
		got.Others[0].Account.Account != "codex-c" {
		t.Errorf("renewed: %+v", got)
	}
	if len(got.Failed) != 1 || got.Failed[0].Account != "codex-b" || got.Failed[0].Code != "grant-dead" {
		t.Errorf("failed: %+v", got.Failed)
	}
	if _, err := os.Stat(got.Destination); err != nil {
		t.Error(err)
	}
}

func TestARenewalWithoutAnExpiryLeavesNoOldOne(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer  string
		expired any
		state   auth.State
	}{
		"none": {`{"access_token":"new","token_type":"bearer"}`, nil, auth.Unknown},
		"one":  {`{"access_token":"new","token_type":"bearer","expires_in":31536000}`, "later", auth.Fresh},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := authtest.NewSite(t)
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write([]byte(c.answer))
			}))
			t.Cleanup(srv.Close)
			s.Config.Providers = map[string]map[string]any{"acme": {"token_url": srv.URL, "client_id": "x"}}
			then := authtest.Now().Add(-time.Hour).Format(time.RFC3339)
			file := s.Credential("acme-a.json", authtest.Object{"type": "acme", "access_token": "old", "refresh_token": "rt",
				"expired": then, "expires_at": then, "expiry": 5})
			got, err := refresh.Accounts(t.Context(), s.Config, s.Env, "acme")
			if err != nil || got.Account.State != c.state {
				t.Errorf("%+v, %v", got.Account, err)
			}
			after := s.Read(file)
			if after["expiry"] != nil || after["expires_at"] == then || after["expired"] == then ||
				(after["expires_at"] == nil) != (c.expired == nil) {
				t.Errorf("the file holds %v", after)
			}
		})
	}
}
