package supervisor_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
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
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/logs"
)

// testStack is a configuration with a runtime folder of its own. When the test ends
// it is stopped, and none of its processes may be left.
type testStack struct {
	t   testing.TB
	cfg *config.Config
}

func newStack(t testing.TB, services ...config.Service) *testStack {
	t.Helper()
	dir := t.TempDir()
	runtime := filepath.Join(dir, ".router", "runtime")
	s := &testStack{t: t, cfg: &config.Config{
		File: filepath.Join(dir, "flowgate.json"), Dir: dir, Version: 2, Services: services,
		Paths: config.Paths{
			RuntimeDir: runtime, ActiveConfig: filepath.Join(runtime, "litellm.active.yaml"),
			StateFile: filepath.Join(runtime, "state.json"), LogFile: filepath.Join(runtime, "events.log"),
		},
	}}
	s.save()
	t.Cleanup(s.cleanUp)
	return s
}

func (s *testStack) save() {
	s.t.Helper()
	raw, err := json.Marshal(s.cfg)
	if err == nil {
		err = os.WriteFile(s.cfg.File, raw, 0o600)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *testStack) cleanUp() {
	ids := s.recorded()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if _, err := supervisor.Stop(ctx, s.cfg, nil); err != nil {
		s.t.Errorf("stop at the end: %v", err)
	}
	for _, id := range ids {
		if id.Alive() {
			s.t.Errorf("process %d is left", id.PID)
			_ = id.SignalGroup(syscall.SIGKILL)
		}
	}
}

// recorded are the processes in supervisor.json: the supervisor first.
func (s *testStack) recorded() []process.Identity {
	raw, err := os.ReadFile(filepath.Join(s.cfg.Paths.RuntimeDir, "supervisor.json"))
	if err != nil {
		return nil
	}
	var ledger struct {
		Supervisor process.Identity
		Services   []struct{ Process process.Identity }
	}
	if err := json.Unmarshal(raw, &ledger); err != nil {
		s.t.Errorf("supervisor.json: %v", err)
		return nil
	}
	ids := []process.Identity{ledger.Supervisor}
	for _, svc := range ledger.Services {
		ids = append(ids, svc.Process)
	}
	return ids
}

// replaceInLedger makes supervisor.json name another process.
func (s *testStack) replaceInLedger(old, other process.Identity) {
	s.t.Helper()
	path := filepath.Join(s.cfg.Paths.RuntimeDir, "supervisor.json")
	raw, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	indented := func(id process.Identity) string {
		out, err := json.MarshalIndent(id, "      ", "  ")
		if err != nil {
			s.t.Fatal(err)
		}
		return string(out)
	}
	changed := strings.Replace(string(raw), indented(old), indented(other), 1)
	if changed == string(raw) {
		s.t.Fatalf("supervisor.json does not name %+v: %s", old, raw)
	}
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *testStack) start(names ...string) (control.Status, error) {
	return supervisor.Start(s.t.Context(), s.cfg, supervisor.StartOptions{Services: names, Self: os.Args[0]})
}

func (s *testStack) mustStart(names ...string) control.Status {
	s.t.Helper()
	status, err := s.start(names...)
	if err != nil {
		s.t.Fatalf("start: %v\n%s", err, s.read("supervisor.log"))
	}
	return status
}

// kill ends the supervisor at once and waits until it is gone.
func (s *testStack) kill() {
	s.t.Helper()
	ids := s.recorded()
	if len(ids) == 0 {
		s.t.Fatal("no supervisor to kill")
	}
	if err := ids[0].Signal(syscall.SIGKILL); err != nil {
		s.t.Fatal(err)
	}
	eventually(s.t, "the supervisor to be gone", func() bool { return !ids[0].Alive() })
}

// processes are all that carry the mark of a service of this stack.
func (s *testStack) processes(service string) []process.Identity {
	s.t.Helper()
	members, err := (&process.Census{Variable: "FLOWGATE_SERVICE"}).Members(process.Family{Mark: s.cfg.Paths.RuntimeDir +
		":" + service})
	if err != nil {
		s.t.Fatal(err)
	}
	return members
}

// said are the events of a name, with their details.
func (s *testStack) said(name string) []string {
	s.t.Helper()
	var details []string
	err := logs.Events(s.t.Context(), s.cfg, logs.EventOptions{N: -1}, func(e control.Event) error {
		if e.Event == name {
			details = append(details, e.Detail)
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return details
}

func (s *testStack) query() control.Status {
	s.t.Helper()
	status, err := supervisor.Query(s.t.Context(), s.cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	return status
}

func (s *testStack) service(name string) control.ServiceStatus {
	s.t.Helper()
	return find(s.t, s.query(), name)
}

func find(t testing.TB, status control.Status, name string) control.ServiceStatus {
	t.Helper()
	i := slices.IndexFunc(status.Services, func(s control.ServiceStatus) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("no service %q in %+v", name, status)
	}
	return status.Services[i]
}

// events are the names of the recorded events, "service.ready a" and the like.
func (s *testStack) events() []string {
	s.t.Helper()
	var names []string
	err := logs.Events(s.t.Context(), s.cfg, logs.EventOptions{N: -1}, func(e control.Event) error {
		names = append(names, strings.TrimSpace(e.Event+" "+e.Service))
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return names
}

func (s *testStack) read(name string) string {
	raw, _ := os.ReadFile(filepath.Join(s.cfg.Paths.RuntimeDir, name))
	return string(raw)
}

// trivial is a service that runs this test binary with the flags given; it
// listens on a free port unless a flag says otherwise.
func trivial(t testing.TB, name string, flags ...string) config.Service {
	t.Helper()
	port := freePort(t)
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

// freePort is a port below the range that the kernel hands out by itself, so
// that no connection of another test takes it meanwhile.
func freePort(t testing.TB) int {
	t.Helper()
	for {
		port := int(nextPort.Add(1))
		if l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port)); err == nil {
			_ = l.Close()
			return port
		}
	}
}

func wantFault(t testing.TB, err error, code string, parts ...string) control.Failure {
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

func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !cond(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

// supervisorCommand is a supervisor that no command starts.
func (s *testStack) supervisorCommand() *exec.Cmd {
	cmd := exec.Command(os.Args[0], "supervisor:run", "-config="+s.cfg.File)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd
}

// sleeper is a process that is no business of any supervisor.
func sleeper(t testing.TB) process.Identity {
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

// another is whether a service has another process than that, which is ready.
func (s *testStack) another(name string, pid int) func() bool {
	return func() bool { now := s.service(name); return now.Ready && now.PID != pid }
}

// wantFaultOf is wantFault for another goroutine than the test's.
func wantFaultOf(t testing.TB, err error, code string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != code {
		t.Errorf("want a fault %s, got %v", code, err)
	}
}
