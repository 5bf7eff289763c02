package doctor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func (s *stack) signal(pid int, sig syscall.Signal) {
	s.t.Helper()
	if err := syscall.Kill(pid, sig); err != nil {
		s.t.Fatal(err)
	}
}

// endedProcess returns the pid of a process that has ended.
func endedProcess(t testing.TB) int {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", "exit 0")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.Pid()
}

// olderSupervisor puts a double between commands and the supervisor that says
// it is of another version.
func olderSupervisor(s *stack) func() {
	socket, real := s.path(".router/runtime/supervisor.sock"), s.path(".router/runtime/real.sock")
	if err := os.Rename(socket, real); err != nil {
		s.t.Fatal(err)
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		s.t.Fatal(err)
	}
	toReal := &http.Client{Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", real)
		}}}
	double := &http.Server{ReadHeaderTimeout: time.Minute,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			res, err := toReal.Get("http://flowgate" + r.URL.Path)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadGateway)
				return
			}
			defer func() { _ = res.Body.Close() }()
			var status map[string]any
			_ = json.NewDecoder(res.Body).Decode(&status)
			status["supervisor"].(map[string]any)["version"] = "0.0.1"
			_ = json.NewEncoder(w).Encode(status)
		})}
	go func() { _ = double.Serve(l) }()
	back := func() {
		_ = double.Close()
		_ = os.Rename(real, socket)
	}
	s.t.Cleanup(back)
	return func() {
		back()
		s.mage("stop")
		s.mage("start")
	}
}

// plainUpstream adds a deployment at an upstream that answers TLS with HTTP.
func plainUpstream(s *stack) func() {
	srv := httptest.NewServer(http.NotFoundHandler())
	s.t.Cleanup(srv.Close)
	return s.deployment("https" + srv.URL[len("http"):])
}

// skewedUpstream adds one whose clock is an hour ahead: which of the two is
// wrong cannot be told, and with no other upstream it is taken to be ours.
func skewedUpstream(s *stack) func() {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
	}))
	s.t.Cleanup(srv.Close)
	return s.deployment(srv.URL)
}

func (s *stack) deployment(base string) func() {
	entry := fmt.Sprintf("    - model_name: router-elsewhere\n      litellm_params:\n        model: openai/x\n        "+
		"api_base: %s/v1\n        api_key_ref: upstream\n", base)
	return changeFile(settings, "  general_settings:\n    master_key_ref", entry+"  general_settings:\n    master_key_ref")(s)
}

// olderMage puts a mage on PATH that says it is another version: the pinned one
// with other digits in its build information.
func olderMage(s *stack) func() {
	build := exec.Command("go", "install", "github.com/magefile/mage@v1.17.2")
	build.Env = append(os.Environ(), "GOBIN="+s.path("mages"), "GOFLAGS=-mod=mod", "GOSUMDB=off", "GOTOOLCHAIN=local")
	if out, err := build.CombinedOutput(); err != nil {
		s.t.Fatalf("build mage: %v\n%s", err, out)
	}
	program := filepath.Join(s.path("mages"), "mage")
	text, err := os.ReadFile(program)
	if err != nil {
		s.t.Fatal(err)
	}
	text = bytes.ReplaceAll(text, []byte("mage\tv1.17.2"), []byte("mage\tv1.15.0"))
	if err := os.WriteFile(program, text, 0o700); err != nil {
		s.t.Fatal(err)
	}
	s.env = append(s.env, "PATH="+s.path("mages")+":"+os.Getenv("PATH"))
	return func() { s.env = append(s.env, "PATH="+os.Getenv("PATH")) }
}
