package subprocess_test

import (
	"bytes"
	"context"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/subprocess"
)

func TestTheEndOfTheContextEndsGrandchildrenToo(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := subprocess.Command(ctx, "sh", "-c", "sleep 60 & echo $!; wait")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 32)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	grandchild, err := strconv.Atoi(strings.TrimSpace(string(line[:n])))
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	_ = cmd.Wait() // killed: that is the point
	for deadline := time.Now().Add(10 * time.Second); isRunning(grandchild); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d lives on", grandchild)
		}
	}
}

// isRunning reports whether a process is there and no zombie: where nobody
// reaps orphans, a killed one stays as a zombie.
func isRunning(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || !bytes.Contains(stat, []byte(") Z "))
}

func TestTailKeepsTheEnd(t *testing.T) {
	t.Parallel()
	if got := subprocess.Tail([]byte("abcdef"), 3); got != "def" {
		t.Errorf("%q", got)
	}
	if got := subprocess.Tail([]byte("ab"), 3); got != "ab" {
		t.Errorf("%q", got)
	}
}
