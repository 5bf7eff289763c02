package process_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/process"
)

// spawn starts a real process that leads a group of its own and is gone when the test ends.
func spawn(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = process.KillGroup(cmd.Process.Pid, syscall.SIGKILL)
			_ = cmd.Wait()
		}
	})
	return cmd
}

func identify(t *testing.T, pid int) process.Identity {
	t.Helper()
	id, err := process.Identify(pid)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !cond(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}

func TestAnIdentityIsAliveUntilItsProcessEnds(t *testing.T) {
	t.Parallel()
	cmd := spawn(t, "sleep", "60")
	id := identify(t, cmd.Process.Pid)
	if !id.Alive() || id.BootID == "" || id.StartTime == 0 {
		t.Fatalf("a running process: %+v, alive %v", id, id.Alive())
	}
	if err := id.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := id.Await(t.Context()); err != nil {
		t.Fatal(err)
	}
	if id.Alive() {
		t.Error("a zombie counts as alive")
	}
	if err := cmd.Wait(); err == nil {
		t.Error("Await took the exit status away from Wait")
	}
	if _, err := process.Identify(id.PID); !errors.Is(err, process.ErrGone) {
		t.Errorf("identify a pid without process: %v", err)
	}
}

func TestSignalsRefuseAnotherProcessWithTheSamePID(t *testing.T) {
	t.Parallel()
	real := identify(t, spawn(t, "sleep", "60").Process.Pid)
	earlier, otherBoot := real, real
	earlier.StartTime--
	otherBoot.BootID = "another boot"
	for _, stale := range []process.Identity{earlier, otherBoot, {}} {
		if stale.Alive() {
			t.Errorf("%+v counts as alive", stale)
		}
		if err := stale.Signal(syscall.SIGKILL); !errors.Is(err, process.ErrGone) {
			t.Errorf("signal %+v: %v", stale, err)
		}
		if err := stale.SignalGroup(syscall.SIGKILL); !errors.Is(err, process.ErrGone) {
			t.Errorf("signal group of %+v: %v", stale, err)
		}
	}
	if !real.Alive() {
		t.Error("a signal for a stale identity reached the process")
	}
}

func TestSignalGroupReachesGrandchildren(t *testing.T) {
	t.Parallel()
	cmd := spawn(t, "sh", "-c", "sleep 60 & sleep 60 & wait")
	id := identify(t, cmd.Process.Pid)
	var members []int
	eventually(t, "shell and two sleeps in one group", func() bool {
		members, _ = process.GroupMembers(id.PID)
		return len(members) == 3
	})
	if !slices.Contains(members, id.PID) {
		t.Errorf("members %v lack the leader %d", members, id.PID)
	}
	if err := id.SignalGroup(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the group to be empty", func() bool {
		members, _ = process.GroupMembers(id.PID)
		return len(members) == 0
	})
}

func TestAFamilyIsFoundAfterItsLeaderEnded(t *testing.T) {
	t.Parallel()
	cmd := spawn(t, "sh", "-c", "sleep 60 & wait")
	family := process.Family{Leader: identify(t, cmd.Process.Pid)}
	eventually(t, "shell and sleep", func() bool {
		members,
			_ := new(process.Census).Members(family)
		return len(members) == 2
	})
	if err := family.Leader.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := family.Leader.Await(t.Context()); err != nil {
		t.Fatal(err)
	}
	members, err := new(process.Census).Members(family)
	if err != nil || len(members) != 1 {
		t.Fatalf("members after the leader's end: %v, %v", members, err)
	}
	stranger := family
	stranger.Leader = identify(t, spawn(t, "sleep", "60").Process.Pid)
	stranger.Leader.StartTime--
	if members, err := new(process.Census).Members(stranger); err != nil || len(members) != 0 {
		t.Errorf("a stranger's group has the members %v, %v", members, err)
	}
	if err := members[0].Signal(syscall.SIGKILL); err != nil {
		t.Error(err)
	}
	eventually(t, "the orphan to end", func() bool {
		members,
			_ := new(process.Census).Members(family)
		return len(members) == 0
	})
	if status, ended := process.TryWait(cmd.Process.Pid); !ended || status.Signal() != syscall.SIGKILL {
		t.Errorf("the leader's end: %v, %v", status, ended)
	}
}

func TestAMarkFindsWhoLeftTheGroup(t *testing.T) {
	t.Parallel()
	census, mark := &process.Census{Variable: "PROCESS_TEST_MARK"}, t.TempDir()
	cmd := exec.Command("sh", "-c", "perl -MPOSIX -e 'POSIX::setsid(); sleep 60' & wait")
	cmd.Env = append(os.Environ(), "PROCESS_TEST_MARK="+mark)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	family := process.Family{Leader: identify(t, cmd.Process.Pid), Mark: mark}
	end := func() {
		members, _ := census.Members(family)
		for _, m := range members {
			_ = m.Signal(syscall.SIGKILL)
		}
	}
	t.Cleanup(func() { end(); _ = cmd.Wait() })
	eventually(t, "one that left the group", func() bool {
		members, _ := census.Members(family)
		group, _ := process.GroupMembers(cmd.Process.Pid)
		return len(members) == 2 && len(group) == 1
	})
	if got := census.Leaders()[mark]; got != family.Leader {
		t.Errorf("found by its mark: %+v, want %+v", got, family.Leader)
	}
	end()
	eventually(t, "all to end", func() bool { members, _ := census.Members(family); return len(members) == 0 })
}

func TestAwaitSeesTheEndOfOtherProcessesAndObeysItsContext(t *testing.T) {
	t.Parallel()
	cmd := spawn(t, "sh", "-c", "sleep 60 & wait")
	family := process.Family{Leader: identify(t, cmd.Process.Pid)}
	var grandchild process.Identity
	eventually(t, "a grandchild", func() bool {
		members, _ := new(process.Census).Members(family)
		i := slices.IndexFunc(members, func(id process.Identity) bool { return id != family.Leader })
		if i >= 0 {
			grandchild = members[i]
		}
		return i >= 0
	})
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan error)
	go func() { done <- grandchild.Await(ctx) }()
	cancel(errors.New("enough"))
	if err := <-done; err == nil || err.Error() != "enough" {
		t.Errorf("a wait that was called off: %v", err)
	}
	go func() { done <- grandchild.Await(t.Context()) }()
	select {
	case err := <-done:
		t.Fatalf("a running process has ended: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	if err := grandchild.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	stale := family.Leader
	stale.StartTime++
	if err := stale.Await(t.Context()); err != nil {
		t.Errorf("a process that is gone: %v", err)
	}
}

func TestReapDoesNotBlockOnARunningChild(t *testing.T) {
	t.Parallel()
	cmd := spawn(t, "sleep", "60")
	if process.Reap(cmd.Process.Pid) {
		t.Error("a running child counts as ended")
	}
	if !process.Reap(os.Getpid()) {
		t.Error("a process that is no child counts as a running one")
	}
}

func TestParentIsTheProcessThatStartedIt(t *testing.T) {
	t.Parallel()
	if got := process.ParentPID(spawn(t, "sleep", "60").Process.Pid); got != os.Getpid() {
		t.Errorf("parent %d, want %d", got, os.Getpid())
	}
}

func BenchmarkCensus(b *testing.B) {
	census := &process.Census{Variable: "PROCESS_TEST_MARK"}
	for b.Loop() {
		if _, err := census.Members(process.Family{Leader: process.Identity{PID: 2}}); err != nil {
			b.Fatal(err)
		}
	}
}
