package supervisor_test

import (
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
	"github.com/flowgate-go/flowgate/supervisor/supervisortest"
)

func TestNoRequestIsDroppedWhileTheSupervisorIsKilledAndAdopted(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	s.MustStart()
	stop, done := make(chan struct{}), make(chan error, 1)
	requests := 0
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
			}
			resp, err := http.Get(s.Config.Services[0].URL() + "/ready")
			if err != nil {
				done <- err
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			requests++
		}
	}()
	for range 3 {
		s.Kill()
		s.MustStart()
	}
	close(stop)
	if err := <-done; err != nil || requests == 0 {
		t.Errorf("after %d requests: %v", requests, err)
	}
	if got := len(s.EventDetails(control.EventAdopted)); got != 3 {
		t.Errorf("adopted %d times", got)
	}
}

func TestAKillWhileAServiceStartsLeavesItToTheNextSupervisor(t *testing.T) {
	t.Parallel()
	gate := filepath.Join(t.TempDir(), "open")
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a", "-await="+gate))
	failed := make(chan error, 1)
	go func() { _, err := s.Start(); failed <- err }()
	supervisortest.Eventually(t, "the service to be executed", func() bool { return s.Service("a").PID != 0 && len(s.Recorded()) > 0 })
	pid := s.Service("a").PID
	s.Kill()
	supervisortest.WantFault(t, <-failed, "supervisor-lost")
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if a := supervisortest.Find(t, s.MustStart(), "a"); a.PID != pid || !a.Ready {
		t.Errorf("want process %d ready: %+v", pid, a)
	}
}

func TestAKillWhileAServiceStopsEndsItAllTheSame(t *testing.T) {
	t.Parallel()
	svc := supervisortest.Trivial(t, "a", "-deaf")
	svc.StopTimeout = config.Span(time.Second)
	s := supervisortest.NewStack(t, svc)
	pid := s.MustStart().Services[0].PID
	go func() { _, _ = supervisor.Stop(t.Context(), s.Config, nil) }()
	supervisortest.Eventually(t, "the stop to be under way", func() bool {
		l := ledger.Read(s.Config.Paths.RuntimeDir)
		return len(l.Services) == 1 && l.Services[0].State == control.StateStopping
	})
	s.Kill()
	if a := supervisortest.Find(t, s.MustStart(), "a"); a.PID == pid || !a.Ready {
		t.Errorf("the process that was being stopped is there still: %+v", a)
	}
	if all := s.Processes("a"); len(all) != 1 {
		t.Errorf("%d processes", len(all))
	}
}

func TestKillsAtAnyMomentLeaveOneOfEachService(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"), supervisortest.Trivial(t, "b"))
	s.MustStart()
	for round := range 8 {
		var commands sync.WaitGroup
		commands.Go(func() {
			o := supervisor.StartOptions{Self: os.Args[0]}
			switch round % 3 {
			case 0:
				_, _ = supervisor.Restart(t.Context(), s.Config, o)
			case 1:
				_, _ = supervisor.Stop(t.Context(), s.Config, []string{"a"})
			default:
				_, _ = supervisor.Start(t.Context(), s.Config, o)
			}
		})
		time.Sleep(rand.N(80 * time.Millisecond)) // any moment will do: that is the test
		if ids := s.Recorded(); len(ids) > 0 {
			_ = ids[0].Signal(syscall.SIGKILL)
		}
		commands.Wait()
		if status := s.MustStart(); !status.Services[0].Ready || !status.Services[1].Ready {
			t.Fatalf("round %d: %+v", round, status)
		}
		for _, name := range []string{"a", "b"} {
			if all := s.Processes(name); len(all) != 1 || all[0].PID != s.Service(name).PID {
				t.Fatalf("round %d: %s has the processes %v", round, name, all)
			}
		}
	}
}

