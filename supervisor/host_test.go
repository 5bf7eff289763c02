package supervisor_test

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/supervisortest"
)

func TestARuntimeFolderThatIsRemovedIsMadeAnew(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	before := s.MustStart()
	supervisortest.Eventually(t, "the folder to be removed, under a supervisor that writes",
		func() bool { return os.RemoveAll(s.Config.Paths.RuntimeDir) == nil })
	supervisortest.Eventually(t, "the same supervisor to answer again", func() bool {
		status, err := supervisor.Query(t.Context(), s.Config)
		return err == nil && status.Supervisor != nil && status.Supervisor.PID == before.Supervisor.PID
	})
	if a := s.Service("a"); a.PID != before.Services[0].PID || !a.Ready {
		t.Errorf("%+v", a)
	}
	if status := s.MustStart(); status.Supervisor.PID != before.Supervisor.PID ||
		status.Services[0].PID != before.Services[0].PID {
		t.Errorf("a start found %+v", status)
	}
}

func TestAStopFindsTheSupervisorWhoseFolderWasRemoved(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	before := s.MustStart()
	resident := s.Recorded()[0]
	supervisortest.Eventually(t, "the folder to be removed", func() bool { return os.RemoveAll(s.Config.Paths.RuntimeDir) == nil })
	status, err := supervisor.Stop(t.Context(), s.Config, nil)
	if err != nil || supervisortest.Find(t, status, "a").State != control.StateStopped || supervisortest.Answers(before.Services[0].URL) ||
		resident.Alive() {
		t.Errorf("%+v, %v, supervisor lives: %v", status, err, resident.Alive())
	}
}

func TestAStopWithoutAFolderSaysHowToGetOne(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	before := s.MustStart()
	resident := s.Recorded()[0]
	s.Hang()
	t.Cleanup(func() { _ = resident.Signal(syscall.SIGKILL) }) // awake, it would take the folder again
	if err := os.RemoveAll(s.Config.Paths.RuntimeDir); err != nil {
		t.Fatal(err)
	}
	status, err := supervisor.Stop(t.Context(), s.Config, nil)
	supervisortest.WantFault(t, err, "supervisor-unreachable", "was removed while services run", "mage start")
	if a := supervisortest.Find(t, status, "a"); a.State != control.StateRunning || !strings.Contains(a.Reason, "folder was removed") ||
		!supervisortest.Answers(before.Services[0].URL) {
		t.Errorf("%+v", a)
	}
	s.MustStart()
	if status, err := supervisor.Stop(t.Context(), s.Config, nil); err != nil || supervisortest.Answers(before.Services[0].URL) {
		t.Errorf("%+v, %v", status, err)
	}
}

// TestASupervisorWhoseFolderWasTakenIsSuperseded is about a supervisor that must leave its services
// to the one that took its folder.
func TestASupervisorWhoseFolderWasTakenIsSuperseded(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	before := s.MustStart()
	first := s.Recorded()[0]
	// It must not notice before the other one has taken the folder.
	if err := first.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(s.Config.Paths.RuntimeDir); err != nil {
		t.Fatal(err)
	}
	after := s.MustStart()
	if after.Supervisor.PID == first.PID || after.Services[0].PID != before.Services[0].PID || !after.Services[0].Ready {
		t.Errorf("before %+v, after %+v", before, after)
	}
	if err := first.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	supervisortest.Eventually(t, "the first to give way", func() bool { return !first.Alive() })
	if a := s.Service("a"); a.PID != before.Services[0].PID || !a.Ready {
		t.Errorf("the service went with the first: %+v", a)
	}
}

// TestAStoppedServiceIsNotStartedByASupervisorThatHung has a supervisor that wakes
// up when the one that took its folder has stopped the services and ended.
func TestAStoppedServiceIsNotStartedByASupervisorThatHung(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	before := s.MustStart()
	first := s.Recorded()[0]
	if err := first.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(s.Config.Paths.RuntimeDir); err != nil {
		t.Fatal(err)
	}
	s.MustStart()
	if _, err := supervisor.Stop(t.Context(), s.Config, nil); err != nil || supervisortest.Answers(before.Services[0].URL) {
		t.Fatalf("the service was not stopped: %v", err)
	}
	if err := first.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	supervisortest.Eventually(t, "the first to give way", func() bool { return !first.Alive() })
	if left := s.Processes("a"); len(left) > 0 || supervisortest.Answers(before.Services[0].URL) {
		t.Errorf("the service was started again: %v", left)
	}
	events := s.Events()
	second := slices.Index(events, "supervisor.stopped")
	if !slices.Contains(events[second+1:], "supervisor.superseded") || slices.Contains(events[second+1:], "service.starting a") {
		t.Errorf("events %q", events)
	}
	if status := s.Query(); status.Supervisor != nil || supervisortest.Find(t, status, "a").State != control.StateStopped {
		t.Errorf("%+v", status)
	}
}

func TestAServiceManagerIsNotifiedOfReadinessAndLiveness(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	path := filepath.Join(t.TempDir(), "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	cmd := s.SupervisorCommand()
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+path)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"READY=1", "WATCHDOG=1", "WATCHDOG=1"} {
		if err := manager.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 100)
		n, err := manager.Read(buf)
		if err != nil || string(buf[:n]) != want {
			t.Fatalf("told %q, %v; want %q", buf[:n], err, want)
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it did not end well: %v", err)
	}
}
