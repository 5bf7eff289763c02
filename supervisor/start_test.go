package supervisor_test

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/supervisortest"
)

func TestStartBringsServicesUpInOrderAndStopTakesEverythingDown(t *testing.T) {
	t.Parallel()
	second := supervisortest.Trivial(t, "second", "-wait=1ms")
	second.DependsOn = []string{"first"}
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "first", "-wait=100ms"), second)
	var progress []string
	status, err := supervisor.Start(t.Context(), s.Config, supervisor.StartOptions{
		Self: os.Args[0], Progress: func(e control.Event) { progress = append(progress, e.Event+" "+e.Service) },
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"service.starting first", "service.ready first", "service.starting second", "service.ready second"}
	if !slices.Equal(progress, want) {
		t.Errorf("progress %q, want %q", progress, want)
	}
	if status.Supervisor == nil || status.Supervisor.Version != "test" {
		t.Errorf("supervisor %+v", status.Supervisor)
	}
	for _, svc := range status.Services {
		if svc.State != control.StateRunning || !svc.Live || !svc.Ready || svc.PID == 0 || svc.StartedAt == nil ||
			svc.LastExit != nil {
			t.Errorf("after the start: %+v", svc)
		}
	}
	ids := s.Recorded()
	if len(ids) != 3 || ids[0].PID != status.Supervisor.PID || ids[1].PID != status.Services[0].PID {
		t.Errorf("supervisor.json has %+v", ids)
	}

	status, err = supervisor.Stop(t.Context(), s.Config, nil)
	if err != nil || status.Supervisor != nil {
		t.Fatalf("stop: %+v, %v", status, err)
	}
	for _, svc := range status.Services {
		if svc.State != control.StateStopped || svc.Live || svc.PID != 0 || svc.LastExit == nil {
			t.Errorf("after the stop: %+v", svc)
		}
	}
	for _, id := range ids {
		if id.Alive() {
			t.Errorf("process %d is left", id.PID)
		}
	}
	all := append(append([]string{"supervisor.started"}, want...), "service.stopping second", "service.stopped second",
		"service.stopping first", "service.stopped first", "supervisor.stopped")
	if got := s.Events(); !slices.Equal(got, all) {
		t.Errorf("events %q, want %q", got, all)
	}
	for _, gone := range []string{"supervisor.sock", "supervisor.json"} {
		if _, err := os.Lstat(filepath.Join(s.Config.Paths.RuntimeDir, gone)); err == nil {
			t.Errorf("%s is left", gone)
		}
	}
}

func TestStartIsIdempotent(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	first := s.MustStart()
	second := s.MustStart()
	if first.Services[0].PID != second.Services[0].PID || first.Supervisor.PID != second.Supervisor.PID {
		t.Errorf("a second start replaced something: %+v, %+v", first, second)
	}
}

func TestEightStartsAtOnceEndWithOneSupervisor(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"), supervisortest.Trivial(t, "b"))
	var group sync.WaitGroup
	statuses, errs := make([]control.Status, 8), make([]error, 8)
	for i := range 8 {
		group.Go(func() { statuses[i], errs[i] = s.Start() })
	}
	group.Wait()
	for i, status := range statuses {
		if errs[i] != nil || status.Supervisor == nil {
			t.Fatalf("start %d: %v", i, errs[i])
		}
		if status.Supervisor.PID != statuses[0].Supervisor.PID || status.Services[0].PID != statuses[0].Services[0].PID {
			t.Errorf("start %d found %+v, start 0 %+v", i, status, statuses[0])
		}
	}
	starts := 0
	for _, e := range s.Events() {
		if e == "service.starting a" || e == "supervisor.started" {
			starts++
		}
	}
	if starts != 2 {
		t.Errorf("one supervisor and one service a were expected: %q", s.Events())
	}
}

func TestStartsAndStopsAtOnceEndInAStateThatSomeOrderExplains(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"), supervisortest.Trivial(t, "b"))
	var group sync.WaitGroup
	for i := range 12 {
		group.Go(func() {
			if i%3 == 2 {
				if _, err := supervisor.Stop(t.Context(), s.Config, nil); err != nil {
					t.Errorf("stop: %v", err)
				}
			} else if _, err := s.Start(); err != nil {
				supervisortest.WantFault(t, err, "start-interrupted")
			}
		})
	}
	group.Wait()
	status := s.Query()
	if a, b := status.Services[0].State, status.Services[1].State; a != b ||
		(status.Supervisor == nil) != (a == control.StateStopped) {
		t.Errorf("no order of starts and stops leads to %+v", status)
	}
	s.MustStart()
}

