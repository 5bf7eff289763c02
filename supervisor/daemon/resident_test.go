package daemon_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/rightstest"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/daemon"
	"github.com/flowgate-go/flowgate/supervisor/supervisortest"
)

func TestAKilledSupervisorsServicesAreAdopted(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"), supervisortest.Trivial(t, "b"))
	before := s.MustStart()
	ids := s.Recorded()
	if err := ids[0].Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	supervisortest.Eventually(t, "the supervisor to be gone", func() bool { return !ids[0].Alive() })
	status := s.Query()
	if a := status.Services[0]; status.Supervisor != nil || !a.Live || a.PID != before.Services[0].PID || !a.Ready ||
		a.Reason == "" {
		t.Errorf("without supervisor: %+v", status)
	}
	health, err := supervisor.Health(t.Context(), s.Config)
	if err != nil || !health.Services[0].Ready || !health.Services[0].Live {
		t.Errorf("health without supervisor: %+v, %v", health, err)
	}
	after := s.MustStart()
	if !strings.Contains(after.Supervisor.Hint, "supervisor:upgrade") { // it says that its version is "test"
		t.Errorf("a supervisor of another version is not pointed out: %+v", after.Supervisor)
	}
	if !after.Supervisor.Adopted {
		t.Error("the status does not say that the services were adopted")
	}
	for i := range after.Services {
		a := after.Services[i]
		if a.PID != before.Services[i].PID || !ids[i+1].Alive() || !a.Ready || a.Restarts != 0 {
			t.Errorf("%s was not adopted: %+v", a.Name, a)
		}
	}
	// It is supervised as before: its end is seen, and it is started again.
	if err := ids[1].Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	supervisortest.Eventually(t, "an adopted service to be restarted", s.IsReplaced("a", ids[1].PID))
	if a := s.Service("a"); a.LastExit == nil || a.LastExit.Signal != "unknown" || a.Decision == nil ||
		!a.Decision.Restart {
		t.Errorf("%+v, last exit %+v", a, a.LastExit)
	}
}

func TestStopAlsoEndsWhatAKilledSupervisorLeft(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"), supervisortest.Trivial(t, "b"))
	s.MustStart()
	ids := s.Recorded()
	if err := ids[0].Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	supervisortest.Eventually(t, "the supervisor to be gone", func() bool { return !ids[0].Alive() })
	status, err := supervisor.Stop(t.Context(), s.Config, []string{"a"})
	if err != nil || ids[1].Alive() || !ids[2].Alive() || status.Services[0].Live || !status.Services[1].Live {
		t.Errorf("stop a: %+v, %v", status, err)
	}
	if _, err := supervisor.Stop(t.Context(), s.Config, nil); err != nil || ids[2].Alive() {
		t.Errorf("stop: %v, b alive %v", err, ids[2].Alive())
	}
}

func TestAForeignProcessInALedgerIsNotTouched(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	cmd := exec.Command("sleep", "60")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	id, err := process.Identify(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	s.MustStart()
	s.ReplaceInLedger(s.Recorded()[1], process.Identity{PID: id.PID, StartTime: id.StartTime - 1, BootID: id.BootID})
	ids := s.Recorded()
	service := s.Service("a").PID
	if err := ids[0].Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(-service, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	supervisortest.Eventually(t, "the supervisor to be gone", func() bool { return !ids[0].Alive() })
	s.MustStart()
	if !id.Alive() {
		t.Error("a process with a reused pid was ended")
	}
}

func TestATornLedgerAndAStaleSocketDoNotMatter(t *testing.T) {
	t.Parallel()
	for _, torn := range []string{"", "{", `{"version":99}`, "null", `{"version":1,"services":[{"process":{"pid":1}}]}`} {
		s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
		dir := s.Config.Paths.RuntimeDir
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "supervisor.json"), []byte(torn), 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "supervisor.sock"), Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		l.SetUnlinkOnClose(false)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if status := s.Query(); status.Supervisor != nil || status.Services[0].State != control.StateStopped {
			t.Errorf("%q: %+v", torn, status)
		}
		s.MustStart()
	}
}

func TestSignalsEndTheSupervisorAndItsServices(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
		s.MustStart()
		ids := s.Recorded()
		if err := ids[0].Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		if status := s.Query(); status.Supervisor == nil || !status.Services[0].Live {
			t.Errorf("a closed terminal ended %+v", status)
		}
		if err := ids[0].Signal(sig); err != nil {
			t.Fatal(err)
		}
		supervisortest.Eventually(t, sig.String()+" to end both", func() bool { return !ids[0].Alive() && !ids[1].Alive() })
		events := s.Events()
		if !slices.Contains(events, "service.stopped a") || events[len(events)-1] != "supervisor.stopped" {
			t.Errorf("events %q", events)
		}
	}
}

