package doctor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
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

// olderSupervisor puts a double in the supervisor's place that says what the supervisor last
// said, but for another version. The supervisor is suspended meanwhile: it takes its socket back
// within a second.
func olderSupervisor(s *stack) func() {
	pid, socket := s.pid("supervisor"), s.path(".router/runtime/supervisor.sock")
	answer := olderStatus(s, socket)
	s.signal(pid, syscall.SIGSTOP)
	if err := os.Rename(socket, socket+".real"); err != nil {
		s.t.Fatal(err)
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		s.t.Fatal(err)
	}
	double := &http.Server{ReadHeaderTimeout: time.Minute,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(answer) })}
	go func() { _ = double.Serve(l) }()
	back := sync.OnceFunc(func() {
		_ = double.Close()
		_ = os.Rename(socket+".real", socket)
		_ = syscall.Kill(pid, syscall.SIGCONT)
	})
	s.t.Cleanup(back)
	return func() {
		back()
		s.mage("stop")
		s.mage("start")
	}
}

// olderStatus returns the status that the supervisor at a socket tells, with another version.
func olderStatus(s *stack, socket string) []byte {
	s.t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}}}
	res, err := client.Get("http://flowgate/v1/status")
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var status map[string]any
	err = json.NewDecoder(res.Body).Decode(&status)
	if err == nil {
		status["supervisor"].(map[string]any)["version"] = "0.0.1"
	}
	answer, encodeErr := json.Marshal(status)
	if err := errors.Join(err, encodeErr); err != nil {
		s.t.Fatal(err)
	}
	return answer
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
