package process_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/flowgate-go/flowgate/internal/process"
)

func TestWithoutAFileDescriptorNoProcessIsTakenForEnded(t *testing.T) {
	t.Parallel()
	if os.Getenv("PROCESS_TEST_NO_DESCRIPTOR") == "" { // the limit is one of the whole process
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), "PROCESS_TEST_NO_DESCRIPTOR=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	cmd := spawn(t, "sleep", "60")
	id := identify(t, cmd.Process.Pid)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Max: limit.Max}); err != nil {
		t.Fatal(err)
	}
	held := make(chan process.Identity)
	go func() {
		hold, child := process.HoldChild(id.PID)
		hold.Close()
		held <- child
	}()
	short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := process.Hold(id).Await(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("awaited a running process: %v", err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if child := <-held; child != id {
		t.Errorf("the child is held as %+v, it is %+v", child, id)
	}
}

func TestAHandleThatCannotBePolledIsLookedAt(t *testing.T) {
	t.Parallel()
	cmd := spawn(t, "sleep", "60")
	hold := process.Unpollable(identify(t, cmd.Process.Pid))
	defer hold.Close()
	short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := hold.Await(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("awaited a running process: %v", err)
	}
	_ = cmd.Process.Kill()
	if err := hold.Await(t.Context()); err != nil {
		t.Error(err)
	}
}