func TestADamagedLedgerIsMovedAsideAndRebuiltFromWhatRuns(t *testing.T) {
	t.Parallel()
	for what, text := range map[string]string{
		"torn": `{"version":2,"services":[{"na`, "empty": "", "future": `{"version":99,"services":[]}`,
		"foreign": "somebody's notes\n", "another's JSON": `[1,2]`, "missing": "-",
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
			pid := s.MustStart().Services[0].PID
			s.Kill()
			path := filepath.Join(s.Config.Paths.RuntimeDir, "supervisor.json")
			err := os.WriteFile(path, []byte(text), 0o600)
			if text == "-" {
				err = os.Remove(path)
			}
			if err != nil {
				t.Fatal(err)
			}
			if a := s.Service("a"); !a.Live || a.PID != pid {
				t.Errorf("without a ledger the service is not seen: %+v", a)
			}
			if a := supervisortest.Find(t, s.MustStart(), "a"); a.PID != pid || !a.Ready {
				t.Errorf("not adopted: %+v", a)
			}
			aside, err := os.ReadFile(path + ".damaged")
			if text == "-" {
				if !errors.Is(err, os.ErrNotExist) {
					t.Errorf("moved aside: %q, %v", aside, err)
				}
			} else if string(aside) != text || len(s.EventDetails(control.EventSupervisorRebuilt)) != 1 {
				t.Errorf("moved aside: %q, %v", aside, err)
			}
		})
	}
}

