package supervisor_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/logs"
	"github.com/flowgate-go/flowgate/supervisor/supervisortest"
)

func TestAClockThatIsSetWhileTheSupervisorRunsMovesNoBudgetAndNoUptime(t *testing.T) {
	t.Parallel()
	for what, jump := range map[string]time.Duration{"back": -240 * time.Hour, "forward": 240 * time.Hour} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			svc := supervisortest.Trivial(t, "a")
			svc.Restart = config.Restart{Policy: "always", Max: 1, Within: time.Hour, Backoff: time.Millisecond}
			s := supervisortest.NewStack(t, svc)
			pid := s.MustStart().Services[0].PID
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			supervisortest.Eventually(t, "a restart", s.IsReplaced("a", pid))
			setClock(t, s.Recorded()[0], jump)
			n := supervisortest.CountProbes(t, svc)
			supervisortest.Eventually(t, "probes after the jump", func() bool { return supervisortest.CountProbes(t, svc) > n+5 })
			a := s.Service("a")
			if !a.Ready || a.UptimeS <= 0 || a.UptimeS > 60 {
				t.Errorf("%+v", a)
			}
			if err := syscall.Kill(a.PID, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			supervisortest.Eventually(t, "the second restart to be refused", func() bool { return s.Service("a").State == control.StateFailed })
			var off time.Duration
			err := logs.Events(t.Context(), s.Config, logs.EventOptions{N: 1}, func(e control.Event) error {
				off = time.Until(e.Time())
				return nil
			})
			if err != nil || (off-jump).Abs() > time.Hour {
				t.Errorf("the supervisor's clock is off by %v, not by %v: %v", off, jump, err)
			}
		})
	}
}

// setClock moves the clock of one process: what the kernel maps into it to tell
// the time (vdso(7)) is replaced by a system call whose answer is moved.
func setClock(t *testing.T, id process.Identity, by time.Duration) {
	t.Helper()
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", id.PID))
	if err != nil {
		t.Fatal(err)
	}
	var start, end int64
	for line := range strings.Lines(string(maps)) {
		if strings.HasSuffix(line, "[vdso]\n") {
			_, err = fmt.Sscanf(line, "%x-%x", &start, &end)
		}
	}
	memory, openErr := os.OpenFile(fmt.Sprintf("/proc/%d/mem", id.PID), os.O_RDWR, 0)
	if err != nil || openErr != nil || start == 0 {
		t.Skipf("the clock of another process cannot be set here: %v, %v", err, openErr)
	}
	defer memory.Close()
	image := make([]byte, end-start)
	if _, err := memory.ReadAt(image, start); err != nil {
		t.Fatal(err)
	}
	code := []byte{
		0xb8, 0xe4, 0, 0, 0, // mov eax, SYS_clock_gettime
		0x0f, 0x05, // syscall
		0x85, 0xff, // test edi, edi
		0x75, 0x07, // jnz over the next: not CLOCK_REALTIME
		0x48, 0x81, 0x06, 0, 0, 0, 0, // add qword [rsi], seconds
		0xc3, // ret
	}
	binary.LittleEndian.PutUint32(code[14:], uint32(int32(by/time.Second)))
	at := clockGettime(t, image)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("its threads do not leave the vdso")
		}
		if err := id.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		if outside(t, id.PID, start, end) {
			break
		}
		_ = id.Signal(syscall.SIGCONT)
	}
	_, err = memory.WriteAt(code, start+at)
	_ = id.Signal(syscall.SIGCONT)
	if err != nil {
		t.Skipf("the clock of another process cannot be set here: %v", err)
	}
}

// clockGettime is where in the vdso that function is.
func clockGettime(t *testing.T, image []byte) int64 {
	t.Helper()
	file, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		t.Fatal(err)
	}
	symbols, err := file.DynamicSymbols()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range symbols {
		if s.Name == "__vdso_clock_gettime" {
			return int64(s.Value)
		}
	}
	t.Fatal("the vdso has no __vdso_clock_gettime")
	return 0
}

// outside reports that every thread of a process is stopped and none in a part
// of its memory (proc_pid_syscall(5)).
func outside(t *testing.T, pid int, start, end int64) bool {
	t.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/syscall", pid))
	if err != nil || len(threads) == 0 {
		t.Skipf("threads cannot be looked at here: %v", err)
	}
	for _, thread := range threads {
		raw, err := os.ReadFile(thread)
		if err != nil {
			t.Skipf("threads cannot be looked at here: %v", err)
		}
		fields := strings.Fields(string(raw))
		var pc int64
		if _, err := fmt.Sscanf(fields[len(fields)-1], "0x%x", &pc); err != nil || pc >= start && pc < end {
			return false // "running", or in there
		}
	}
	return true
}
