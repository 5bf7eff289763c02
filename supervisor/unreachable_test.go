package supervisor_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
)

func (s *testStack) socket() string { return filepath.Join(s.cfg.Paths.RuntimeDir, "supervisor.sock") }

// answers reports whether a service answers its readiness path.
func answers(url string) bool {
	resp, err := http.Get(url + "/ready") //nolint:noctx // a service of the test
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

func TestARemovedControlSocketIsOpenedAnew(t *testing.T) {
	t.Parallel()
	s := newStack(t, trivial(t, "a"))
	before := s.mustStart()
	for range 2 { // the second time the listener is one that was opened anew
		if err := os.Remove(s.socket()); err != nil {
			t.Fatal(err)
		}
		status := s.query() // a command of the same moment waits for it
		if status.Supervisor == nil || status.Supervisor.PID != before.Supervisor.PID || !status.Services[0].Ready {
			t.Fatalf("without a socket: %+v", status)
		}
	}
	if err := os.Remove(s.socket()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the socket without a command that asks",
		func() bool { _, err := os.Stat(s.socket()); return err == nil })
	eventually(t, "three events of it", func() bool {
		got := s.said(control.EventSupervisorRestored)
		return len(got) == 3 && strings.Contains(got[0], "control socket")
	})
	stopped, err := supervisor.Stop(t.Context(), s.cfg, nil)
	if err != nil || answers(before.Services[0].URL) {
		t.Errorf("stop: %+v, %v; answers: %v", stopped, err, answers(before.Services[0].URL))
	}
}

func TestASocketReplacedByAnotherFileIsOpenedAnew(t *testing.T) {
	t.Parallel()
	s := newStack(t, trivial(t, "a"))
	before := s.mustStart()
	if err := os.Remove(s.socket()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.socket(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the supervisor to be reached", func() bool {
		status, err := supervisor.Query(t.Context(), s.cfg)
		return err == nil && status.Supervisor != nil && status.Supervisor.PID == before.Supervisor.PID
	})
}

// hang suspends the supervisor as a debugger or a job control signal does.
func (s *testStack) hang() {
	s.t.Helper()
	id := s.recorded()[0]
	if err := id.Signal(syscall.SIGSTOP); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = id.Signal(syscall.SIGCONT) })
	eventually(s.t, "every thread of it to stand", func() bool {
		threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", id.PID)) // none where there is no /proc
		return !slices.ContainsFunc(threads, func(path string) bool {
			stat, _ := os.ReadFile(path)
			_, state, _ := strings.Cut(string(stat), ") ")
			return !strings.HasPrefix(state, "T")
		})
	})
}

// promised is how long a command takes at most that has no answer of its
// supervisor (docs/supervisor.md).
const promised = 9 * time.Second

// stopwatch returns a function that says how long ago that was, without the
// time in which this process did not get to run: a busy machine is no defect.
func stopwatch() (took func() time.Duration) {
	begin, stop, late := time.Now(), make(chan struct{}), make(chan time.Duration)
	go func() {
		const tick = 10 * time.Millisecond
		total := time.Duration(0)
		for {
			before := time.Now()
			time.Sleep(tick)
			if over := time.Since(before) - 2*tick; over > 0 {
				total += over
			}
			select {
			case <-stop:
				late <- total
				return
			default:
			}
		}
	}()
	return func() time.Duration {
		took := time.Since(begin)
		close(stop)
		return took - <-late
	}
}

