package service_test

import (
	"debug/elf"
	"encoding/binary"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/rightstest"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/supervisortest"
)

func TestASuspendedServiceIsFoundNotAliveAndStartedAnew(t *testing.T) {
	t.Parallel()
	svc := supervisortest.Trivial(t, "a")
	svc.Probes.Liveness = supervisortest.QuickLiveness()
	s := supervisortest.NewStack(t, svc)
	pid := s.MustStart().Services[0].PID
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	supervisortest.Eventually(t, "another process", s.IsReplaced("a", pid))
	if d := s.Service("a").Decision; d == nil || !d.Restart || d.Evidence != "silent" ||
		!strings.Contains(d.Reason, "not alive") {
		t.Errorf("decision %+v", d)
	}
}

func TestOneQuestionForReadinessAndLivenessFindsASuspendedServiceToo(t *testing.T) {
	t.Parallel()
	svc := supervisortest.Trivial(t, "a")
	svc.Probes.Readiness = &config.Probe{HTTP: "/ready", Interval: config.Span(30 * time.Millisecond),
		Timeout: config.Span(300 * time.Millisecond)}
	svc.Probes.Liveness = &config.Probe{Interval: config.Span(300 * time.Millisecond),
		Timeout: config.Span(300 * time.Millisecond), Failures: 4}
	s := supervisortest.NewStack(t, svc)
	pid := s.MustStart().Services[0].PID
	// It answers 503 much longer than it may be silent, which is an answer.
	status := filepath.Join(t.TempDir(), "status")
	quick := supervisortest.Trivial(t, "b", "-statusfrom="+status)
	quick.Probes = svc.Probes
	other := supervisortest.NewStack(t, quick)
	was := other.MustStart().Services[0].PID
	if err := os.WriteFile(status, []byte("503"), 0o600); err != nil {
		t.Fatal(err)
	}
	suspended := time.Now()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	supervisortest.Eventually(t, "another process", s.IsReplaced("a", pid))
	took := time.Since(suspended)
	if d := s.Service("a").Decision; d == nil || !d.Restart || d.Evidence != "silent" ||
		!strings.Contains(d.Reason, "not alive") || took < 1200*time.Millisecond {
		t.Errorf("after %v the decision %+v", took, d)
	}
	supervisortest.Eventually(t, "the other to be asked for long enough", func() bool { return supervisortest.CountProbes(t, quick) > 70 })
	if b := other.Service("b"); b.PID != was || b.Restarts != 0 {
		t.Errorf("a service that answers was taken for dead: %+v", b)
	}
}

func TestADeafServiceIsKilledAfterItsStopTimeout(t *testing.T) {
	t.Parallel()
	svc := supervisortest.Trivial(t, "a", "-deaf")
	svc.StopTimeout = config.Span(100 * time.Millisecond)
	s := supervisortest.NewStack(t, svc)
	s.MustStart()
	status, err := supervisor.Stop(t.Context(), s.Config, nil)
	if err != nil || status.Services[0].LastExit.Signal != "killed" {
		t.Errorf("%+v, %v", status.Services[0].LastExit, err)
	}
	if got := s.EventDetails(control.EventStopped); len(got) != 1 ||
		!strings.Contains(got[0], "killed: it did not end within 100ms") {
		t.Errorf("the report does not say which it took: %q", got)
	}
}

func TestAServiceThatForksAndExitsFailsAndLeavesNobody(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a", "-fork", "-port=", "-exit=0"))
	_, err := s.Start()
	supervisortest.WantFault(t, err, "start-failed", "exit status 0")
	supervisortest.Eventually(t, "its children to be gone", func() bool { return len(s.Processes("a")) == 0 })
}

func TestAServiceThatDaemonizesFailsAndItsDaemonIsEnded(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a", "-daemonize", "-port="))
	_, err := s.Start()
	supervisortest.WantFault(t, err, "start-failed", "exit status 0")
	supervisortest.Eventually(t, "the daemon to be gone", func() bool { return len(s.Processes("a")) == 0 })
}

