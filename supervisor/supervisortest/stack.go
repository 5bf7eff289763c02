// Package supervisortest is a stack of its own for the tests of the supervisor's packages:
// NewStack makes one of services that Trivial describes, which run the test binary itself
// (PlayRole). At the end of the test the stack is stopped, and none of its processes may
// be left.
//
// It is over 700 lines long because it also holds the program that those services are, with
// every way to misbehave.
package supervisortest

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/logs"
)

// Stack is a configuration with a runtime folder of its own. When the test ends
// it is stopped, and none of its processes may be left.
type Stack struct {
	T      testing.TB
	Config *config.Config
}

// NewStack makes a stack that is not started.
func NewStack(t testing.TB, services ...config.Service) *Stack {
	t.Helper()
	dir := makeShortFolder(t)
	runtime := filepath.Join(dir, ".router", "runtime")
	s := &Stack{T: t, Config: &config.Config{
		File: filepath.Join(dir, "flowgate.json"), Dir: dir, Version: 2, Services: services,
		Paths: config.Paths{
			RuntimeDir: runtime, ActiveConfig: filepath.Join(runtime, "litellm.active.yaml"),
			StateFile: filepath.Join(runtime, "state.json"), LogFile: filepath.Join(runtime, "events.log"),
		},
	}}
	s.Save()
	t.Cleanup(s.CleanUp)
	return s
}

// makeShortFolder makes a temporary folder that is removed at the end of the test. Its path has no name of a test in
// it, so that a socket in it has a path that is short enough wherever temporary files are.
func makeShortFolder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "fg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// Save writes the configuration.
func (s *Stack) Save() {
	s.T.Helper()
	raw, err := json.Marshal(s.Config)
	if err == nil {
		err = os.WriteFile(s.Config.File, raw, 0o600)
	}
	if err != nil {
		s.T.Fatal(err)
	}
}

// CleanUp stops the stack and expects none of its processes to be left. The end of the test does it too.
func (s *Stack) CleanUp() {
	ids := s.Recorded()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if _, err := supervisor.Stop(ctx, s.Config, nil); err != nil {
		s.T.Errorf("stop at the end: %v", err)
	}
	for _, id := range ids {
		if id.Alive() {
			s.T.Errorf("process %d is left", id.PID)
			_ = id.SignalGroup(syscall.SIGKILL)
		}
	}
}

// Recorded returns the processes in supervisor.json: the supervisor first.
func (s *Stack) Recorded() []process.Identity {
	raw, err := os.ReadFile(filepath.Join(s.Config.Paths.RuntimeDir, "supervisor.json"))
	if err != nil {
		return nil
	}
	var ledger struct {
		Supervisor process.Identity
		Services   []struct{ Process process.Identity }
	}
	if err := json.Unmarshal(raw, &ledger); err != nil {
		s.T.Errorf("supervisor.json: %v", err)
		return nil
	}
	ids := []process.Identity{ledger.Supervisor}
	for _, svc := range ledger.Services {
		ids = append(ids, svc.Process)
	}
	return ids
}

// ReplaceInLedger makes supervisor.json name another process.
func (s *Stack) ReplaceInLedger(old, other process.Identity) {
	s.T.Helper()
	path := filepath.Join(s.Config.Paths.RuntimeDir, "supervisor.json")
	raw, err := os.ReadFile(path)
	if err != nil {
		s.T.Fatal(err)
	}
	indent := func(id process.Identity) string {
		out, err := json.MarshalIndent(id, "      ", "  ")
		if err != nil {
			s.T.Fatal(err)
		}
		return string(out)
	}
	changed := strings.Replace(string(raw), indent(old), indent(other), 1)
	if changed == string(raw) {
		s.T.Fatalf("supervisor.json does not name %+v: %s", old, raw)
	}
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		s.T.Fatal(err)
	}
}

// Start starts services by name; none: all.
func (s *Stack) Start(names ...string) (control.Status, error) {
	return supervisor.Start(s.T.Context(), s.Config, supervisor.StartOptions{Services: names, Self: os.Args[0]})
}

// MustStart starts services as Start does, and fails the test if that fails.
func (s *Stack) MustStart(names ...string) control.Status {
	s.T.Helper()
	status, err := s.Start(names...)
	if err != nil {
		s.T.Fatalf("start: %v\n%s", err, s.Read("supervisor.log"))
	}
	return status
}

// Kill ends the supervisor at once and waits until it is gone.
func (s *Stack) Kill() {
	s.T.Helper()
	ids := s.Recorded()
	if len(ids) == 0 {
		s.T.Fatal("no supervisor to kill")
	}
	if err := ids[0].Signal(syscall.SIGKILL); err != nil {
		s.T.Fatal(err)
	}
	Eventually(s.T, "the supervisor to be gone", func() bool { return !ids[0].Alive() })
}

// Processes returns all processes that carry the mark of a service of this stack.
func (s *Stack) Processes(service string) []process.Identity {
	s.T.Helper()
	family := process.Family{Mark: s.Config.Paths.RuntimeDir + ":" + service}
	members, err := (&process.Census{Variable: "FLOWGATE_SERVICE"}).Members(family)
	if err != nil {
		s.T.Fatal(err)
	}
	return members
}

// EventDetails returns the details of the recorded events with that name.
func (s *Stack) EventDetails(name string) []string {
	s.T.Helper()
	var details []string
	err := logs.Events(s.T.Context(), s.Config, logs.EventOptions{N: -1}, func(e control.Event) error {
		if e.Event == name {
			details = append(details, e.Detail)
		}
		return nil
	})
	if err != nil {
		s.T.Fatal(err)
	}
	return details
}