func TestAStartOfOneServiceStartsWhatItDependsOn(t *testing.T) {
	t.Parallel()
	b := supervisortest.Trivial(t, "b")
	b.DependsOn = []string{"a"}
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"), b, supervisortest.Trivial(t, "c"))
	status := s.MustStart("b")
	for name, want := range map[string]string{
		"a": control.StateRunning, "b": control.StateRunning, "c": control.StateStopped,
	} {
		if got := supervisortest.Find(t, status, name).State; got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if status, err := supervisor.Stop(t.Context(), s.Config, []string{"b"}); err != nil || status.Supervisor == nil ||
		!supervisortest.Find(t, status, "a").Live {
		t.Errorf("a stop of b: %+v, %v", status, err)
	}
}

func TestAServiceThatEndsBeforeItIsReadyFailsTheStart(t *testing.T) {
	t.Parallel()
	for _, exit := range []int{0, 3} {
		later := supervisortest.Trivial(t, "later")
		later.DependsOn = []string{"bad"}
		s := supervisortest.NewStack(t, supervisortest.Trivial(t, "bad", "-exit="+strconv.Itoa(exit), "-say=one,two"), later)
		status, err := s.Start()
		failure := supervisortest.WantFault(t, err, "start-failed", `"bad"`, "exit status "+strconv.Itoa(exit), "bad.log")
		if failure.Exit == nil || failure.Exit.Code != exit || !slices.Equal(failure.Log, []string{"one", "two"}) ||
			failure.Service != "bad" {
			t.Errorf("detail %+v", failure)
		}
		bad := supervisortest.Find(t, status, "bad")
		if bad.State != control.StateFailed || bad.Live || !strings.Contains(bad.Reason, "ended before") {
			t.Errorf("status %+v", bad)
		}
		if got := supervisortest.Find(t, status, "later").State; got != control.StateStopped {
			t.Errorf("what depends on a failed service is %s", got)
		}
	}
}

func TestOnlyLinesOfThisStartAreShown(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "bad", "-exit=1", "-say=first try"))
	_, err := s.Start()
	supervisortest.WantFault(t, err, "start-failed")
	s.Config.Services[0].Command = append(s.Config.Services[0].Command, "-say=second try")
	_, err = s.Start()
	if failure := supervisortest.WantFault(t, err, "start-failed"); !slices.Equal(failure.Log, []string{"second try"}) {
		t.Errorf("log %q", failure.Log)
	}
}

func TestAFaultIsScrubbedOnItsWayOut(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "bad", "-exit=1", "-say=key sk-canary"))
	_, err := supervisor.Start(t.Context(), s.Config,
		supervisor.StartOptions{Self: os.Args[0], Scrub: func(line []byte) []byte {
			return []byte(strings.ReplaceAll(string(line), "sk-canary", "…"))
		}})
	failure := supervisortest.WantFault(t, err, "start-failed")
	if !slices.Equal(failure.Log, []string{"key …"}) || strings.Contains(s.Read("events.log"), "canary") {
		t.Errorf("log %q, events %s", failure.Log, s.Read("events.log"))
	}
}

func TestAServiceThatIsNeverReadyTimesOutAndIsEnded(t *testing.T) {
	t.Parallel()
	for name, flags := range map[string][]string{
		"connection refused": {"-port="}, "status 500": {"-status=500"}, "status 302": {"-status=302"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := supervisortest.NewStack(t, supervisortest.Trivial(t, "slow", append(flags, "-say=still here")...))
			_, err := supervisor.Start(t.Context(), s.Config, supervisor.StartOptions{Self: os.Args[0], Timeout: 3 * time.Second})
			failure := supervisortest.WantFault(t, err, "start-timeout", `"slow"`, "3s", name, "-timeout")
			if len(failure.Log) == 0 || failure.Log[0] != "still here" {
				t.Errorf("log %q", failure.Log)
			}
			if got := s.Service("slow"); got.State != control.StateFailed || got.PID != 0 {
				t.Errorf("status %+v", got)
			}
		})
	}
}

func TestATakenPortIsRefusedBeforeTheStart(t *testing.T) {
	t.Parallel()
	svc := supervisortest.Trivial(t, "a")
	taken, err := net.Listen("tcp", svc.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	s := supervisortest.NewStack(t, svc)
	_, err = s.Start()
	failure := supervisortest.WantFault(t, err, "port-in-use", `"a"`, svc.Addr(), strconv.Itoa(os.Getpid()), "services.a.port")
	if failure.Port != svc.Port || failure.Holder == nil || failure.Holder.PID != os.Getpid() ||
		failure.Holder.Command == "" {
		t.Errorf("detail %+v, holder %+v", failure, failure.Holder)
	}
	if s.Read("process-logs/a.log") != "" {
		t.Error("the service was executed")
	}
}

func TestAnAnswerOfAnotherProgramDoesNotMakeAServiceReady(t *testing.T) {
	t.Parallel()
	mover := supervisortest.Trivial(t, "mover") // as LiteLLM: asked for one port, it takes another
	s := supervisortest.NewStack(t, mover)
	// The stranger comes when the port was found free and the service is executed.
	stranger := supervisortest.Trivial(t, "stranger", "-await="+filepath.Join(s.Config.Paths.ProcessLogs(), "mover.log"))
	s.Config.Services[0].Port = stranger.Port
	mover.Port = stranger.Port
	other := supervisortest.NewStack(t, stranger)
	done := make(chan error, 1)
	go func() { _, err := other.Start(); done <- err }()
	supervisortest.Eventually(t, "the stranger to be on its way", func() bool { return other.Service("stranger").PID != 0 })
	_, err := s.Start()
	if strangerErr := <-done; strangerErr != nil {
		t.Fatal(strangerErr)
	}
	strangerPID := other.Service("stranger").PID
	failure := supervisortest.WantFault(t, err, "listener-foreign", `"mover"`, strconv.Itoa(strangerPID), mover.Addr())
	if failure.Holder == nil || failure.Holder.PID != strangerPID {
		t.Errorf("holder %+v", failure.Holder)
	}
	if got := other.Service("stranger"); !got.Live || !got.Ready {
		t.Errorf("the stranger was touched: %+v", got)
	}
}

func TestAListenerInAChildOfTheServiceIsItsOwn(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "workers", "-child"))
	if got := supervisortest.Find(t, s.MustStart(), "workers"); !got.Ready {
		t.Errorf("status %+v", got)
	}
}

