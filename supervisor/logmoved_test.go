package supervisor_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/logs"
)

func TestALogThatAnotherProgramMovedIsReportedOnce(t *testing.T) {
	t.Parallel()
	s := newStack(t, trivial(t, "renamed"), trivial(t, "replaced"), trivial(t, "kept"))
	s.mustStart()
	log := func(name string) string { return filepath.Join(s.cfg.Paths.RuntimeDir, "process-logs", name+".log") }
	for _, name := range []string{"renamed", "replaced"} {
		if err := os.Rename(log(name), log(name)+".1"); err != nil {
			t.Fatal(err)
		}
	}
	s.put("process-logs/replaced.log", "")              // logrotate's "create"
	if err := os.Truncate(log("kept"), 0); err != nil { // its "copytruncate"
		t.Fatal(err)
	}
	moved := func() int { return len(s.said(control.EventLogMoved)) }
	eventually(t, "both to be said", func() bool { return moved() == 2 })
	for _, name := range []string{"renamed", "replaced"} {
		shown := strings.Join(s.logs(logs.Options{N: 10, Services: []string{name}, Level: "error"}), "\n")
		if !strings.Contains(shown, name+": log.moved: "+log(name)) || !strings.Contains(shown, "mage restart "+name) {
			t.Errorf("logs of %s: %s", name, shown)
		}
	}
	s.kill()
	s.mustStart()                       // adopted: the one that was replaced has been said
	time.Sleep(2500 * time.Millisecond) // two looks
	if moved() != 2 {
		t.Errorf("said again: %q", s.said(control.EventLogMoved))
	}
	if _, err := supervisor.Restart(t.Context(), s.cfg, supervisor.StartOptions{Self: os.Args[0]}); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(log("renamed")); err != nil {
		t.Fatalf("a restart opens the log anew: %v", err)
	}
	eventually(t, "the removed log to be said", func() bool { return moved() == 3 })
}

func TestAServiceThatNoLedgerNamesHasTheStartOfItsProcess(t *testing.T) {
	t.Parallel()
	s := newStack(t, trivial(t, "a"))
	s.mustStart()
	want := s.service("a")
	s.kill()
	if err := os.Remove(filepath.Join(s.cfg.Paths.RuntimeDir, "supervisor.json")); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	if got := s.service("a"); got.PID != want.PID || got.StartedAt.Sub(*want.StartedAt).Abs() > 100*time.Millisecond {
		t.Errorf("started %v, was %v", got.StartedAt, want.StartedAt)
	}
}
