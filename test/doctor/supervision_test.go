package doctor_test

import (
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func TestAnotherProgramOnThePortOfTheOtherFamilyIsAWarning(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.mage("start")
	if f := s.doctor("-only=ports.available").find("ports.available"); f.Status != "pass" {
		t.Fatalf("alone: %+v %s", f, f.Detail)
	}
	for _, address := range []string{"[::1]:%d", "[::]:%d"} {
		l, err := (&net.ListenConfig{Control: onlyIPv6}).Listen(t.Context(), "tcp6", fmt.Sprintf(address, s.port))
		if err != nil {
			t.Skip("no IPv6 here: ", err)
		}
		f := s.doctor("-only=ports.available").find("ports.available")
		_ = l.Close()
		if f.Status != "warn" || !strings.Contains(string(f.Detail),
			fmt.Sprintf("localhost:%d may reach process %d", s.port, os.Getpid())) {
			t.Errorf(address+": %+v %s", s.port, f, f.Detail)
		}
	}
}

func onlyIPv6(_, _ string, c syscall.RawConn) (err error) {
	controlErr := c.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IPV6,
			syscall.IPV6_V6ONLY, 1)
	})
	if controlErr != nil {
		return controlErr
	}
	return err
}

// TestDoctorSaysNothingGoodOfAStackWhoseSupervisorCannotBeReached removes the
// control socket of a supervisor that is suspended and cannot open it anew.
func TestDoctorSaysNothingGoodOfAStackWhoseSupervisorCannotBeReached(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	s.mage("start")
	pid := s.pid("supervisor")
	s.signal(pid, syscall.SIGSTOP)
	t.Cleanup(func() { s.signal(pid, syscall.SIGCONT) })
	s.shell("rm .router/runtime/supervisor.sock")
	e := s.doctor()
	if f := e.find("supervisor.answers"); f.Status != "fail" || !strings.Contains(string(f.Detail), fmt.Sprint(pid)) {
		t.Errorf("%+v %s", f, f.Detail)
	}
	for _, id := range []string{"ports.available", "services.live", "services.ready"} {
		if f := e.find(id); f.Status == "pass" || strings.Contains(string(f.Detail), "stopped") {
			t.Errorf("%s: %+v %s", id, f, f.Detail)
		}
	}
	var readers sync.WaitGroup
	wantUnreachable := func(command string) {
		out, err := s.runMage(command)
		if err == nil || !strings.Contains(string(out), `"code":"supervisor-unreachable"`) ||
			!strings.Contains(string(out), "running") || strings.Contains(string(out), "stopped") {
			t.Errorf("%s: %v %s", command, err, out)
		}
	}
	for _, command := range []string{"status", "top", "overview"} { // they change nothing, and each waits for an answer
		readers.Go(func() { wantUnreachable(command) })
	}
	readers.Wait()
	for _, command := range []string{"stop", "start", "restart"} {
		wantUnreachable(command)
	}
	if out, err := s.runMage("profile:set", "cost"); err == nil ||
		!strings.Contains(string(out), `"code":"supervisor-unreachable"`) {
		t.Errorf("profile:set: %v %s", err, out)
	}
	for _, command := range []string{"logs", "events"} { // they read files
		if out, err := s.runMage(command); err != nil {
			t.Errorf("%s: %v %s", command, err, out)
		}
	}
	if out, err := s.runMage("stop", "-force"); err != nil || strings.Contains(string(out), "running") {
		t.Errorf("stop -force: %v %s", err, out)
	}
}

// TestAConfigurationOfCLIProxyAPIThatWasReplacedIsNoticed is about sed -i and
// most editors: the server watches the file that it opened.
func TestAConfigurationOfCLIProxyAPIThatWasReplacedIsNoticed(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	withUpstream(s)
	if f := s.doctor("-only=cliproxy.config").find("cliproxy.config"); f.Status != "pass" {
		t.Fatalf("before: %+v %s", f, f.Detail)
	}
	// in place, which the server notices
	s.shell("cat config/cliproxyapi.yaml > copy && cat copy > config/cliproxyapi.yaml")
	if f := s.doctor("-only=cliproxy.config").find("cliproxy.config"); f.Status != "pass" {
		t.Errorf("changed in place: %+v %s", f, f.Detail)
	}
	s.shell("sed -i 's/^port/port/' config/cliproxyapi.yaml")
	f := s.doctor("-only=cliproxy.config").find("cliproxy.config")
	if f.Status != "warn" || f.Fix.Command != "mage restart cliproxyapi_plus" ||
		!strings.Contains(string(f.Detail), "was replaced") {
		t.Errorf("replaced: %+v %s", f, f.Detail)
	}
	s.mage("restart", "-service=cliproxyapi_plus")
	if f := s.doctor("-only=cliproxy.config").find("cliproxy.config"); f.Status != "pass" {
		t.Errorf("after the restart: %+v %s", f, f.Detail)
	}
}
