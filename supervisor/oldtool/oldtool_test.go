package oldtool_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
	"github.com/flowgate-go/flowgate/internal/trust/trusttest"
	"github.com/flowgate-go/flowgate/supervisor/oldtool"
)

// TestMain lets a copy of the test binary act as a service of the Python tool: it listens
// until it is ended.
func TestMain(m *testing.M) {
	addr := os.Getenv("OLDTOOL_LISTEN")
	if addr == "" {
		os.Exit(trusttest.Run(m))
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		os.Exit(1)
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			os.Exit(1)
		}
		_ = conn.Close()
	}
}

// started is a service that runs as the Python tool starts it.
type started struct {
	cfg  *config.Config
	cmd  *exec.Cmd
	file string
}

// startOld starts a program with that name on the upstream's port, and writes its pid file in
// one of the Python tool's forms (%d is the number).
func startOld(t *testing.T, name, form string) started {
	t.Helper()
	dir := t.TempDir()
	cfg := config.Default(dir)
	upstream := &cfg.Services[0]
	upstream.Port = tcptest.FreePort(t)
	program := filepath.Join(dir, name)
	if out, err := exec.Command("cp", os.Args[0], program).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), "OLDTOOL_LISTEN="+upstream.Addr())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	for conn, err := net.Dial("tcp", upstream.Addr()); ; conn, err = net.Dial("tcp", upstream.Addr()) {
		if err == nil {
			_ = conn.Close()
			break
		}
		select {
		case <-ended:
			t.Fatal("the program ended")
		case <-time.After(10 * time.Millisecond): // until it listens
		}
	}
	file := filepath.Join(cfg.Paths.RuntimeDir, "pids", "cliproxyapi_plus.pid")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, fmt.Appendf(nil, form, cmd.Process.Pid), 0o600); err != nil {
		t.Fatal(err)
	}
	return started{cfg, cmd, file}
}

func TestAServiceOfThePythonToolIsNamedAndStopped(t *testing.T) {
	t.Parallel()
	for form, name := range map[string]string{
		"%d\n": "cli-proxy-api", `{"pid": %d, "started_at": "2026-02-01T00:00:00Z"}`: "CLIProxyAPIPlus",
	} {
		s := startOld(t, name, form)
		found := oldtool.Find(s.cfg, nil)
		if len(found) != 1 || found[0].PID != s.cmd.Process.Pid || found[0].Name != config.CLIProxy {
			t.Fatalf("%s: found %v", form, found)
		}
		err := oldtool.RunningFault(found)
		if !fault.HasCode(err, "old-tool-running") || !strings.Contains(err.Error(), found[0].String()) {
			t.Errorf("the error is %v", err)
		}
		if err := oldtool.Stop(context.Background(), s.cfg, found); err != nil {
			t.Fatal(err)
		}
		if _, err := net.Dial("tcp", s.cfg.Services[0].Addr()); err == nil {
			t.Error("something listens still")
		}
		if _, err := os.Stat(s.file); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the pid file: %v", err)
		}
		if found := oldtool.Find(s.cfg, nil); len(found) > 0 {
			t.Errorf("afterwards it finds %v", found)
		}
		if events, err := os.ReadFile(s.cfg.Paths.LogFile); err != nil || !strings.Contains(string(events), "start -take") {
			t.Errorf("the event is missing: %s %v", events, err)
		}
	}
}

func TestAPidFileAloneProvesNothing(t *testing.T) {
	t.Parallel()
	for why, change := range map[string]func(s *started){
		"the process does not listen on the port": func(s *started) { s.cfg.Services[0].Port++ },
		"the number is of another process": func(s *started) {
			_ = os.WriteFile(s.file, fmt.Appendf(nil, "%d", os.Getpid()), 0o600)
		},
		"the file names nothing":           func(s *started) { _ = os.WriteFile(s.file, []byte("{}"), 0o600) },
		"the file is of another service":   func(s *started) { _ = os.Rename(s.file, filepath.Dir(s.file)+"/litellm.pid") },
		"the service is not the one meant": func(s *started) { s.cfg.Services = s.cfg.Services[1:] },
	} {
		s := startOld(t, "cli-proxy-api", "%d")
		change(&s)
		if found := oldtool.Find(s.cfg, nil); len(found) > 0 {
			t.Errorf("%s: found %v", why, found)
		}
	}
	other := startOld(t, "python3", "%d") // a program that the Python tool does not start
	if found := oldtool.Find(other.cfg, nil); len(found) > 0 {
		t.Errorf("another program: found %v", found)
	}
	other.cfg.Services[0].Command = []string{other.cmd.Path}
	if found := oldtool.Find(other.cfg, nil); len(found) != 1 {
		t.Error("the program that the configuration names is not known")
	}
	if found := oldtool.Find(other.cfg, []string{config.LiteLLM}); len(found) > 0 {
		t.Errorf("another service was asked for: %v", found)
	}
	if oldtool.RunningFault(nil) != nil {
		t.Error("nothing runs, and that is an error")
	}
}
