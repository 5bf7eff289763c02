package supervisor_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

func TestAServiceThatCrashesIsStartedAgain(t *testing.T) {
	t.Parallel()
	s := newStack(t, trivial(t, "a"))
	first := s.mustStart().Services[0].PID
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a new process that is ready", func() bool {
		a := s.service("a")
		return a.Ready && a.PID != first
	})
	a := s.service("a")
	if a.Restarts != 1 || a.LastExit == nil || a.LastExit.Signal != "killed" || a.LastExit.Code != -1 {
		t.Errorf("status %+v, last exit %+v", a, a.LastExit)
	}
	want := []string{"service.exited a", "service.restarting a", "service.starting a", "service.ready a"}
	if got := s.events(); !slices.Equal(got[len(got)-4:], want) {
		t.Errorf("events %q end not with %q", got, want)
	}
}

func TestACrashLoopEndsInFailed(t *testing.T) {
	t.Parallel()
	svc := trivial(t, "a", "-crash=500ms", "-say=about to fall")
	svc.Restart.Max = 3
	s := newStack(t, svc)
	s.mustStart()
	eventually(t, "the service to be given up", func() bool { return s.service("a").State == control.StateFailed })
	a := s.service("a")
	if a.Restarts != 3 || a.LastExit.Code != 7 || !strings.Contains(a.Reason, "given up after 3 restarts") {
		t.Errorf("status %+v", a)
	}
	failed := 0
	for _, e := range s.events() {
		if e == "service.failed a" {
			failed++
		}
	}
	if failed != 1 {
		t.Errorf("failed was said %d times", failed)
	}
	if status := s.mustStart(); status.Services[0].Restarts != 0 {
		t.Error("a start after the failure does not begin afresh")
	}
}

func TestTheRestartPolicyDecidesWhatAnEndMeans(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ policy, path, want string }{
		{"never", "/die", control.StateFailed},
		{"on-failure", "/die", control.StateRunning},
		{"never", "/bye", control.StateStopped},
		{"on-failure", "/bye", control.StateStopped},
		{"always", "/bye", control.StateRunning},
	} {
		svc := trivial(t, "a")
		svc.Restart.Policy = c.policy
		s := newStack(t, svc)
		before := s.mustStart().Services[0].PID
		_, _ = http.Get(svc.URL() + c.path) // it ends in the middle of the answer
		eventually(t, c.policy+" to end "+c.want, func() bool {
			a := s.service("a")
			return a.State == c.want && a.PID != before
		})
	}
}

func TestARestartThatFindsItsPortTakenIsTriedAgain(t *testing.T) {
	t.Parallel()
	settings := filepath.Join(t.TempDir(), "settings")
	write := func(text string) {
		if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("good")
	svc := trivial(t, "a", "-reads="+settings)
	svc.Restart = config.Restart{Policy: "always", Max: 1000, Backoff: 20 * time.Millisecond}
	s := newStack(t, svc)
	pid := s.mustStart().Services[0].PID
	write("broken") // it does not listen again before the thief has the port
	taken := holdPortWhenFree(t, svc.Addr())
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	release := <-taken
	if release == nil {
		t.Fatal("nobody holds the port, and it cannot be had")
	}
	write("good")
	eventually(t, "the thief to be named", func() bool {
		a := s.service("a")
		return a.State == control.StateBackoff && strings.Contains(a.Reason, strconv.Itoa(os.Getpid()))
	})
	release()
	eventually(t, "the service to have its port again", func() bool { return s.service("a").Ready })
}

func TestLostReadinessIsShownAndComesBack(t *testing.T) {
	t.Parallel()
	flag := filepath.Join(t.TempDir(), "not-ready")
	s := newStack(t, trivial(t, "a", "-notreadyif="+flag))
	pid := s.mustStart().Services[0].PID
	if err := os.WriteFile(flag, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "readiness to be lost", func() bool { return !s.service("a").Ready })
	if a := s.service("a"); !a.Live || a.PID != pid || a.State != control.StateRunning ||
		!strings.Contains(a.Reason, "503") {
		t.Errorf("status %+v", a)
	}
	if err := os.Remove(flag); err != nil {
		t.Fatal(err)
	}
	if status := s.mustStart(); !status.Services[0].Ready || status.Services[0].PID != pid {
		t.Errorf("a start did not wait for ready: %+v", status)
	}
}

func TestAStopEndsTheWholeGroupAndWhatIgnoresSIGTERM(t *testing.T) {
	t.Parallel()
	s := newStack(t, trivial(t, "forks", "-fork"))
	s.mustStart()
	log := s.read("process-logs/forks.log")
	_, after, _ := strings.Cut(log, "grandchild ")
	pid, err := strconv.Atoi(strings.Fields(after)[0])
	if err != nil {
		t.Fatalf("log %q", log)
	}
	id, err := process.Identify(pid)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the grandchild to ignore SIGTERM", func() bool {
		return strings.Count(s.read("process-logs/forks.log"), "grandchild") == 2
	})
	if _, err := supervisor.Stop(t.Context(), s.cfg, nil); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the grandchild to be gone", func() bool { return !id.Alive() })
}

func TestACrashLeavesNoGrandchildren(t *testing.T) {
	t.Parallel()
	svc := trivial(t, "forks", "-fork")
	svc.Restart.Policy = "never"
	s := newStack(t, svc)
	leader := s.mustStart().Services[0].PID
	members, err := process.GroupMembers(leader)
	if err != nil || len(members) != 2 {
		t.Fatalf("members %v, %v", members, err)
	}
	if err := syscall.Kill(leader, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the group to be empty", func() bool {
		members, err := process.GroupMembers(leader)
		return err == nil && len(members) == 0
	})
}

func TestAServiceThatIsSuspendedStillStops(t *testing.T) {
	t.Parallel()
	s := newStack(t, trivial(t, "a"))
	if err := syscall.Kill(s.mustStart().Services[0].PID, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	status, err := supervisor.Stop(t.Context(), s.cfg, nil)
	if err != nil || status.Services[0].LastExit.Signal != "terminated" { // SIGKILL ends a suspended process too
		t.Errorf("%+v, %v", status.Services[0].LastExit, err)
	}
}

func TestAStopInterruptsAStart(t *testing.T) {
	t.Parallel()
	s := newStack(t, trivial(t, "slow", "-wait=1m"))
	failed := make(chan error, 1)
	go func() { _, err := s.start(); failed <- err }()
	eventually(t, "the start to be under way", func() bool { return s.service("slow").State == control.StateStarting })
	status, err := supervisor.Stop(t.Context(), s.cfg, nil)
	if err != nil || status.Services[0].State != control.StateStopped {
		t.Errorf("%+v, %v", status, err)
	}
	wantFault(t, <-failed, "start-interrupted")
}

func TestBackoffIsCutShortByAStart(t *testing.T) {
	t.Parallel()
	svc := trivial(t, "a")
	svc.Restart.Backoff = time.Hour
	s := newStack(t, svc)
	if err := syscall.Kill(s.mustStart().Services[0].PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "backoff", func() bool { return s.service("a").State == control.StateBackoff })
	if status := s.mustStart(); !status.Services[0].Ready {
		t.Errorf("status %+v", status)
	}
	if err := syscall.Kill(s.service("a").PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "backoff", func() bool { return s.service("a").State == control.StateBackoff })
	if status, err := supervisor.Stop(t.Context(), s.cfg, nil); err != nil ||
		status.Services[0].State != control.StateStopped {
		t.Errorf("a stop in backoff: %+v, %v", status, err)
	}
}
