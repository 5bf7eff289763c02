package supervisor_test

import (
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/probe"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/supervisor"
)

func TestAnAdoptedServiceThatHangsIsStartedAnewThoughItHasAStartupProbe(t *testing.T) {
	t.Parallel()
	svc := trivial(t, "a")
	svc.Probes = config.Probes{
		Startup:   &config.Probe{HTTP: "/ready", Interval: config.Span(30 * time.Millisecond), Timeout: config.Span(300 * time.Millisecond)},
		Readiness: alive(),
		Liveness:  alive(),
	}
	s := newStack(t, svc)
	pid := s.mustStart().Services[0].PID
	parent := s.recorded()[0].PID
	s.kill()
	// Not before: the kernel ends a stopped group whose parent ends.
	eventually(t, "the service to be nobody's", func() bool { return process.ParentPID(pid) != parent })
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	other := s.supervisorCommand()
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = other.Wait() }()
	eventually(t, "another process", s.another("a", pid))
	if d := s.service("a").Decision; d == nil || d.Evidence != "silent" {
		t.Errorf("decision %+v", d)
	}
}

func TestOneQuestionWithoutAnAnswerIsNoSilenceHoweverLongItTook(t *testing.T) {
	t.Parallel()
	lasts := supervisor.Lasting(30*time.Second, 3)
	silent := probe.Finding{Evidence: probe.Silent, Err: errors.New("timeout")}
	asked := time.Now().Add(-time.Hour) // this process was suspended meanwhile
	if lasts(silent, asked) || lasts(silent, time.Now()) {
		t.Error("fewer questions than liveness wants are enough")
	}
	if !lasts(silent, time.Now()) {
		t.Error("three questions and an hour are not")
	}
	if lasts(probe.Finding{Evidence: probe.Fine}, time.Now()) || lasts(silent, time.Now()) {
		t.Error("an answer does not end the silence")
	}
}
