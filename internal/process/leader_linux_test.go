package process_test

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/flowgate-go/flowgate/internal/process"
)

// init makes the test binary a process whose first thread ends before the
// others, which looks like one that has ended: only init runs on that thread.
func init() {
	if os.Getenv("PROCESS_TEST_LEADER") == "" {
		return
	}
	runtime.LockOSThread()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // until the test closes it
		os.Exit(7)
	}()
	_, _, _ = unix.Syscall(unix.SYS_EXIT, 0, 0, 0) // of this thread alone
}

func TestAChildWhoseFirstThreadEndedIsAwaitedToItsEnd(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "PROCESS_TEST_LEADER=1")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	t.Cleanup(func() { _ = process.KillGroup(pid, unix.SIGKILL) })
	eventually(t, "the end of its first thread",
		func() bool { _, err := process.Identify(pid); return errors.Is(err, process.ErrGone) })
	hold, _ := process.HoldChild(pid)
	defer hold.Close()
	early, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, errors.New("it runs"))
	defer cancel()
	if err := hold.Await(early); err == nil || err.Error() != "it runs" {
		t.Errorf("awaited while it runs: %v", err)
	}
	if err := stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if err := hold.Await(t.Context()); err != nil {
		t.Error(err)
	}
	if status, child := process.TryWait(pid); !child || status.ExitStatus() != 7 {
		t.Errorf("its end: %v, %v", status, child)
	}
}
