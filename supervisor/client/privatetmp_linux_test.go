package client_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/flowgate-go/flowgate/internal/rightstest"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/supervisortest"
)

// TestASupervisorWithAPrivateTmpIsReached is about a unit with PrivateTmp and a
// runtime folder whose path is too long for a socket: the socket is in a /tmp
// that only the supervisor sees.
func TestASupervisorWithAPrivateTmpIsReached(t *testing.T) {
	t.Parallel()
	if !rightstest.Mount(t) {
		return
	}
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	runtime := filepath.Join(s.Config.Dir, strings.Repeat("long", 30))
	s.Config.Paths.RuntimeDir, s.Config.Paths.StateFile = runtime, filepath.Join(runtime, "state.json")
	s.Config.Paths.ActiveConfig, s.Config.Paths.LogFile = filepath.Join(runtime, "litellm.active.yaml"),
		filepath.Join(runtime, "events.log")
	s.Save()
	sockets := "/tmp/flowgate-" + strconv.Itoa(os.Geteuid())
	if err := os.MkdirAll(sockets, 0o700); err != nil {
		t.Fatal(err)
	}
	own := s.SupervisorCommand()
	cmd := exec.Command("sh", append([]string{"-c", `mount -t tmpfs -o mode=0700 none "$0" && exec "$@"`, sockets},
		own.Args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Unshareflags: syscall.CLONE_NEWNS}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	supervisortest.Eventually(t, "the supervisor to be there",
		func() bool { return len(s.Recorded()) > 0 && s.Recorded()[0].PID == cmd.Process.Pid })
	socket := ""
	supervisortest.Eventually(t, "it to answer", func() bool {
		status, err := supervisor.Query(t.Context(), s.Config)
		if err == nil && status.Supervisor != nil {
			socket = status.Supervisor.Socket
		}
		return socket != ""
	})
	if _, err := os.Lstat(socket); filepath.Dir(socket) != sockets || !os.IsNotExist(err) {
		t.Fatalf("%s can be seen from here: %v", socket, err)
	}
	if status := s.MustStart(); status.Supervisor.PID != cmd.Process.Pid || !status.Services[0].Ready {
		t.Errorf("started: %+v", status)
	}
	if status, err := supervisor.Stop(t.Context(), s.Config, nil); err != nil ||
		supervisortest.Find(t, status, "a").State != control.StateStopped {
		t.Errorf("stopped: %+v, %v", status, err)
	}
	<-ended
}
