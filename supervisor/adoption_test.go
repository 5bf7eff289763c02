package supervisor_test

import (
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/rightstest"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/leftover"
	"github.com/flowgate-go/flowgate/supervisor/supervisortest"
)

// startProcess starts a program in a process group of its own, until the end of the test.
func startProcess(t *testing.T, cmd *exec.Cmd) process.Identity {
	t.Helper()
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	id, err := process.Identify(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// markedAs waits until a process has the mark of a service; to this user, or root.
func markedAs(t *testing.T, id process.Identity, mark string) {
	t.Helper()
	supervisortest.Eventually(t, "the process is marked", func() bool {
		names, known := process.EnvironNames(id.PID)
		return names["FLOWGATE_SERVICE"] || !known && os.Geteuid() != 0
	})
}

// checkUntouched wants a process to be no service of the stack, and to survive a stop.
func checkUntouched(t *testing.T, s *supervisortest.Stack, id process.Identity) {
	t.Helper()
	if status := s.Query(); status.Services[0].State != control.StateStopped || status.Services[0].PID != 0 {
		t.Errorf("it is taken for the service: %+v", status.Services[0])
	}
	if orphans := leftover.Inspect(s.Config).Orphans; len(orphans) > 0 {
		t.Errorf("it is taken for an orphan: %+v", orphans)
	}
	if _, err := supervisor.Stop(t.Context(), s.Config, nil); err != nil || !id.Alive() {
		t.Errorf("stop: %v; it lives: %v", err, id.Alive())
	}
	if _, err := s.Start(); err != nil {
		t.Error(err)
	}
	if pid := s.Service("a").PID; pid == id.PID {
		t.Error("it was adopted")
	}
}

// outlives wants a process to survive the stop of the stack's own service.
func outlives(t *testing.T, s *supervisortest.Stack, id process.Identity) {
	t.Helper()
	if _, err := supervisor.Stop(t.Context(), s.Config, nil); err != nil || !id.Alive() {
		t.Errorf("stop of the service: %v; it lives: %v", err, id.Alive())
	}
}

func TestAnotherUsersMarkedProcessIsNotAdopted(t *testing.T) {
	t.Parallel()
	const hides = `syscall(157, 4, 0, 0, 0, 0); ` // prctl(PR_SET_DUMPABLE) on amd64: /proc/PID belongs to root then
	for name, script := range map[string]string{"seen": "sleep 100", "hidden": hides + "sleep 100"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
			mark := s.Config.Paths.RuntimeDir + ":a"
			id := startProcess(t, rightstest.Other(t, "env", "FLOWGATE_SERVICE="+mark, "perl", "-e", script))
			markedAs(t, id, mark)
			checkUntouched(t, s, id)
			outlives(t, s, id)
		})
	}
}

func TestAMarkedProcessThatRunsAnotherProgramIsNotAdopted(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	cmd := exec.Command("sleep", "100")
	cmd.Env = append(os.Environ(), "FLOWGATE_SERVICE="+s.Config.Paths.RuntimeDir+":a")
	checkUntouched(t, s, startProcess(t, cmd))
}

func TestAProcessInALedgerThatHasNoMarkIsNotEnded(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	id := startProcess(t, exec.Command("sleep", "100"))
	s.MustStart()
	ids := s.Recorded()
	service := s.Service("a").PID
	s.Kill()
	if err := syscall.Kill(-service, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	supervisortest.Eventually(t, "the service to be gone", func() bool { return !ids[1].Alive() })
	s.ReplaceInLedger(ids[1], id)
	checkUntouched(t, s, id)
	outlives(t, s, id)
}