func TestAStopEndsADaemonOutsideTheGroup(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a", "-daemonize"))
	s.MustStart()
	supervisortest.Eventually(t, "the daemon to run", func() bool { return len(s.Processes("a")) == 2 })
	if _, err := supervisor.Stop(t.Context(), s.Config, nil); err != nil {
		t.Fatal(err)
	}
	if left := s.Processes("a"); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

func TestAServiceThatTakesConnectionsAndGivesNoAnswerIsNotReady(t *testing.T) {
	t.Parallel()
	for how, c := range map[string]struct {
		timeout, start time.Duration
		says           string
	}{
		"nothing": {100 * time.Millisecond, 4 * time.Second, "no answer within 100ms"},
		// time for several bytes: none prolongs it
		"slow": {2500 * time.Millisecond, 4 * time.Second, "no answer within 2.5s"},
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			svc := supervisortest.Trivial(t, "a", "-answer="+how)
			svc.Probes.Readiness.Timeout = config.Span(c.timeout)
			s := supervisortest.NewStack(t, svc)
			_, err := supervisor.Start(t.Context(), s.Config, supervisor.StartOptions{Self: os.Args[0], Timeout: c.start})
			failure := supervisortest.WantFault(t, err, "start-timeout", c.says)
			if how == "slow" && !slices.Contains(failure.Log, "bytes sent: 2") {
				t.Errorf("it sent too little: %q", failure.Log)
			}
			if all := s.Processes("a"); len(all) != 0 {
				t.Errorf("left %v", all)
			}
		})
	}
}

func TestOnlyItsOwnStateRestartsAService(t *testing.T) {
	t.Parallel()
	for status, restarts := range map[int]bool{401: false, 403: false, 404: false, 429: false, 502: false, 504: false,
		302: false, 503: true, 500: true} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "status")
			svc := supervisortest.Trivial(t, "a", "-statusfrom="+file)
			svc.Probes.Readiness.Interval = config.Span(10 * time.Millisecond)
			svc.UnreadyRestart = config.Span(100 * time.Millisecond)
			s := supervisortest.NewStack(t, svc)
			pid := s.MustStart().Services[0].PID
			if err := os.WriteFile(file, []byte(strconv.Itoa(status)), 0o600); err != nil {
				t.Fatal(err)
			}
			if restarts {
				supervisortest.Eventually(t, "another process", func() bool {
					a := s.Service("a")
					return a.PID != pid && a.Decision != nil &&
						a.Decision.Restart
				})
				if err := os.Remove(file); err != nil {
					t.Fatal(err)
				}
				return
			}
			supervisortest.Eventually(t, "readiness to be lost", func() bool { return !s.Service("a").Ready })
			// Many times as long as its own state would have been given.
			requests := supervisortest.CountProbes(t, svc)
			supervisortest.Eventually(t, "sixty more probes", func() bool { return supervisortest.CountProbes(t, svc) > requests+60 })
			a := s.Service("a")
			if a.PID != pid || a.Restarts != 0 || a.Ready || a.Decision == nil || a.Decision.Restart ||
				!strings.Contains(a.Decision.Reason, strconv.Itoa(status)) {
				t.Errorf("%+v, decision %+v", a, a.Decision)
			}
			if kept := s.EventDetails(control.EventKept); len(kept) != 1 {
				t.Errorf("said %d times: %q", len(kept), kept)
			}
		})
	}
}

