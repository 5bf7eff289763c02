package supervisor_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/stack"
	"github.com/flowgate-go/flowgate/supervisor/stack/change"
)

// routed is a stack with a router that reads its active configuration and does
// not start with the profile "bad".
func routed(t *testing.T) *testStack {
	t.Helper()
	router := trivial(t, config.LiteLLM)
	s := newStack(t, trivial(t, config.CLIProxy), router)
	s.cfg.Services[1].Command = append(router.Command, "-reads="+s.cfg.Paths.ActiveConfig)
	s.cfg.Base = map[string]any{"general_settings": map[string]any{"master_key": "sk-test"}}
	s.cfg.Profiles = map[string]map[string]any{
		"good":  {"router_settings": map[string]any{"num_retries": 1}},
		"other": {"router_settings": map[string]any{"num_retries": 2}},
		"bad":   {"router_settings": map[string]any{"routing_strategy": "broken"}},
	}
	s.save()
	return s
}

func (s *testStack) setProfile(name string) (stack.ProfileChange, error) {
	noEnv := func(string) string { return "" }
	return stack.SetProfile(s.t.Context(), s.cfg, name,
		change.Options{Start: supervisor.StartOptions{Self: os.Args[0], Getenv: noEnv}})
}

func TestSetProfileRestartsTheRouterAndNothingElse(t *testing.T) {
	t.Parallel()
	s := routed(t)
	change, err := s.setProfile("good")
	if err != nil || !change.Changed || change.From != "" || len(change.Restarted) != 0 ||
		change.Status.Supervisor != nil {
		t.Fatalf("without a running router: %+v, %v", change, err)
	}
	before := s.mustStart()
	if before.Profile != "good" {
		t.Errorf("profile %q", before.Profile)
	}
	change, err = s.setProfile("other")
	if err != nil || !slices.Equal(change.Restarted, []string{config.LiteLLM}) || change.From != "good" ||
		change.Status.Profile != "other" {
		t.Fatalf("with a running router: %+v, %v", change, err)
	}
	after := s.query()
	if find(t, after, config.LiteLLM).PID == find(t, before, config.LiteLLM).PID {
		t.Error("the router was not restarted")
	}
	if find(t, after, config.CLIProxy).PID != find(t, before, config.CLIProxy).PID {
		t.Error("the upstream was restarted")
	}
	if !slices.Contains(s.events(), "profile.changed") || after.Profile != "other" {
		t.Errorf("profile %q, events %q", after.Profile, s.events())
	}

	same, err := s.setProfile("other")
	if err != nil || same.Changed || find(t, s.query(), config.LiteLLM).PID != find(t, after, config.LiteLLM).PID {
		t.Errorf("the same profile once more: %+v, %v", same, err)
	}
}

func TestAProfileThatTheRouterDoesNotStartWithIsTakenBack(t *testing.T) {
	t.Parallel()
	s := routed(t)
	if _, err := s.setProfile("good"); err != nil {
		t.Fatal(err)
	}
	s.mustStart()
	state, active := s.read("state.json"), s.read("litellm.active.yaml")
	_, err := s.setProfile("bad")
	wantFault(t, err, "profile-not-ready", `"bad"`, "ended before it was ready", "router ready", "profile:diff good bad")
	var f *fault.Error
	errors.As(err, &f)
	detail, ok := f.Detail.(stack.ProfileFailure)
	if !ok || detail.Restored != "good" || detail.RestoredProblem != "" || detail.Failure == nil ||
		!slices.Contains(detail.Failure.Log, "the configuration is broken") {
		t.Errorf("detail %+v", f.Detail)
	}
	if s.read("state.json") != state || s.read("litellm.active.yaml") != active {
		t.Errorf("not put back: %s\n%s", s.read("state.json"), s.read("litellm.active.yaml"))
	}
	if router := s.service(config.LiteLLM); !router.Ready || s.query().Profile != "good" {
		t.Errorf("router %+v", router)
	}
}

func TestWhenTheOldProfileFailsTooBothFailuresAreReported(t *testing.T) {
	t.Parallel()
	s := routed(t)
	if _, err := s.setProfile("good"); err != nil {
		t.Fatal(err)
	}
	s.mustStart()
	if err := os.WriteFile(s.cfg.Paths.ActiveConfig, []byte("broken by hand\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := s.setProfile("bad")
	wantFault(t, err, "profile-not-ready")
	var f *fault.Error
	errors.As(err, &f)
	detail, _ := f.Detail.(stack.ProfileFailure)
	if detail.RestoredProblem == "" || detail.RestoredFailure == nil ||
		!strings.Contains(f.Message, "and with the one before") {
		t.Errorf("%v, detail %+v", err, detail)
	}
	if got := s.service(config.LiteLLM).State; got != control.StateFailed {
		t.Errorf("the router is %s", got)
	}
}

func TestAnUnknownProfileChangesNothing(t *testing.T) {
	t.Parallel()
	s := routed(t)
	_, err := s.setProfile("goood")
	wantFault(t, err, "profile-unknown", "good")
	if s.read("state.json") != "" {
		t.Error("state.json was written")
	}
}

func TestProfileChangesAtOnceEndInOneWholeState(t *testing.T) {
	t.Parallel()
	s := routed(t)
	if _, err := s.setProfile("good"); err != nil {
		t.Fatal(err)
	}
	s.mustStart()
	var group sync.WaitGroup
	for _, name := range []string{"other", "bad", "good", "other"} {
		group.Go(func() {
			if _, err := s.setProfile(name); err != nil {
				wantFault(t, err, "profile-not-ready", `"bad"`)
			}
		})
	}
	group.Wait()
	profile := s.query().Profile
	retries := map[string]string{"good": "num_retries: 1", "other": "num_retries: 2"}[profile]
	if retries == "" || !strings.Contains(s.read("litellm.active.yaml"), retries) || !s.service(config.LiteLLM).Ready {
		t.Errorf("profile %q with %s", profile, s.read("litellm.active.yaml"))
	}
}
