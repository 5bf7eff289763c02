package status_test

import (
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/authtest"
	"github.com/flowgate-go/flowgate/auth/signin"
	"github.com/flowgate-go/flowgate/auth/status"
	"github.com/flowgate-go/flowgate/internal/cliproxy/cliproxytest"
)

func TestWithinSaysWhichProviderRunsOut(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	s.Config.Providers = map[string]map[string]any{"codex": {}, "claude": {}}
	s.Credential("codex.json", authtest.Codex("a@x.y", "r", time.Hour))
	s.Credential("claude.json", authtest.Object{"type": "claude", "access_token": "a",
		"expired": authtest.Now().Add(2 * time.Hour).Format(time.RFC3339)})
	view, err := status.Read(t.Context(), s.Config, s.Env, status.Options{Within: time.Hour})
	if err != nil {
		t.Errorf("within an hour: %v", err)
	}
	view, err = status.Read(t.Context(), s.Config, s.Env, status.Options{Within: 8 * time.Hour})
	authtest.WantCode(t, err, "accounts-ending")
	if len(view.Ending) != 1 || view.Ending[0].Provider != "claude" {
		t.Errorf("%+v", view.Ending)
	}
}

func TestTheServersWordChangesAState(t *testing.T) {
	t.Parallel()
	s := authtest.NewSite(t)
	retry := authtest.Now().Add(time.Hour)
	s.Serve(&cliproxytest.Server{Seven: true, Status: map[string]map[string]any{
		"dead.json": {"status": "error", "status_message": `refresh failed: {"error":"invalid_grant"}`},
		"parked.json": {"status": "error", "unavailable": true, "status_message": "429 usage_limit_reached",
			"next_retry_after": retry.Format(time.RFC3339)},
	}})
	for _, name := range []string{"dead", "parked", "well"} {
		s.Credential(name+".json", authtest.Codex(name+"@x.y", "r-"+name, time.Hour))
	}
	view, err := status.Read(t.Context(), s.Config, s.Env, status.Options{Live: true})
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
	s := authtest.NewSite(t)
	s.Serve(&cliproxytest.Server{Seven: true})
	s.Config.Services[0].Port = 1
	s.Credential("a.json", authtest.Codex("a@x.y", "r", time.Hour))
	view, err := status.Read(t.Context(), s.Config, s.Env, status.Options{Live: true})
	if err != nil || view.Server.Answers || view.Accounts[0].State != auth.Unreachable {
		t.Errorf("%+v, %v", view, err)
	}
	_, _, err = s.Login("codex", signin.Options{Timeout: time.Second})
	authtest.WantCode(t, err, "method-unready")
}
