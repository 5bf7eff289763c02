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
	"github.com/flowgate-go/flowgate/supervisor/supervisortest"
)

// newRoutedStack makes a stack with a router that reads its active configuration and does
// not start with the profile "bad".
func newRoutedStack(t *testing.T) *supervisortest.Stack {
	t.Helper()
	router := supervisortest.Trivial(t, config.LiteLLM)
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, config.CLIProxy), router)
	s.Config.Services[1].Command = append(router.Command, "-reads="+s.Config.Paths.ActiveConfig)
	s.Config.Base = map[string]any{"general_settings": map[string]any{"master_key": "sk-test"}}
	s.Config.Profiles = map[string]map[string]any{
		"good":  {"router_settings": map[string]any{"num_retries": 1}},
		"other": {"router_settings": map[string]any{"num_retries": 2}},
		"bad":   {"router_settings": map[string]any{"routing_strategy": "broken"}},
	}
	s.Save()
	return s
}

func setProfile(s *supervisortest.Stack, name string) (stack.ProfileChange, error) {
	noEnv := func(string) string { return "" }
	return stack.SetProfile(s.T.Context(), s.Config, name,
		change.Options{Start: supervisor.StartOptions{Self: os.Args[0], Getenv: noEnv}})
}

func TestSetProfileRestartsTheRouterAndNothingElse(t *testing.T) {
	t.Parallel()
	s := newRoutedStack(t)
	change, err := setProfile(s, "good")
	if err != nil || !change.Changed || change.From != "" || len(change.Restarted) != 0 ||
		change.Status.Supervisor != nil {
		t.Fatalf("without a running router: %+v, %v", change, err)
	}
	before := s.MustStart()
	if before.Profile != "good" {
		t.Errorf("profile %q", before.Profile)
	}
	change, err = setProfile(s, "other")
	if err != nil || !slices.Equal(change.Restarted, []string{config.LiteLLM}) || change.From != "good" ||
		change.Status.Profile != "other" {
		t.Fatalf("with a running router: %+v, %v", change, err)
	}
	after := s.Query()
	if supervisortest.Find(t, after, config.LiteLLM).PID == supervisortest.Find(t, before, config.LiteLLM).PID {
		t.Error("the router was not restarted")
	}
	if supervisortest.Find(t, after, config.CLIProxy).PID != supervisortest.Find(t, before, config.CLIProxy).PID {
		t.Error("the upstream was restarted")
	}
	if !slices.Contains(s.Events(), "profile.changed") || after.Profile != "other" {
		t.Errorf("profile %q, events %q", after.Profile, s.Events())
	}

	same, err := setProfile(s, "other")
	if err != nil || same.Changed || supervisortest.Find(t, s.Query(), config.LiteLLM).PID != supervisortest.Find(t, after, config.LiteLLM).PID {
		t.Errorf("the same profile once more: %+v, %v", same, err)
	}
}

func TestAProfileThatTheRouterDoesNotStartWithIsTakenBack(t *testing.T) {
	t.Parallel()
	s := newRoutedStack(t)
	if _, err := setProfile(s, "good"); err != nil {
		t.Fatal(err)
	}
	s.MustStart()
	state, active := s.Read("state.json"), s.Read("litellm.active.yaml")
	_, err := setProfile(s, "bad")
	supervisortest.WantFault(t, err, "profile-not-ready", `"bad"`, "ended before it was ready", "router ready", "profile:diff good bad")
	var f *fault.Error
	errors.As(err, &f)
	detail, ok := f.Detail.(stack.ProfileFailure)
	if !ok || detail.Restored != "good" || detail.RestoredProblem != "" || detail.Failure == nil ||
		!slices.Contains(detail.Failure.Log, "the configuration is broken") {
		t.Errorf("detail %+v", f.Detail)
	}
	if s.Read("state.json") != state || s.Read("litellm.active.yaml") != active {
		t.Errorf("not put back: %s\n%s", s.Read("state.json"), s.Read("litellm.active.yaml"))
	}
	if router := s.Service(config.LiteLLM); !router.Ready || s.Query().Profile != "good" {
		t.Errorf("router %+v", router)
	}
}

func TestWhenTheOldProfileFailsTooBothFailuresAreReported(t *testing.T) {
	t.Parallel()
	s := newRoutedStack(t)
	if _, err := setProfile(s, "good"); err != nil {
		t.Fatal(err)
	}
	s.MustStart()
	if err := os.WriteFile(s.Config.Paths.ActiveConfig, []byte("broken by hand\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := setProfile(s, "bad")
	supervisortest.WantFault(t, err, "profile-not-ready")
	var f *fault.Error
	errors.As(err, &f)
	detail, _ := f.Detail.(stack.ProfileFailure)
	if detail.RestoredProblem == "" || detail.RestoredFailure == nil ||
		!strings.Contains(f.Message, "and with the one before") {
		t.Errorf("%v, detail %+v", err, detail)
	}
	if got := s.Service(config.LiteLLM).State; got != control.StateFailed {
		t.Errorf("the router is %s", got)
	}
}

func TestAnUnknownProfileChangesNothing(t *testing.T) {
	t.Parallel()
	s := newRoutedStack(t)
	_, err := setProfile(s, "goood")
	supervisortest.WantFault(t, err, "profile-unknown", "good")
	if s.Read("state.json") != "" {
		t.Error("state.json was written")
	}
}

func TestProfileChangesAtOnceEndInOneWholeState(t *testing.T) {
	t.Parallel()
	s := newRoutedStack(t)
	if _, err := setProfile(s, "good"); err != nil {
		t.Fatal(err)
	}
	s.MustStart()
	var group sync.WaitGroup
	for _, name := range []string{"other", "bad", "good", "other"} {
		group.Go(func() {
			if _, err := setProfile(s, name); err != nil {
				supervisortest.WantFault(t, err, "profile-not-ready", `"bad"`)
			}
		})
	}
	group.Wait()
	profile := s.Query().Profile
	retries := map[string]string{"good": "num_retries: 1", "other": "num_retries: 2"}[profile]
	if retries == "" || !strings.Contains(s.Read("litellm.active.yaml"), retries) || !s.Service(config.LiteLLM).Ready {
		t.Errorf("profile %q with %s", profile, s.Read("litellm.active.yaml"))
	}
}
