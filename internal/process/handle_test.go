package process_test

import (
	"errors"
	"os/exec"
	"slices"
	"syscall"
	"testing"

	"github.com/flowgate-go/flowgate/internal/process"
)

func TestAHandleReachesTheGroupOfAChildAndSeesItsEnd(t *testing.T) {
	t.Parallel()
	cmd := spawn(t, "sh", "-c", "sleep 60 & wait")
	hold, id := process.HoldChild(cmd.Process.Pid)
	defer hold.Close()
	if id != identify(t, cmd.Process.Pid) {
		t.Errorf("the identity is %+v", id)
	}
	eventually(t, "shell and sleep", func() bool { members, _ := process.GroupMembers(id.PID); return len(members) == 2 })
	if err := hold.SignalGroup(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := hold.Await(t.Context()); err != nil {
		t.Error(err)
	}
	eventually(t, "the group to be empty", func() bool {
		members,
			_ := process.GroupMembers(id.PID)
		return len(members) == 0
	})
}

func TestAHandleOnWhatHasEndedWaitsForNothing(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("true")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "its end", func() bool {
		_, err := process.Identify(cmd.Process.Pid)
		return errors.Is(err,
			process.ErrGone)
	})
	hold, id := process.HoldChild(cmd.Process.Pid)
	defer hold.Close()
	if err := hold.Await(t.Context()); err != nil || id.PID != cmd.Process.Pid || id.StartTime != 0 {
		t.Errorf("held as %+v: %v", id, err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("its exit status is gone: %v", err)
	}
}

func TestAnExemptLeaderStaysInItsFamilyAndLeavesTheCounts(t *testing.T) {
	t.Parallel()
	var census process.Census
	cmd := spawn(t, "sh", "-c", "sleep 60 & wait")
	family := process.Family{Leader: identify(t, cmd.Process.Pid)}
	end := census.Exempt(cmd.Process.Pid)
	eventually(t, "shell and sleep", func() bool {
		members, _ := census.Members(family)
		return len(members) == 2 && slices.Contains(members, family.Leader)
	})
	if _, found := census.Counted()[family.Leader.PID]; found {
		t.Error("the leader was looked at")
	}
	end()
	if _, found := census.Counted()[family.Leader.PID]; !found {
		t.Error("the leader is not looked at again")
	}
}
