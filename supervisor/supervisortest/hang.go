package supervisortest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
)

// Socket returns the path of the control socket.
func (s *Stack) Socket() string { return filepath.Join(s.Config.Paths.RuntimeDir, "supervisor.sock") }

// Hang suspends the supervisor as a debugger or a job control signal does.
func (s *Stack) Hang() {
	s.T.Helper()
	id := s.Recorded()[0]
	if err := id.Signal(syscall.SIGSTOP); err != nil {
		s.T.Fatal(err)
	}
	s.T.Cleanup(func() { _ = id.Signal(syscall.SIGCONT) })
	Eventually(s.T, "every thread of it to be suspended", func() bool {
		threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", id.PID)) // none where there is no /proc
		return !slices.ContainsFunc(threads, func(path string) bool {
			stat, _ := os.ReadFile(path)
			_, state, _ := strings.Cut(string(stat), ") ")
			return !strings.HasPrefix(state, "T")
		})
	})
}

// ReplaceSupervisor makes supervisor.json name another process as the supervisor.
func (s *Stack) ReplaceSupervisor(other process.Identity) {
	s.T.Helper()
	l := ledger.Read(s.Config.Paths.RuntimeDir)
	l.Supervisor = other
	if err := ledger.Write(s.Config.Paths.RuntimeDir, l); err != nil {
		s.T.Fatal(err)
	}
}