func TestProbesOfEveryKindDecideReadiness(t *testing.T) {
	t.Parallel()
	flag := filepath.Join(t.TempDir(), "flag")
	for what, p := range map[string]config.Probe{
		"tcp": {TCP: true}, "command": {Command: []string{"test", "-e", flag}}, "log": {Log: "^listen(ing|s)$"},
		"http": {HTTP: "/ready", Successes: 3},
	} {
		svc := supervisortest.Trivial(t, what)
		p.Interval = config.Span(20 * time.Millisecond)
		svc.Probes = config.Probes{Readiness: &p}
		s := supervisortest.NewStack(t, svc)
		started := make(chan error, 1)
		go func() { _, err := s.Start(); started <- err }()
		if what == "command" {
			supervisortest.Eventually(t, "the start to be under way", func() bool { return s.Service(what).State == control.StateStarting })
			if err := os.WriteFile(flag, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := <-started; err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestAStartupProbeHoldsReadinessBackAndThresholdsCount(t *testing.T) {
	t.Parallel()
	flag, unready := filepath.Join(t.TempDir(), "flag"), filepath.Join(t.TempDir(), "unready")
	svc := supervisortest.Trivial(t, "a", "-notreadyif="+unready)
	svc.Probes = config.Probes{
		Startup:   &config.Probe{Command: []string{"test", "-e", flag}},
		Readiness: &config.Probe{HTTP: "/ready", Interval: config.Span(20 * time.Millisecond), Failures: 1000},
	}
	s := supervisortest.NewStack(t, svc)
	started := make(chan error, 1)
	go func() { _, err := s.Start(); started <- err }()
	supervisortest.Eventually(t, "the service to listen", func() bool { return strings.Contains(s.Tail("a"), "listening") })
	if a := s.Service("a"); a.Ready || a.State != control.StateStarting {
		t.Errorf("ready before it had started: %+v", a)
	}
	if n := supervisortest.CountProbes(t, svc); n != 0 {
		t.Errorf("asked for readiness %d times before it had started", n)
	}
	if err := os.WriteFile(flag, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(unready, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	n := supervisortest.CountProbes(t, svc)
	supervisortest.Eventually(t, "some failures", func() bool { return supervisortest.CountProbes(t, svc) > n+10 })
	if a := s.Service("a"); !a.Ready {
		t.Errorf("a few of a thousand failures took readiness away: %+v", a)
	}
}

func TestADependentThatWaitsForStartedDoesNotWaitForReady(t *testing.T) {
	t.Parallel()
	gate := filepath.Join(t.TempDir(), "open")
	second := supervisortest.Trivial(t, "second")
	second.DependsOn, second.DependsStarted = []string{"first"}, []string{"first"}
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "first", "-await="+gate), second)
	started := make(chan error, 1)
	go func() { _, err := s.Start(); started <- err }()
	supervisortest.Eventually(t, "the second to be ready before the first",
		func() bool { return s.Service("second").Ready && !s.Service("first").Ready })
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := <-started; err != nil {
		t.Fatal(err)
	}
}

func TestABinaryThatCannotBeExecutedIsNamedAndOneReplacedRunsOn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for path, code := range map[string]string{
		filepath.Join(dir, "missing"):                         "runtime-missing",
		write("plain", "text", 0o600):                         "runtime-missing",
		write("elsewhere", programOfAnotherMachine(t), 0o700): "start-failed",
	} {
		svc := supervisortest.Trivial(t, "a")
		svc.Command[0] = path
		s := supervisortest.NewStack(t, svc)
		_, err := s.Start()
		supervisortest.WantFault(t, err, code, `"a"`)
		if code == "start-failed" {
			supervisortest.WantFault(t, err, code, "exec format error", runtime.GOARCH)
		}
	}
	copied := filepath.Join(dir, "program")
	if out, err := exec.Command("cp", os.Args[0], copied).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	svc := supervisortest.Trivial(t, "a")
	svc.Command[0] = copied
	s := supervisortest.NewStack(t, svc)
	pid := s.MustStart().Services[0].PID
	if err := os.Remove(copied); err != nil {
		t.Fatal(err)
	}
	write("program", "#!/bin/sh\nexit 9\n", 0o700)
	if a := s.Service("a"); a.PID != pid || !a.Ready {
		t.Errorf("a replaced program disturbed the running one: %+v", a)
	}
	_, err := supervisor.Restart(t.Context(), s.Config, supervisor.StartOptions{Self: os.Args[0]})
	supervisortest.WantFault(t, err, "start-failed", "exit status 9")
}

// programOfAnotherMachine is the head of this program, for a VAX.
func programOfAnotherMachine(t *testing.T) string {
	t.Helper()
	file, err := os.Open(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	head := make([]byte, 64<<10)
	if _, err := io.ReadFull(file, head); err != nil {
		t.Fatal(err)
	}
	copy(head, "\x7fELF\x02\x01\x01") // already so where programs are ELF files
	binary.LittleEndian.PutUint16(head[18:], uint16(elf.EM_VAX))
	return string(head)
}

func TestAWorkingFolderThatIsRemovedStopsTheNextStartOnly(t *testing.T) {
	t.Parallel()
	svc := supervisortest.Trivial(t, "a")
	svc.Cwd = filepath.Join(t.TempDir(), "cwd")
	svc.Restart.Max = 1000
	if err := os.Mkdir(svc.Cwd, 0o700); err != nil {
		t.Fatal(err)
	}
	s := supervisortest.NewStack(t, svc)
	s.MustStart()
	if err := os.Remove(svc.Cwd); err != nil {
		t.Fatal(err)
	}
	if a := s.Service("a"); !a.Ready {
		t.Errorf("%+v", a)
	}
	if err := syscall.Kill(s.Service("a").PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	supervisortest.Eventually(t, "the missing folder to be named",
		func() bool { a := s.Service("a"); return !a.Live && strings.Contains(a.Reason, svc.Cwd) })
	if err := os.Mkdir(svc.Cwd, 0o700); err != nil {
		t.Fatal(err)
	}
	supervisortest.Eventually(t, "the service to come back", func() bool { return s.Service("a").Ready })
	if err := os.Remove(svc.Cwd); err != nil {
		t.Fatal(err)
	}
	_, err := supervisor.Restart(t.Context(), s.Config, supervisor.StartOptions{Self: os.Args[0]})
	if failure := supervisortest.WantFault(t, err, "cwd-missing", svc.Cwd); failure.Service != "a" {
		t.Errorf("detail %+v", failure)
	}
	if a := s.Service("a"); !a.Ready {
		t.Errorf("it was stopped for a restart that could not be: %+v", a)
	}
}

func TestFiftyCommandsAtOnceEndInAStateThatSomeOrderExplains(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"), supervisortest.Trivial(t, "b"))
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			var err error
			switch i % 5 {
			case 0:
				_, err = supervisor.Stop(t.Context(), s.Config, nil)
			case 1:
				_, err = supervisor.Restart(t.Context(), s.Config, supervisor.StartOptions{Self: os.Args[0]})
			case 2:
				_, err = supervisor.Stop(t.Context(), s.Config, []string{"b"})
			case 3:
				_, err = supervisor.Query(t.Context(), s.Config)
			default:
				_, err = s.Start()
			}
			if err != nil && !wasEndedByAStop(err) {
				supervisortest.CheckFault(t, err, "start-interrupted")
			}
		})
	}
	group.Wait()
	for _, svc := range s.Query().Services {
		want := 0
		if svc.State == control.StateRunning {
			want = 1
		} else if svc.State != control.StateStopped {
			t.Errorf("%s is %s", svc.Name, svc.State)
		}
		if got := s.Processes(svc.Name); len(got) != want {
			t.Errorf("%s is %s with %d processes", svc.Name, svc.State, len(got))
		}
	}
	s.MustStart()
}

// wasEndedByAStop reports whether a start was told that its process ended before it was
// ready, with the status that it has after SIGTERM: a stop ended it whose own order had
// not reached the start yet.
func wasEndedByAStop(err error) bool {
	return fault.HasCode(err, "start-failed") && strings.Contains(err.Error(), "ended before it was ready: exit status 0")
}

func TestTwoStacksNeverMeet(t *testing.T) {
	t.Parallel()
	one, two := supervisortest.NewStack(t, supervisortest.Trivial(t, "a")), supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	one.MustStart()
	pid := two.MustStart().Services[0].PID
	one.Kill()
	if _, err := supervisor.Stop(t.Context(), one.Config, nil); err != nil {
		t.Fatal(err)
	}
	if a := two.Service("a"); a.PID != pid || !a.Ready || len(one.Processes("a")) != 0 {
		t.Errorf("%+v, left of the other: %v", a, one.Processes("a"))
	}
}

func TestAFolderNamedLikeAMarkIsAnotherStack(t *testing.T) {
	t.Parallel()
	one, two := supervisortest.NewStack(t, supervisortest.Trivial(t, "a")), supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	two.Config.Paths.RuntimeDir = one.Config.Paths.RuntimeDir + ":b"
	two.Config.Paths.LogFile = filepath.Join(two.Config.Paths.RuntimeDir, "events.log")
	two.Save()
	one.MustStart()
	pid := two.MustStart().Services[0].PID
	one.Kill()
	if got := len(one.MustStart().Services); got != 1 {
		t.Errorf("the other stack's service was adopted: %d services", got)
	}
	if _, err := supervisor.Stop(t.Context(), one.Config, nil); err != nil {
		t.Fatal(err)
	}
	if a := two.Service("a"); a.PID != pid || !a.Ready {
		t.Errorf("the other stack's service was touched: %+v", a)
	}
}

func TestASocketOfAnotherProgramIsNotUsed(t *testing.T) {
	t.Parallel()
	s := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	socket := filepath.Join(s.Config.Paths.RuntimeDir, "supervisor.sock")
	if err := os.MkdirAll(filepath.Join(socket, "inside"), 0o700); err != nil {
		t.Fatal(err)
	}
	if s.MustStart(); !s.Service("a").Ready {
		t.Error("not ready")
	}
}

func TestASocketOfAnotherUserIsNotSpokenTo(t *testing.T) {
	t.Parallel()
	theirs := supervisortest.NewStack(t, supervisortest.Trivial(t, "a"))
	if err := os.MkdirAll(theirs.Config.Paths.RuntimeDir, 0o755); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(theirs.Config.Paths.RuntimeDir, "supervisor.sock")
	supervisortest.OpenAbove(t, socket)
	perl := rightstest.Other(t, "perl", "-MIO::Socket::UNIX", "-e",
		`umask 0; $SIG{PIPE} = 'IGNORE'; $s = IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 5) or die;
		 if ($p = fork) { <STDIN>; kill 9, $p; exit }
		 while ($c = $s->accept) { print $c "HTTP/1.1 200 OK\r\n\r\n{}"; close $c }`, socket)
	lifeline, err := perl.StdinPipe() // sudo's perl cannot be killed from here
	if err != nil {
		t.Fatal(err)
	}
	if err := perl.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lifeline.Close(); _ = perl.Wait() }()
	supervisortest.Eventually(t, "the stranger to listen", func() bool {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	_, err = supervisor.Query(t.Context(), theirs.Config)
	supervisortest.WantFault(t, err, "supervisor-unreachable", "belongs to another user", "sudo -u ")
	before, err := os.Lstat(socket)
	if err != nil {
		t.Fatal(err)
	}
	_, err = theirs.Start()
	supervisortest.WantFault(t, err, "supervisor-unreachable", "belongs to another user", "sudo -u ")
	if after, err := os.Lstat(socket); err != nil || !os.SameFile(before, after) {
		t.Errorf("the other user's socket is not there any more: %v", err)
	}
	if err := os.Remove(socket); err != nil { // the clean-up asks whoever is there
		t.Fatal(err)
	}
}
