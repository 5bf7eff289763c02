package process_test

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"

	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/rightstest"
)

// TestAReusedPIDIsNotTouched has the kernel give a pid out twice, where no other
// process takes it in between.
func TestAReusedPIDIsNotTouched(t *testing.T) {
	t.Parallel()
	if !rightstest.PIDs(t) {
		return
	}
	for range 200 { // only this process starts threads, which have numbers too
		old := exec.Command("sleep", "60")
		if err := old.Start(); err != nil {
			t.Fatal(err)
		}
		id := identify(t, old.Process.Pid)
		_ = old.Process.Kill()
		_ = old.Wait()
		if err := os.WriteFile("/proc/sys/kernel/ns_last_pid", []byte(strconv.Itoa(id.PID-1)), 0); err != nil {
			t.Fatal(err)
		}
		reused := exec.Command("sleep", "60")
		reused.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := reused.Start(); err != nil {
			t.Fatal(err)
		}
		same := reused.Process.Pid == id.PID
		same = same && identify(t, id.PID) != id // both may have begun in one tick of the clock
		if same {
			if id.Alive() || !errors.Is(id.Signal(syscall.SIGKILL), process.ErrGone) ||
				!errors.Is(id.SignalGroup(syscall.SIGKILL), process.ErrGone) {
				t.Error("the identity reaches another process with its pid")
			}
			if members, err := new(process.Census).Members(process.Family{Leader: id}); err != nil || len(members) != 0 ||
				!identify(t, id.PID).Alive() {
				t.Errorf("the family takes in another group with its number: %v, %v", members, err)
			}
		}
		_ = reused.Process.Kill()
		_ = reused.Wait()
		if same {
			return
		}
	}
	t.Fatal("the kernel gave no pid out twice")
}
