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
	"github.com/flowgate-go/flowgate/supervisor/supervisortest"
)

func TestALogThatAnotherProgramMovedIsReportedOnce(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "renamed"), supervisortest.Trivial(t, "replaced"), supervisortest.Trivial(t, "kept"))
	s.MustStart()
	log := func(name string) string { return filepath.Join(s.Config.Paths.RuntimeDir, "process-logs", name+".log") }
	for _, name := range []string{"renamed", "replaced"} {
		if err := os.Rename(log(name), log(name)+".1"); err != nil {
			t.Fatal(err)
		}
	}
	s.Put("process-logs/replaced.log", "")              // logrotate's "create"
	if err := os.Truncate(log("kept"), 0); err != nil { // its "copytruncate"
		t.Fatal(err)
	}
	moved := func() int { return len(s.EventDetails(control.EventLogMoved)) }
	supervisortest.Eventually(t, "both to be said", func() bool { return moved() == 2 })
	for _, name := range []string{"renamed", "replaced"} {
		shown := strings.Join(s.Logs(logs.Options{N: 10, Services: []string{name}, Level: "error"}), "\n")
		if !strings.Contains(shown, name+": log.moved: "+log(name)) || !strings.Contains(shown, "mage restart "+name) {
			t.Errorf("logs of %s: %s", name, shown)
		}
	}
	s.Kill()
	s.MustStart()                       // adopted: the one that was replaced has been said
	time.Sleep(2500 * time.Millisecond) // two looks
	if moved() != 2 {
		t.Errorf("said again: %q", s.EventDetails(control.EventLogMoved))
	}
	if _, err := supervisor.Restart(t.Context(), s.Config, supervisor.StartOptions{Self: os.Args[0]}); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(log("renamed")); err != nil {
		t.Fatalf("a restart opens the log anew: %v", err)
	}
	supervisortest.Eventually(t, "the removed log to be said", func() bool { return moved() == 3 })
}

func TestAServiceThatNoLedgerNamesHasTheStartOfItsProcess(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	s.MustStart()
	want := s.Service("a")
	s.Kill()
	if err := os.Remove(filepath.Join(s.Config.Paths.RuntimeDir, "supervisor.json")); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	if got := s.Service("a"); got.PID != want.PID || got.StartedAt.Sub(*want.StartedAt).Abs() > 100*time.Millisecond {
		t.Errorf("started %v, was %v", got.StartedAt, want.StartedAt)
	}
}
