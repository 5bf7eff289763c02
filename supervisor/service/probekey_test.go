package service_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/supervisortest"
)

// keyed is a router whose paths want a key, with what FlowGate generates for it.
func keyed(t *testing.T, path, master string, flags ...string) *supervisortest.Stack {
	t.Helper()
	svc := supervisortest.Trivial(t, config.LiteLLM, append([]string{"-wantkey=sk-router"}, flags...)...)
	svc.ReadinessPath, svc.Probes = path, config.Probes{Readiness: &config.Probe{HTTP: path,
		Interval: config.Span(50 * time.Millisecond)}}
	svc.Env = map[string]string{"ROUTER_KEY": "sk-router"}
	s := supervisortest.NewStack(t, svc)
	if err := os.MkdirAll(s.Config.Paths.RuntimeDir, 0o700); err != nil {
		t.Fatal(err)
	}
	s.Put(filepath.Base(s.Config.Paths.ActiveConfig), "general_settings: {master_key: "+master+"}\n")
	return s
}

func TestAReadinessPathThatWantsAKeyIsAskedAgainWithIt(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*supervisortest.Stack{
		"a key":             keyed(t, "/v1/models", "sk-router"),
		"a reference":       keyed(t, "/v1/models", "os.environ/ROUTER_KEY"),
		"behind a launcher": keyed(t, "/v1/models", "sk-router", "-child"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status := s.MustStart()
			said := strings.Contains(s.Read("process-logs/litellm.log"), "with its key: /v1/models")
			if !status.Services[0].Ready || !said && name != "behind a launcher" { // whose child's output is lost
				t.Errorf("%+v", status)
			}
			// this process has no ROUTER_KEY
			if health, err := supervisor.Health(t.Context(), s.Config); name != "a reference" &&
				(err != nil || !health.Services[0].Ready) {
				t.Errorf("health: %+v, %v", health, err)
			}
		})
	}
}

// TestLiteLLMsHealthIsNotAskedWithAKey is about a path that, with a key, sends a
// request to every model.
func TestLiteLLMsHealthIsNotAskedWithAKey(t *testing.T) {
	t.Parallel()
	s := keyed(t, "/health", "sk-router")
	if status := s.MustStart(); !status.Services[0].Ready ||
		strings.Contains(s.Read("process-logs/litellm.log"), "with its key") {
		t.Errorf("%+v: %s", status, s.Read("process-logs/litellm.log"))
	}
}

func TestAStartThatLacksTheKeySaysSo(t *testing.T) {
	t.Parallel()
	s := keyed(t, "/v1/models", "sk-another")
	_, err := supervisor.Start(t.Context(), s.Config, supervisor.StartOptions{Self: os.Args[0], Timeout: time.Second})
	supervisortest.WantFault(t, err, "start-timeout", "status 401", "services.litellm.readiness_path", "wants a key")
}