// TestEveryCommandAnswersInTimeAboutAStackWhoseSupervisorHangs is about what
// the commands say, too: never "stopped", never ok.
func TestEveryCommandAnswersInTimeAboutAStackWhoseSupervisorHangs(t *testing.T) {
	t.Parallel()
	for what, remove := range map[string]string{"suspended": "", "and its socket removed": "supervisor.sock",
		"and its ledger removed": "supervisor.*s*o*"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, trivial(t, "a"))
			before := s.mustStart()
			s.hang()
			names, _ := filepath.Glob(filepath.Join(s.cfg.Paths.RuntimeDir, remove))
			for _, name := range names {
				if remove != "" {
					_ = os.Remove(name)
				}
			}
			o := supervisor.StartOptions{Self: os.Args[0]}
			commands := map[string]func() (control.Status, error){
				"status":  func() (control.Status, error) { return supervisor.Query(t.Context(), s.cfg) },
				"health":  func() (control.Status, error) { return supervisor.Health(t.Context(), s.cfg) },
				"start":   func() (control.Status, error) { return supervisor.Start(t.Context(), s.cfg, o) },
				"restart": func() (control.Status, error) { return supervisor.Restart(t.Context(), s.cfg, o) },
				"stop":    func() (control.Status, error) { return supervisor.Stop(t.Context(), s.cfg, nil) },
			}
			var all sync.WaitGroup
			for name, command := range commands {
				all.Go(func() {
					took := stopwatch()
					status, err := command()
					if took := took(); took > promised {
						t.Errorf("%s took %v", name, took)
					}
					wantFaultOf(t, err, "supervisor-unreachable")
					if err == nil || !strings.Contains(fault.From(err).Hint, "stop -force") ||
						!strings.Contains(err.Error(), fmt.Sprintf("process %d", before.Supervisor.PID)) {
						t.Errorf("%s: no way out in %v", name, err)
					}
					if len(status.Services) != 1 || status.Services[0].State != control.StateRunning ||
						status.Services[0].PID != before.Services[0].PID {
						t.Errorf("%s: %+v", name, status.Services)
					}
					if status.Supervisor == nil || status.Supervisor.PID != before.Supervisor.PID {
						t.Errorf("%s: supervisor %+v, not %d", name, status.Supervisor, before.Supervisor.PID)
					}
				})
			}
			all.Wait()
			if !answers(before.Services[0].URL) {
				t.Error("the service was stopped")
			}
			status, err := supervisor.ForceStop(t.Context(), s.cfg, nil)
			if err != nil || find(t, status, "a").State != control.StateStopped || status.Supervisor != nil {
				t.Errorf("stop -force: %+v, %v", status, err)
			}
			if answers(before.Services[0].URL) || len(s.processes("a")) > 0 {
				t.Error("stop -force left the service")
			}
		})
	}
}

func TestAStopInWhichTheSupervisorHangsEnds(t *testing.T) {
	t.Parallel()
	deaf := trivial(t, "a", "-deaf")
	deaf.StopTimeout = 60 * 1e9
	s := newStack(t, deaf)
	before := s.mustStart()
	stopped := make(chan error, 1)
	go func() {
		_, err := supervisor.Stop(t.Context(), s.cfg, nil)
		stopped <- err
	}()
	eventually(t, "the stop to begin", func() bool { return s.service("a").State == control.StateStopping })
	s.hang()
	took := stopwatch()
	select {
	case err := <-stopped:
		wantFault(t, err, "supervisor-unreachable")
	case <-time.After(time.Minute):
		t.Fatal("the stop waits for ever")
	}
	if took := took(); took > promised {
		t.Errorf("the stop took %v", took)
	}
	_ = syscall.Kill(-before.Services[0].PID, syscall.SIGKILL)
	if _, err := supervisor.ForceStop(t.Context(), s.cfg, nil); err != nil {
		t.Error(err)
	}
}

func TestStopForceLeavesAProcessThatIsNotASupervisorAlone(t *testing.T) {
	t.Parallel()
	s := newStack(t, trivial(t, "a"))
	s.mustStart()
	ids, stranger := s.recorded(), sleeper(t)
	s.hang()
	if err := os.Remove(s.socket()); err != nil {
		t.Fatal(err)
	}
	s.replaceSupervisor(stranger)
	_, err := supervisor.ForceStop(t.Context(), s.cfg, nil)
	if !stranger.Alive() {
		t.Errorf("the stranger was ended: %v", err)
	}
	wantFault(t, err, "supervisor-foreign")
	if err := os.Remove(filepath.Join(s.cfg.Paths.RuntimeDir, "supervisor.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := supervisor.ForceStop(t.Context(), s.cfg, nil); err != nil || ids[0].Alive() || ids[1].Alive() {
		t.Errorf("by the lock: %v; supervisor %v, service %v", err, ids[0].Alive(), ids[1].Alive())
	}
}

// replaceSupervisor makes supervisor.json name another process as the supervisor.
func (s *testStack) replaceSupervisor(other process.Identity) {
	s.t.Helper()
	l := ledger.Read(s.cfg.Paths.RuntimeDir)
	l.Supervisor = other
	if err := ledger.Write(s.cfg.Paths.RuntimeDir, l); err != nil {
		s.t.Fatal(err)
	}
}