func TestTheEndOfTheLifelineEndsEverythingAndItsFolder(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	private := filepath.Join(s.Config.Dir, "flowgate-private")
	s.Config.Paths.RuntimeDir = filepath.Join(private, ".router", "runtime")
	s.Config.Paths.LogFile = filepath.Join(s.Config.Paths.RuntimeDir, "events.log")
	s.Save()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_, err = supervisor.Start(t.Context(), s.Config,
		supervisor.StartOptions{Self: os.Args[0], Lifeline: read, Ephemeral: private})
	if err != nil {
		t.Fatal(err)
	}
	_ = read.Close()
	ids := s.Recorded()
	if len(ids) != 2 || !ids[1].Alive() {
		t.Fatalf("processes %+v", ids)
	}
	if err := write.Close(); err != nil {
		t.Fatal(err)
	}
	supervisortest.Eventually(t, "everything to be gone", func() bool {
		_, err := os.Stat(private)
		return os.IsNotExist(err) && !ids[0].Alive() && !ids[1].Alive()
	})
}

func TestAFolderThatIsNotPrivateIsNeverRemoved(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	for _, dir := range []string{s.Config.Dir, "/", "flowgate-x", filepath.Join(s.Config.Dir, "flowgate-elsewhere"),
		s.Config.Paths.RuntimeDir} {
		_, err := supervisor.Start(t.Context(), s.Config, supervisor.StartOptions{Self: os.Args[0], Ephemeral: dir})
		supervisortest.WantFault(t, err, "ephemeral-refused", dir)
	}
	if _, err := os.Stat(s.Config.Paths.RuntimeDir); err != nil {
		t.Error(err)
	}
}

func TestASupervisorThatNobodyUsesEnds(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	err = daemon.Run(t.Context(), daemon.Options{Config: s.Config, Notify: write, IdleLimit: 20 * time.Millisecond})
	if got := s.Events(); err != nil || !slices.Equal(got, []string{"supervisor.started", "supervisor.stopped"}) {
		t.Errorf("%v, events %q", err, got)
	}
}

func TestASecondSupervisorWaitsForTheEndOfTheFirst(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	s.MustStart()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	err := daemon.Run(ctx, daemon.Options{Config: s.Config})
	supervisortest.WantFault(t, err, "supervisor-running", s.Config.Paths.RuntimeDir)
	if !s.Service("a").Ready {
		t.Error("the running supervisor was disturbed")
	}
}

func TestAnUnusableRuntimeFolderIsOneClearFault(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dirs := map[string]string{"a file": file, "below a file": filepath.Join(file, "runtime"),
		"read-only": "/proc/flowgate/runtime"}
	for what, dir := range dirs {
		t.Run(what, func(t *testing.T) { checkUnusable(t, dir) })
	}
}

func checkUnusable(t *testing.T, dir string) {
	t.Helper()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	s.Config.Paths = config.Paths{RuntimeDir: dir, LogFile: filepath.Join(dir, "events.log"),
		StateFile: filepath.Join(dir, "state.json")}
	_, err := s.Start()
	supervisortest.WantFault(t, err, "runtime-dir-unwritable", dir, "paths.runtime_dir")
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("%v was left in it", entries)
	}
}

func TestAnotherUsersRuntimeFolderIsNotUsed(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "theirs")
	supervisortest.OpenAbove(t, dir)
	if out, err := rightstest.Other(t, "mkdir", "-m", "777", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	checkUnusable(t, dir)
}

func TestEverythingWrittenIsForItsUserAlone(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	s.MustStart()
	err := filepath.Walk(s.Config.Paths.RuntimeDir, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestALongRuntimePathGetsAShortSocket(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	s.Config.Paths.RuntimeDir = filepath.Join(s.Config.Dir, strings.Repeat("long/", 30), "runtime")
	s.Save()
	socket := s.MustStart().Supervisor.Socket
	if len(socket) > 103 || strings.HasPrefix(socket, s.Config.Paths.RuntimeDir) {
		t.Errorf("socket %q", socket)
	}
	info, err := os.Stat(filepath.Dir(socket))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("its folder: %v, %v", info.Mode(), err)
	}
	if _, err := supervisor.Stop(t.Context(), s.Config, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(socket); err == nil {
		t.Error("the socket is left")
	}
}
