package supervisor_test

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/flowgate-go/flowgate/internal/rightstest"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/supervisortest"
)

func TestWithoutASupervisorEverythingIsStoppedAndNothingIsMade(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	for what, ask := range map[string]func() (control.Status, error){
		"query": func() (control.Status, error) { return supervisor.Query(t.Context(), s.Config) },
		"stop":  func() (control.Status, error) { return supervisor.Stop(t.Context(), s.Config, nil) },
	} {
		status, err := ask()
		if err != nil || status.Supervisor != nil || len(status.Services) != 1 ||
			status.Services[0].State != control.StateStopped {
			t.Errorf("%s: %+v, %v", what, status, err)
		}
	}
	if _, err := os.Stat(s.Config.Paths.RuntimeDir); err == nil {
		t.Error("a question made the runtime folder")
	}
}

func TestStatusHasTheFieldsThatScriptsReadInOneForm(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	raw, err := json.Marshal(s.MustStart())
	if err != nil {
		t.Fatal(err)
	}
	var status struct {
		Profile    *string
		Supervisor map[string]any
		Services   []map[string]any
	}
	if err := json.Unmarshal(raw, &status); err != nil || status.Profile == nil {
		t.Fatalf("%s: %v", raw, err)
	}
	for _, key := range []string{"pid", "version", "adopted", "socket"} {
		if _, ok := status.Supervisor[key]; !ok {
			t.Errorf("supervisor lacks %s: %s", key, raw)
		}
	}
	for _, key := range strings.Fields("name runtime state pid live ready url started_at uptime_s restarts last_exit log") {
		if _, ok := status.Services[0][key]; !ok {
			t.Errorf("service lacks %s: %s", key, raw)
		}
	}
	if at, _ := status.Services[0]["started_at"].(string); !strings.HasSuffix(at, "Z") {
		t.Errorf("started_at %q is not UTC", at)
	}
}

func TestHealthProbesForItself(t *testing.T) {
	t.Parallel()
	flag := filepath.Join(t.TempDir(), "not-ready")
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a", "-notreadyif="+flag), supervisortest.Trivial(t, "b"))
	s.MustStart()
	if err := os.WriteFile(flag, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	status, err := supervisor.Health(t.Context(), s.Config)
	a, b := supervisortest.Find(t, status, "a"), supervisortest.Find(t, status, "b")
	if err != nil || a.Ready || !a.Live || !strings.Contains(a.Reason, "503") || !b.Ready || !b.Live {
		t.Errorf("%+v, %v", status, err)
	}
}

func TestHealthOfAServiceThatSomebodyElseRunsIsReadyAndNotLive(t *testing.T) {
	t.Parallel()
	theirs := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	theirs.MustStart()
	mine := supervisortest.NewStack(t, theirs.Config.Services...)
	status, err := supervisor.Health(t.Context(), mine.Config)
	if a := status.Services[0]; err != nil || a.Live || !a.Ready || a.PID != 0 || status.Supervisor != nil {
		t.Errorf("%+v, %v", status, err)
	}
}

func TestASupervisorThatHangsIsAFault(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	pid := s.MustStart().Supervisor.PID
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	var err error
	supervisortest.Eventually(t, "the stop to take effect and a question to fail", func() bool {
		_, err = supervisor.Query(t.Context(), s.Config)
		return err != nil
	})
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	supervisortest.WantFault(t, err, "supervisor-unreachable", "supervisor.log")
}

func TestConnectionsOfOtherUsersAreClosed(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	socket := s.MustStart().Supervisor.Socket
	supervisortest.OpenAbove(t, filepath.Join(s.Config.Paths.RuntimeDir, "socket")) // so that only the check of the peer is left
	if err := os.Chmod(socket, 0o777); err != nil {
		t.Fatal(err)
	}
	ask := []string{"-sS", "--max-time", "5", "--unix-socket", socket, "http://flowgate/v1/status"}
	theirs := rightstest.Other(t, "curl", ask...)
	if out, err := exec.Command("curl", ask...).CombinedOutput(); err != nil ||
		!strings.Contains(string(out), `"services"`) {
		t.Fatalf("our own user: %s, %v", out, err)
	}
	if out, err := theirs.CombinedOutput(); err == nil || strings.Contains(string(out), "services") ||
		strings.Contains(string(out), "ermission") {
		t.Errorf("another user got in, or not even to the check: %s, %v", out, err)
	}
}

func TestTheControlSocketRefusesInvalidCommands(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	s.MustStart()
	client := unixClient(s.Query().Supervisor.Socket)
	for path, want := range map[string]int{
		"/v1/start": http.StatusBadRequest, "/v1/stop": http.StatusBadRequest, "/v1/nothing": http.StatusNotFound,
	} {
		for _, body := range []string{"", "{", "{}", `{"config":{},"services":"a"}`} {
			resp, err := client.Post("http://flowgate"+path, "application/json", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("POST %s %q: status %d, want %d", path, body, resp.StatusCode, want)
			}
		}
	}
	if !s.Service("a").Ready {
		t.Error("a refused command had an effect")
	}
}
