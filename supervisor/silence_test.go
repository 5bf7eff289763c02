package supervisor_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/process"
)

func TestAnAdoptedServiceThatHangsIsStartedAnewThoughItHasAStartupProbe(t *testing.T) {
	t.Parallel()
	svc := trivial(t, "a")
	svc.Probes = config.Probes{
		Startup: &config.Probe{HTTP: "/ready", Interval: config.Span(30 * time.Millisecond),
			Timeout: config.Span(300 * time.Millisecond)},
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
