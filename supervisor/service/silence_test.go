package service_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/supervisor/supervisortest"
)

func TestAnAdoptedServiceThatHangsIsStartedAnewThoughItHasAStartupProbe(t *testing.T) {
	t.Parallel()
	svc := supervisortest.Trivial(t, "a")
	svc.Probes = config.Probes{
		Startup: &config.Probe{HTTP: "/ready", Interval: config.Span(30 * time.Millisecond),
			Timeout: config.Span(300 * time.Millisecond)},
		Readiness: supervisortest.QuickLiveness(),
		Liveness:  supervisortest.QuickLiveness(),
	}
	s := supervisortest.NewStack(t, svc)
	pid := s.MustStart().Services[0].PID
	parent := s.Recorded()[0].PID
	s.Kill()
	// Not before: the kernel ends a stopped group whose parent ends.
	supervisortest.Eventually(t, "the service to be nobody's", func() bool { return process.ParentPID(pid) != parent })
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	other := s.SupervisorCommand()
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = other.Wait() }()
	supervisortest.Eventually(t, "another process", s.IsReplaced("a", pid))
	if d := s.Service("a").Decision; d == nil || d.Evidence != "silent" {
		t.Errorf("decision %+v", d)
	}
}