func TestAMissingRuntimeIsNamed(t *testing.T) {
	t.Parallel()
	svc := supervisortest.Trivial(t, "a")
	svc.Command = []string{"./no-such-program"}
	_, err := supervisortest.NewStack(t, svc).Start()
	if failure := supervisortest.WantFault(t, err, "runtime-missing", `"a"`, "no-such-program"); failure.Service != "a" {
		t.Errorf("detail %+v", failure)
	}
	svc.Command = []string{filepath.Join(t.TempDir(), "broken")}
	if err := os.WriteFile(svc.Command[0], []byte("\x7fELFgarbage"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err = supervisortest.NewStack(t, svc).Start()
	supervisortest.WantFault(t, err, "start-failed", `"a"`, "execute")
}

func TestASupervisorThatCouldExecuteNothingEndsWithTheStart(t *testing.T) {
	t.Parallel()
	b := supervisortest.Trivial(t, "b")
	b.Command = []string{"./no-such-program"}
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"), b)
	status, err := s.Start("b")
	supervisortest.WantFault(t, err, "runtime-missing")
	if status.Supervisor != nil || s.Query().Supervisor != nil {
		t.Errorf("it stays: %+v", status.Supervisor)
	}
	s.MustStart("a")
	if _, err := s.Start("b"); err == nil {
		t.Fatal("b was started")
	}
	if got := s.Service("a"); !got.Ready || s.Query().Supervisor == nil {
		t.Errorf("a lost its supervisor: %+v", got)
	}
}

func TestAnUnknownServiceIsNamedWithTheNearest(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "litellm"), supervisortest.Trivial(t, "cliproxyapi_plus"))
	_, err := s.Start("litelm")
	supervisortest.WantFault(t, err, "service-unknown", `"litelm"`, `did you mean "litellm"`, "cliproxyapi_plus")
	_, err = supervisor.Stop(t.Context(), s.Config, []string{"x"})
	supervisortest.WantFault(t, err, "service-unknown")
	if _, err := os.Stat(s.Config.Paths.RuntimeDir); err == nil {
		t.Error("a refused command made the runtime folder")
	}
}

func TestAChangedConfigurationCountsForTheNextStart(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a", "-say=old"))
	s.MustStart()
	changed := supervisortest.Trivial(t, "a", "-say=new")
	added := supervisortest.Trivial(t, "b")
	s.Config.Services = []config.Service{added, changed}
	status := s.MustStart()
	if a := supervisortest.Find(t, status, "a"); strings.HasSuffix(a.URL, strconv.Itoa(changed.Port)) ||
		supervisortest.Find(t, status, "b").State != control.StateRunning {
		t.Errorf("a running service was replaced or a new one not started: %+v", status)
	}
	status, err := supervisor.Restart(t.Context(), s.Config,
		supervisor.StartOptions{Services: []string{"a"}, Self: os.Args[0]})
	if err != nil || !strings.HasSuffix(supervisortest.Find(t, status, "a").URL, strconv.Itoa(changed.Port)) ||
		!strings.Contains(s.Read("process-logs/a.log"), "new") {
		t.Errorf("after the restart: %+v, %v", status, err)
	}
}

func TestServicesGetTheEnvironmentOfTheCommandThatStartsThem(t *testing.T) {
	t.Parallel()
	svc := supervisortest.Trivial(t, "a", "-env=VIA_CONFIG")
	svc.Env = map[string]string{"VIA_CONFIG": "<${OUTER}>"}
	s := supervisortest.NewStack(t, svc)
	for _, value := range []string{"one", "two"} {
		o := supervisor.StartOptions{Self: os.Args[0], Environ: append(os.Environ(), "OUTER="+value)}
		if _, err := supervisor.Restart(t.Context(), s.Config, o); err != nil {
			t.Fatal(err)
		}
		if log := s.Read("process-logs/a.log"); !strings.Contains(log, "VIA_CONFIG=<"+value+">") {
			t.Errorf("log %q lacks %s", log, value)
		}
	}
	_, err := supervisor.Restart(t.Context(), s.Config,
		supervisor.StartOptions{Self: os.Args[0], Environ: []string{"PATH=/bin"}})
	supervisortest.WantFault(t, err, "env-unset", "OUTER")
}
