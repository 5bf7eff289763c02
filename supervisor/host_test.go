package supervisor_test

import (
	"os"
	"strconv"
	"syscall"
	"testing"

	"github.com/flowgate-go/flowgate/supervisor"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestARuntimeFolderThatIsRemovedIsMadeAnew(t *testing.T) {
	t.Parallel()
	s := newStack(t, trivial(t, "a"))
	before := s.mustStart()
	if err := os.RemoveAll(s.cfg.Paths.RuntimeDir); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the same supervisor to answer again", func() bool {
		status, err := supervisor.Query(t.Context(), s.cfg)
		return err == nil && status.Supervisor != nil && status.Supervisor.PID == before.Supervisor.PID
	})
	if a := s.service("a"); a.PID != before.Services[0].PID || !a.Ready {
		t.Errorf("%+v", a)
	}
	if status := s.mustStart(); status.Supervisor.PID != before.Supervisor.PID || status.Services[0].PID != before.Services[0].PID {
		t.Errorf("a start found %+v", status)
	}
}

// TestAFolderTakenByAnother is about a supervisor that must leave its services
// to the one that took its folder. A short name keeps the socket in that folder.
func TestAFolderTakenByAnother(t *testing.T) {
	t.Parallel()
	s := newStack(t, trivial(t, "a"))
	before := s.mustStart()
	first := s.recorded()[0]
	// It must not notice before the other one has taken the folder.
	if err := first.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(s.cfg.Paths.RuntimeDir); err != nil {
		t.Fatal(err)
	}
	after := s.mustStart()
	if after.Supervisor.PID == first.PID || after.Services[0].PID != before.Services[0].PID || !after.Services[0].Ready {
		t.Errorf("before %+v, after %+v", before, after)
	}
	if err := first.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the first to give way", func() bool { return !first.Alive() })
	if a := s.service("a"); a.PID != before.Services[0].PID || !a.Ready {
		t.Errorf("the service went with the first: %+v", a)
	}
}