func TestTheBudgetOfRestartsOutlivesTheSupervisor(t *testing.T) {
	t.Parallel()
	svc := supervisortest.Trivial(t, "a")
	svc.Restart = config.Restart{Policy: "always", Max: 2, Within: time.Hour, Backoff: time.Millisecond}
	s := supervisortest.NewStack(t, svc)
	s.MustStart()
	for round := range 2 {
		pid := s.Service("a").PID
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		supervisortest.Eventually(t, "a restart", func() bool {
			a := s.Service("a")
			return a.Ready && a.PID != pid &&
				a.Restarts == round+1
		})
		supervisortest.Eventually(t, "the ledger to have it",
			func() bool { return ledger.Read(s.Config.Paths.RuntimeDir).Services[0].State == control.StateRunning })
		s.Kill()
		s.StartSupervisor()
	}
	if err := syscall.Kill(s.Service("a").PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	supervisortest.Eventually(t, "the service to be given up", func() bool { return s.Service("a").State == control.StateFailed })
	a := s.Service("a")
	if a.Decision == nil || a.Decision.Restart || a.Decision.Evidence != "exited" ||
		!strings.Contains(a.Decision.Reason, "2 restarts within 1h0m0s are spent") {
		t.Errorf("decision %+v", a.Decision)
	}
	supervisortest.Eventually(t, "the ledger to have it",
		func() bool { return ledger.Read(s.Config.Paths.RuntimeDir).Services[0].State == control.StateFailed })
	s.Kill()
	s.StartSupervisor()
	if a := s.Service("a"); a.State != control.StateFailed || a.Decision == nil || a.LastExit == nil {
		t.Errorf("the next supervisor does not know that it was given up: %+v", a)
	}
	if got := s.EventDetails(control.EventFailed); len(got) != 1 {
		t.Errorf("failed was said %d times: %q", len(got), got)
	}
}

func TestAClockThatJumpsMovesNoBudgetAndNoUptime(t *testing.T) {
	t.Parallel()
	for what, jump := range map[string]time.Duration{"back": 240 * time.Hour, "forward": -240 * time.Hour} {
		svc := supervisortest.Trivial(t, "a")
		svc.Restart = config.Restart{Policy: "always", Max: 1, Within: time.Hour, Backoff: time.Millisecond}
		s := supervisortest.NewStack(t, svc)
		pid := s.MustStart().Services[0].PID
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		supervisortest.Eventually(t, "a restart", s.IsReplaced("a", pid))
		supervisortest.Eventually(t, "the ledger to have it",
			func() bool { return ledger.Read(s.Config.Paths.RuntimeDir).Services[0].State == control.StateRunning })
		s.Kill()
		// Seen from a clock set back, everything written lies in the future.
		l := ledger.Read(s.Config.Paths.RuntimeDir)
		e := &l.Services[0]
		e.StartedAt, e.LastExit.At = e.StartedAt.Add(jump), e.LastExit.At.Add(jump)
		if err := ledger.Write(s.Config.Paths.RuntimeDir, l); err != nil {
			t.Fatal(err)
		}
		s.StartSupervisor()
		if a := s.Service("a"); !a.Live || a.UptimeS <= 0 || a.UptimeS > 60 {
			t.Errorf("%s: %+v", what, a)
		}
		if err := syscall.Kill(s.Service("a").PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		supervisortest.Eventually(t, "the second restart to be refused", func() bool { return s.Service("a").State == control.StateFailed })
	}
}

func TestAfterARebootNothingIsAdoptedResumedOrTouched(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"), supervisortest.Trivial(t, "b"))
	s.MustStart()
	ids := s.Recorded()
	s.Kill()
	for _, id := range ids[1:] {
		if err := id.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		supervisortest.Eventually(t, "a service to be gone", func() bool { return !id.Alive() })
	}
	stranger := supervisortest.Sleeper(t)
	l := ledger.Read(s.Config.Paths.RuntimeDir)
	l.Supervisor.BootID, l.Services[0].Process.BootID = "the boot before", "the boot before"
	l.Services[1].Process = process.Identity{PID: stranger.PID, StartTime: stranger.StartTime, BootID: "the boot before"}
	if err := ledger.Write(s.Config.Paths.RuntimeDir, l); err != nil {
		t.Fatal(err)
	}
	if status := s.Query(); status.Services[0].Live || status.Services[1].Live {
		t.Errorf("alive after a reboot: %+v", status)
	}
	s.MustStart("a")
	if b := s.Service("b"); b.State != control.StateStopped || !stranger.Alive() {
		t.Errorf("b is %+v, the stranger with its pid alive: %v", b, stranger.Alive())
	}
}

func TestTheLedgerIsOneDocumentWheneverItIsRead(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	s.MustStart()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 5 {
			_, _ = supervisor.Restart(t.Context(), s.Config, supervisor.StartOptions{Self: os.Args[0]})
		}
	}()
	for reads := 0; ; reads++ {
		select {
		case <-done:
			if reads == 0 {
				t.Error("it was never read")
			}
			return
		default:
		}
		raw, err := os.ReadFile(ledger.Path(s.Config.Paths.RuntimeDir))
		if err != nil || !json.Valid(raw) {
			t.Fatalf("%q, %v", raw, err)
		}
	}
}

func TestAnUpgradeKeepsEveryServiceAndItsSupervisionAcrossPrograms(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a", "-env=UPGRADE_TEST"))
	_, err := supervisor.Start(t.Context(), s.Config,
		supervisor.StartOptions{Self: os.Args[0], Environ: append(os.Environ(), "UPGRADE_TEST=kept")})
	if err != nil {
		t.Fatal(err)
	}
	before := s.Query()
	done, err := supervisor.Upgrade(t.Context(), s.Config, os.Args[0])
	if err != nil || done.From != "test" || done.To != "next" {
		t.Fatalf("%+v, %v\n%s", done, err, s.Read("supervisor.log"))
	}
	after := s.Query()
	if after.Supervisor.PID != before.Supervisor.PID || after.Services[0].PID != before.Services[0].PID ||
		after.Supervisor.Upgrades != 1 {
		t.Errorf("before %+v, after %+v", before, after)
	}
	supervisortest.Eventually(t, "the service to be seen ready", func() bool { return s.Service("a").Ready })
	if err := syscall.Kill(after.Services[0].PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	supervisortest.Eventually(t, "a restart", s.IsReplaced("a", after.Services[0].PID))
	if a := s.Service("a"); a.LastExit == nil || a.LastExit.Signal != "killed" {
		t.Errorf("a child's end is seen whole after an upgrade too: %+v", a.LastExit)
	}
	if log := s.Read("process-logs/a.log"); strings.Count(log, "UPGRADE_TEST=kept") != 2 {
		t.Errorf("the restart lost the environment: %s", log)
	}
	entries, err := os.ReadDir(s.Config.Paths.RuntimeDir)
	if err != nil || slices.ContainsFunc(entries,
		func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), ".handover") }) {
		t.Errorf("an environment lies about: %v, %v", entries, err)
	}
}

func TestAnUpgradeToAnUnusableProgramChangesNothing(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	before := s.MustStart()
	dir := t.TempDir()
	for name, text := range map[string]string{"text": "no program", "fails": "#!/bin/sh\necho cannot read it; exit 2\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
		_, err := supervisor.Upgrade(t.Context(), s.Config, filepath.Join(dir, name))
		supervisortest.WantFault(t, err, "upgrade-refused", "nothing was changed")
	}
	// One that passes the check and cannot be executed when it comes to it.
	vanishes := filepath.Join(dir, "vanishes")
	if err := os.WriteFile(vanishes, []byte("#!/bin/sh\nrm "+vanishes+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := supervisor.Upgrade(t.Context(), s.Config, vanishes)
	supervisortest.WantFault(t, err, "upgrade-failed", "the old supervisor continues")
	after := s.Query()
	if after.Supervisor == nil || after.Supervisor.PID != before.Supervisor.PID ||
		after.Services[0].PID != before.Services[0].PID {
		t.Errorf("before %+v, after %+v", before, after)
	}
	supervisortest.Eventually(t, "the service to be seen ready", func() bool { return s.Service("a").Ready })
}
