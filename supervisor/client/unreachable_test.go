package client_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/supervisortest"
)

func TestARemovedControlSocketIsOpenedAnew(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	before := s.MustStart()
	for range 2 { // the second time the listener is one that was opened anew
		if err := os.Remove(s.Socket()); err != nil {
			t.Fatal(err)
		}
		status := s.Query() // a command of the same moment waits for it
		if status.Supervisor == nil || status.Supervisor.PID != before.Supervisor.PID || !status.Services[0].Ready {
			t.Fatalf("without a socket: %+v", status)
		}
	}
	if err := os.Remove(s.Socket()); err != nil {
		t.Fatal(err)
	}
	supervisortest.Eventually(t, "the socket without a command that asks",
		func() bool { _, err := os.Stat(s.Socket()); return err == nil })
	supervisortest.Eventually(t, "three events of it", func() bool {
		got := s.EventDetails(control.EventSupervisorRestored)
		return len(got) == 3 && strings.Contains(got[0], "control socket")
	})
	stopped, err := supervisor.Stop(t.Context(), s.Config, nil)
	if err != nil || supervisortest.Answers(before.Services[0].URL) {
		t.Errorf("stop: %+v, %v; answers: %v", stopped, err, supervisortest.Answers(before.Services[0].URL))
	}
}

func TestASocketReplacedByAnotherFileIsOpenedAnew(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	before := s.MustStart()
	if err := os.Remove(s.Socket()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.Socket(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	supervisortest.Eventually(t, "the supervisor to be reached", func() bool {
		status, err := supervisor.Query(t.Context(), s.Config)
		return err == nil && status.Supervisor != nil && status.Supervisor.PID == before.Supervisor.PID
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
			s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
			before := s.MustStart()
			s.Hang()
			names, _ := filepath.Glob(filepath.Join(s.Config.Paths.RuntimeDir, remove))
			for _, name := range names {
				if remove != "" {
					_ = os.Remove(name)
				}
			}
			o := supervisor.StartOptions{Self: os.Args[0]}
			commands := map[string]func() (control.Status, error){
				"status":  func() (control.Status, error) { return supervisor.Query(t.Context(), s.Config) },
				"health":  func() (control.Status, error) { return supervisor.Health(t.Context(), s.Config) },
				"start":   func() (control.Status, error) { return supervisor.Start(t.Context(), s.Config, o) },
				"restart": func() (control.Status, error) { return supervisor.Restart(t.Context(), s.Config, o) },
				"stop":    func() (control.Status, error) { return supervisor.Stop(t.Context(), s.Config, nil) },
			}
			var all sync.WaitGroup
			for name, command := range commands {
				all.Go(func() {
					took := stopwatch()
					status, err := command()
					if took := took(); took > promised {
						t.Errorf("%s took %v", name, took)
					}
					supervisortest.CheckFault(t, err, "supervisor-unreachable")
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
			if !supervisortest.Answers(before.Services[0].URL) {
				t.Error("the service was stopped")
			}
			status, err := supervisor.ForceStop(t.Context(), s.Config, nil)
			if err != nil || supervisortest.Find(t, status, "a").State != control.StateStopped || status.Supervisor != nil {
				t.Errorf("stop -force: %+v, %v", status, err)
			}
			if supervisortest.Answers(before.Services[0].URL) || len(s.Processes("a")) > 0 {
				t.Error("stop -force left the service")
			}
		})
	}
}

func TestAStopInWhichTheSupervisorHangsEnds(t *testing.T) {
	t.Parallel()
	deaf := supervisortest.Trivial(t, "a", "-deaf")
	deaf.StopTimeout = 60 * 1e9
	s := supervisortest.NewStack(t, deaf)
	before := s.MustStart()
	stopped := make(chan error, 1)
	go func() {
		_, err := supervisor.Stop(t.Context(), s.Config, nil)
		stopped <- err
	}()
	supervisortest.Eventually(t, "the stop to begin", func() bool { return s.Service("a").State == control.StateStopping })
	s.Hang()
	took := stopwatch()
	select {
	case err := <-stopped:
		supervisortest.WantFault(t, err, "supervisor-unreachable")
	case <-time.After(time.Minute):
		t.Fatal("the stop waits for ever")
	}
	if took := took(); took > promised {
		t.Errorf("the stop took %v", took)
	}
	_ = syscall.Kill(-before.Services[0].PID, syscall.SIGKILL)
	if _, err := supervisor.ForceStop(t.Context(), s.Config, nil); err != nil {
		t.Error(err)
	}
}

func TestStopForceLeavesAProcessThatIsNotASupervisorAlone(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	s.MustStart()
	ids, stranger := s.Recorded(), supervisortest.Sleeper(t)
	s.Hang()
	if err := os.Remove(s.Socket()); err != nil {
		t.Fatal(err)
	}
	s.ReplaceSupervisor(stranger)
	_, err := supervisor.ForceStop(t.Context(), s.Config, nil)
	if !stranger.Alive() {
		t.Errorf("the stranger was ended: %v", err)
	}
	supervisortest.WantFault(t, err, "supervisor-foreign")
	if err := os.Remove(filepath.Join(s.Config.Paths.RuntimeDir, "supervisor.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := supervisor.ForceStop(t.Context(), s.Config, nil); err != nil || ids[0].Alive() || ids[1].Alive() {
		t.Errorf("by the lock: %v; supervisor %v, service %v", err, ids[0].Alive(), ids[1].Alive())
	}
}