// Query returns the status.
func (s *Stack) Query() control.Status {
	s.T.Helper()
	status, err := supervisor.Query(s.T.Context(), s.Config)
	if err != nil {
		s.T.Fatal(err)
	}
	return status
}

// Service returns the status of a service.
func (s *Stack) Service(name string) control.ServiceStatus {
	s.T.Helper()
	return Find(s.T, s.Query(), name)
}

// Find returns the status of a service in status.
func Find(t testing.TB, status control.Status, name string) control.ServiceStatus {
	t.Helper()
	i := slices.IndexFunc(status.Services, func(s control.ServiceStatus) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("no service %q in %+v", name, status)
	}
	return status.Services[i]
}

// Events returns the names of the recorded events, "service.ready a" and the like.
func (s *Stack) Events() []string {
	s.T.Helper()
	var names []string
	err := logs.Events(s.T.Context(), s.Config, logs.EventOptions{N: -1}, func(e control.Event) error {
		names = append(names, strings.TrimSpace(e.Event+" "+e.Service))
		return nil
	})
	if err != nil {
		s.T.Fatal(err)
	}
	return names
}

// Read returns a file of the runtime folder, "" if it is not there.
func (s *Stack) Read(name string) string {
	raw, _ := os.ReadFile(filepath.Join(s.Config.Paths.RuntimeDir, name))
	return string(raw)
}

// Trivial returns a service that runs this test binary with the flags given; it
// listens on a free port unless a flag says otherwise.
func Trivial(t testing.TB, name string, flags ...string) config.Service {
	t.Helper()
	port := tcptest.FreePort(t)
	args := append([]string{os.Args[0], "service"}, flags...)
	if !slices.Contains(flags, "-port=") {
		args = append(args, "-port="+strconv.Itoa(port))
	}
	return config.Service{
		Name: name, Host: "127.0.0.1", Port: port, ReadinessPath: "/ready", Runtime: config.RuntimeCommand, Command: args,
		Restart: config.Restart{Policy: "always", Max: 5, Backoff: 10 * time.Millisecond},
		Probes:  config.Probes{Readiness: &config.Probe{HTTP: "/ready", Interval: config.Span(50 * time.Millisecond)}},
	}
}

// WantFault expects a fault with that code, whose text has the parts.
func WantFault(t testing.TB, err error, code string, parts ...string) control.Failure {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != code {
		t.Fatalf("want a fault %s, got %v", code, err)
	}
	for _, part := range parts {
		if !strings.Contains(f.Message+"\n"+f.Hint, part) {
			t.Errorf("%q / %q lacks %q", f.Message, f.Hint, part)
		}
	}
	failure, _ := f.Detail.(control.Failure)
	return failure
}

// Eventually waits until cond holds, at most 20 s.
func Eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !cond(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

// SupervisorCommand returns a supervisor that no command starts.
func (s *Stack) SupervisorCommand() *exec.Cmd {
	cmd := exec.Command(os.Args[0], "supervisor:run", "-config="+s.Config.File)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd
}

// Sleeper starts a process that belongs to no supervisor.
func Sleeper(t testing.TB) process.Identity {
	t.Helper()
	cmd := exec.Command("sleep", "60")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	id, err := process.Identify(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// IsReplaced returns a condition for Eventually: the service is ready and has another
// process than pid.
func (s *Stack) IsReplaced(name string, pid int) func() bool {
	return func() bool { status := s.Service(name); return status.Ready && status.PID != pid }
}

// CheckFault expects a fault with that code. Unlike WantFault it may be called in any
// goroutine.
func CheckFault(t testing.TB, err error, code string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != code {
		t.Errorf("want a fault %s, got %v", code, err)
	}
}

// Put appends text to a file of the runtime folder, as a service does.
func (s *Stack) Put(name, text string) {
	s.T.Helper()
	path := filepath.Join(s.Config.Paths.RuntimeDir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		s.T.Fatal(err)
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = file.WriteString(text)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		s.T.Fatal(err)
	}
}

// Logs returns the lines of the services' logs, each behind its service's name.
func (s *Stack) Logs(o logs.Options) []string {
	s.T.Helper()
	var lines []string
	err := logs.Logs(s.T.Context(), s.Config, o, func(l logs.LogLine) error {
		lines = append(lines, l.Service+": "+l.Line)
		return nil
	})
	if err != nil {
		s.T.Fatal(err)
	}
	return lines
}

// Tail returns the last three lines of a service's log.
func (s *Stack) Tail(name string) string {
	return strings.Join(logs.Tail(s.Config, name, 3), "\n")
}

// StartSupervisor starts a supervisor as a service manager does: without a command.
func (s *Stack) StartSupervisor() {
	s.T.Helper()
	cmd := s.SupervisorCommand()
	if err := cmd.Start(); err != nil {
		s.T.Fatal(err)
	}
	go func() { _ = cmd.Wait() }() // it ends with the stack
	Eventually(s.T, "the supervisor to listen", func() bool { return s.Query().Supervisor != nil })
}

// CountDropped returns how many bytes of logs were given up, by the recorded events.
func (s *Stack) CountDropped() (total int64) {
	s.T.Helper()
	for _, detail := range s.EventDetails(control.EventLogDropped) {
		n, err := strconv.ParseInt(strings.Fields(detail)[0], 10, 64)
		if err != nil {
			s.T.Fatal(err)
		}
		total += n
	}
	return total
}
