package service_test

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
	"github.com/flowgate-go/flowgate/supervisor/supervisortest"
)

func TestAServiceThatCrashesIsStartedAgain(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	first := s.MustStart().Services[0].PID
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	supervisortest.Eventually(t, "a new process that is ready", func() bool {
		a := s.Service("a")
		return a.Ready && a.PID != first
	})
	a := s.Service("a")
	if a.Restarts != 1 || a.LastExit == nil || a.LastExit.Signal != "killed" || a.LastExit.Code != -1 {
		t.Errorf("status %+v, last exit %+v", a, a.LastExit)
	}
	want := []string{"service.exited a", "service.restarting a", "service.starting a", "service.ready a"}
	if got := s.Events(); !slices.Equal(got[len(got)-4:], want) {
		t.Errorf("events %q end not with %q", got, want)
	}
}

func TestACrashLoopEndsInFailed(t *testing.T) {
	t.Parallel()
	svc := supervisortest.Trivial(t, "a", "-crash=500ms", "-say=about to fall")
	svc.Restart.Max = 3
	s := supervisortest.NewStack(t, svc)
	s.MustStart()
	supervisortest.Eventually(t, "the service to be given up", func() bool { return s.Service("a").State == control.StateFailed })
	a := s.Service("a")
	if a.Restarts != 3 || a.LastExit.Code != 7 || !strings.Contains(a.Reason, "given up after 3 restarts") {
		t.Errorf("status %+v", a)
	}
	failed := 0
	for _, e := range s.Events() {
		if e == "service.failed a" {
			failed++
		}
	}
	if failed != 1 {
		t.Errorf("failed was said %d times", failed)
	}
	if status := s.MustStart(); status.Services[0].Restarts != 0 {
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
		svc := supervisortest.Trivial(t, "a")
		svc.Restart.Policy = c.policy
		s := supervisortest.NewStack(t, svc)
		before := s.MustStart().Services[0].PID
		_, _ = http.Get(svc.URL() + c.path) // it ends in the middle of the answer
		supervisortest.Eventually(t, c.policy+" to end "+c.want, func() bool {
			a := s.Service("a")
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
	svc := supervisortest.Trivial(t, "a", "-reads="+settings)
	svc.Restart = config.Restart{Policy: "always", Max: 1000, Backoff: 20 * time.Millisecond}
	s := supervisortest.NewStack(t, svc)
	pid := s.MustStart().Services[0].PID
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
	supervisortest.Eventually(t, "the thief to be named", func() bool {
		a := s.Service("a")
		return a.State == control.StateBackoff && strings.Contains(a.Reason, strconv.Itoa(os.Getpid()))
	})
	release()
	supervisortest.Eventually(t, "the service to have its port again", func() bool { return s.Service("a").Ready })
}

func TestLostReadinessIsShownAndComesBack(t *testing.T) {
	t.Parallel()
	flag := filepath.Join(t.TempDir(), "not-ready")
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a", "-notreadyif="+flag))
	pid := s.MustStart().Services[0].PID
	if err := os.WriteFile(flag, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	supervisortest.Eventually(t, "readiness to be lost", func() bool { return !s.Service("a").Ready })
	if a := s.Service("a"); !a.Live || a.PID != pid || a.State != control.StateRunning ||
		!strings.Contains(a.Reason, "503") {
		t.Errorf("status %+v", a)
	}
	if err := os.Remove(flag); err != nil {
		t.Fatal(err)
	}
	if status := s.MustStart(); !status.Services[0].Ready || status.Services[0].PID != pid {
		t.Errorf("a start did not wait for ready: %+v", status)
	}
}

func TestAStopEndsTheWholeGroupAndWhatIgnoresSIGTERM(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "forks", "-fork"))
	s.MustStart()
	log := s.Read("process-logs/forks.log")
	_, after, _ := strings.Cut(log, "grandchild ")
	pid, err := strconv.Atoi(strings.Fields(after)[0])
	if err != nil {
		t.Fatalf("log %q", log)
	}
	id, err := process.Identify(pid)
	if err != nil {
		t.Fatal(err)
	}
	supervisortest.Eventually(t, "the grandchild to ignore SIGTERM", func() bool {
		return strings.Count(s.Read("process-logs/forks.log"), "grandchild") == 2
	})
	if _, err := supervisor.Stop(t.Context(), s.Config, nil); err != nil {
		t.Fatal(err)
	}
	supervisortest.Eventually(t, "the grandchild to be gone", func() bool { return !id.Alive() })
}

func TestACrashLeavesNoGrandchildren(t *testing.T) {
	t.Parallel()
	svc := supervisortest.Trivial(t, "forks", "-fork")
	svc.Restart.Policy = "never"
	s := supervisortest.NewStack(t, svc)
	leader := s.MustStart().Services[0].PID
	members, err := process.GroupMembers(leader)
	if err != nil || len(members) != 2 {
		t.Fatalf("members %v, %v", members, err)
	}
	if err := syscall.Kill(leader, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	supervisortest.Eventually(t, "the group to be empty", func() bool {
		members, err := process.GroupMembers(leader)
		return err == nil && len(members) == 0
	})
}

func TestAServiceThatIsSuspendedStillStops(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	if err := syscall.Kill(s.MustStart().Services[0].PID, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	status, err := supervisor.Stop(t.Context(), s.Config, nil)
	if err != nil || status.Services[0].LastExit.Signal != "terminated" { // SIGKILL ends a suspended process too
		t.Errorf("%+v, %v", status.Services[0].LastExit, err)
	}
}

func TestAStopInterruptsAStart(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "slow", "-wait=1m"))
	failed := make(chan error, 1)
	go func() { _, err := s.Start(); failed <- err }()
	supervisortest.Eventually(t, "the start to be under way", func() bool { return s.Service("slow").State == control.StateStarting })
	status, err := supervisor.Stop(t.Context(), s.Config, nil)
	if err != nil || status.Services[0].State != control.StateStopped {
		t.Errorf("%+v, %v", status, err)
	}
	supervisortest.WantFault(t, <-failed, "start-interrupted")
}

func TestBackoffIsCutShortByAStart(t *testing.T) {
	t.Parallel()
	svc := supervisortest.Trivial(t, "a")
	svc.Restart.Backoff = time.Hour
	s := supervisortest.NewStack(t, svc)
	if err := syscall.Kill(s.MustStart().Services[0].PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	supervisortest.Eventually(t, "backoff", func() bool { return s.Service("a").State == control.StateBackoff })
	if status := s.MustStart(); !status.Services[0].Ready {
		t.Errorf("status %+v", status)
	}
	if err := syscall.Kill(s.Service("a").PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	supervisortest.Eventually(t, "backoff", func() bool { return s.Service("a").State == control.StateBackoff })
	if status, err := supervisor.Stop(t.Context(), s.Config, nil); err != nil ||
		status.Services[0].State != control.StateStopped {
		t.Errorf("a stop in backoff: %+v, %v", status, err)
	}
}
