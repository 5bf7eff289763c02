package supervisor_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/rightstest"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/supervisortest"
)

// smallDisk is a stack whose runtime folder is a file system of its own.
func smallDisk(t *testing.T, size string, services ...config.Service) *supervisortest.Stack {
	t.Helper()
	s := supervisortest.NewStack(t, services...)
	rightstest.SmallDisk(t, s.Config.Paths.RuntimeDir, size)
	t.Cleanup(s.CleanUp) // before the unmount
	return s
}

// fillUp adds blocks to a file until there is no room for another.
func fillUp(t *testing.T, path string, block []byte) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	for err == nil {
		_, err = file.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	_ = file.Close()
}

func TestOnAFullDiskServicesGoOnAndTheLossIsReported(t *testing.T) {
	t.Parallel()
	if !rightstest.Mount(t) {
		return
	}
	svc := supervisortest.Trivial(t, "a")
	svc.Restart.Max = 1000
	s := smallDisk(t, "128k", svc)
	pid := s.MustStart().Services[0].PID
	fill := filepath.Join(s.Config.Paths.RuntimeDir, "fill")
	fillUp(t, fill, make([]byte, 4096))
	fillUp(t, s.Config.Paths.LogFile, []byte("\n")) // events are small: the rest of their last page
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	supervisortest.Eventually(t, "the service to come back on a full disk", s.IsReplaced("a", pid))
	if a := s.Service("a"); a.PID == pid || !a.Ready {
		t.Errorf("%+v", a)
	}
	if err := os.Remove(fill); err != nil {
		t.Fatal(err)
	}
	before := s.Service("a").PID
	if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	supervisortest.Eventually(t, "the loss to be reported", func() bool { return len(s.EventDetails(control.EventLost)) > 0 })
	supervisortest.Eventually(t, "the service to be ready", s.IsReplaced("a", before))
}

func TestAServiceStoppedOnAFullDiskStaysStoppedForTheNextSupervisor(t *testing.T) {
	t.Parallel()
	if !rightstest.Mount(t) {
		return
	}
	s := smallDisk(t, "128k", supervisortest.Trivial(t, "a"), supervisortest.Trivial(t, "b"))
	s.MustStart()
	fill := filepath.Join(s.Config.Paths.RuntimeDir, "fill")
	fillUp(t, fill, make([]byte, 4096))
	if _, err := supervisor.Stop(t.Context(), s.Config, []string{"a"}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(s.Read("supervisor.json"), `"name": "a"`) {
		t.Fatal("the ledger could be written")
	}
	time.Sleep(200 * time.Millisecond) // so that nothing that the stop began tries it again
	if err := os.Remove(fill); err != nil {
		t.Fatal(err)
	}
	supervisortest.Eventually(t, "the ledger to be written without another command", func() bool {
		return !strings.Contains(s.Read("supervisor.json"), `"name": "a"`)
	})
	s.Kill()
	if status := s.MustStart("b"); status.Services[0].State != control.StateStopped {
		t.Errorf("it came back: %+v", status.Services[0])
	}
}

func TestAReadOnlyRuntimeFolderDisturbsNoServiceThatRuns(t *testing.T) {
	t.Parallel()
	if !rightstest.Mount(t) {
		return
	}
	svc := supervisortest.Trivial(t, "a")
	svc.Restart.Max = 1000
	s := supervisortest.NewStack(t, svc)
	pid := s.MustStart().Services[0].PID
	undo := rightstest.ReadOnly(t, s.Config.Paths.RuntimeDir)
	if a := s.Service("a"); a.PID != pid || !a.Ready {
		t.Errorf("%+v", a)
	}
	_, err := supervisor.Restart(t.Context(), s.Config, supervisor.StartOptions{Self: os.Args[0]})
	supervisortest.WantFault(t, err, "runtime-dir-unwritable", "read-only file system")
	if a := s.Service("a"); a.PID != pid || !a.Ready {
		t.Errorf("it was stopped for a restart that could not be: %+v", a)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	supervisortest.Eventually(t, "the restart to say why it fails",
		func() bool { return strings.Contains(s.Service("a").Reason, "read-only file system") })
	undo()
	supervisortest.Eventually(t, "the service to come back when it can be written again", s.IsReplaced("a", pid))
}

func TestWithoutADescriptorLeftServicesGoOnAndComeBackLater(t *testing.T) {
	t.Parallel()
	svc, other := supervisortest.Trivial(t, "a"), supervisortest.Trivial(t, "b")
	svc.Restart = config.Restart{Policy: "always", Max: 1000}
	other.Probes.Liveness = supervisortest.QuickLiveness()
	s := supervisortest.NewStack(t, svc, other)
	status := s.MustStart()
	var before unix.Rlimit
	if err := unix.Prlimit(status.Supervisor.PID, unix.RLIMIT_NOFILE, nil, &before); err != nil {
		t.Fatal(err)
	}
	none := unix.Rlimit{Cur: 0, Max: before.Max}
	if err := unix.Prlimit(status.Supervisor.PID, unix.RLIMIT_NOFILE, &none, nil); err != nil {
		t.Fatal(err)
	}
	ids := s.Recorded()
	if err := ids[1].Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	// Many probes of the other service cannot be made meanwhile.
	supervisortest.Eventually(t, "the restart to fail twice", func() bool {
		return strings.Count(s.Read("supervisor.log"), "first=service.starting service=a") > 1
	})
	if n := supervisortest.CountProbes(t, other); !ids[2].Alive() || !ids[0].Alive() || n == 0 {
		t.Error("the supervisor or the other service ended")
	}
	if err := unix.Prlimit(status.Supervisor.PID, unix.RLIMIT_NOFILE, &before, nil); err != nil {
		t.Fatal(err)
	}
	supervisortest.Eventually(t, "the service to come back", s.IsReplaced("a", ids[1].PID))
	if b := s.Service("b"); b.PID != ids[2].PID || b.State != control.StateRunning || b.Restarts != 0 {
		t.Errorf("b was disturbed: %+v", b)
	}
	supervisortest.Eventually(t, "the lost events to be counted", func() bool { return len(s.EventDetails(control.EventLost)) == 1 })
}

func TestWhatAServiceLeftIsEndedThoughNoDescriptorWasLeftAtItsEnd(t *testing.T) {
	t.Parallel()
	svc := supervisortest.Trivial(t, "a", "-fork")
	svc.Restart = config.Restart{Policy: "always", Max: 1000}
	s := supervisortest.NewStack(t, svc)
	status := s.MustStart()
	supervisortest.Eventually(t, "service and grandchild", func() bool { return len(s.Processes("a")) == 2 })
	old := s.Processes("a")
	var before unix.Rlimit
	if err := unix.Prlimit(status.Supervisor.PID, unix.RLIMIT_NOFILE, nil, &before); err != nil {
		t.Fatal(err)
	}
	if err := unix.Prlimit(status.Supervisor.PID, unix.RLIMIT_NOFILE, &unix.Rlimit{Max: before.Max}, nil); err != nil {
		t.Fatal(err)
	}
	leader := status.Services[0].PID
	if err := s.Recorded()[1].Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond) // the end is seen, and nothing else can be
	if err := unix.Prlimit(status.Supervisor.PID, unix.RLIMIT_NOFILE, &before, nil); err != nil {
		t.Fatal(err)
	}
	supervisortest.Eventually(t, "the service to come back", s.IsReplaced("a", leader))
	for _, id := range old {
		if id.Alive() {
			t.Errorf("process %d of the one before is left", id.PID)
		}
	}
}
