package client_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/rightstest"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/supervisortest"
)

// newStuckStack makes a stack with a service that waits for a disk that never answers, beside one
// that is well.
func newStuckStack(t *testing.T, disk string) *supervisortest.Stack {
	t.Helper()
	stuck := config.Service{
		Name: "stuck", Runtime: config.RuntimeCommand, Command: []string{"/bin/cat", filepath.Join(disk, "file")},
		StopTimeout: config.Span(100 * time.Millisecond), Restart: config.Restart{Policy: "never"},
	}
	return supervisortest.NewStack(t, stuck, supervisortest.Trivial(t, "well"))
}

func TestAServiceThatDoesNotEndBySIGKILLHoldsNoCommandUp(t *testing.T) {
	t.Parallel()
	if !rightstest.Mount(t) {
		return
	}
	disk := filepath.Join(t.TempDir(), "disk")
	waits, release := rightstest.HungDisk(t, disk)
	s := newStuckStack(t, disk)
	s.MustStart()
	pid := s.Service("stuck").PID
	<-waits
	begin := time.Now()
	status, err := supervisor.Stop(t.Context(), s.Config, nil)
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("the stop took %v", took)
	}
	supervisortest.WantFault(t, err, "service-stuck", "process "+strconv.Itoa(pid), "SIGKILL")
	stuck := supervisortest.Find(t, status, "stuck")
	if stuck.State != control.StateStopping || stuck.PID != pid || !stuck.Live ||
		!strings.Contains(stuck.Reason, "has not ended") {
		t.Errorf("%+v", stuck)
	}
	if well := supervisortest.Find(t, status, "well"); well.State != control.StateStopped || status.Supervisor == nil {
		t.Errorf("beside it: %+v, supervisor %+v", well, status.Supervisor)
	}
	for name, command := range map[string]func() (control.Status, error){
		"start": func() (control.Status, error) { return s.Start("stuck") },
		"restart": func() (control.Status, error) {
			return supervisor.Restart(t.Context(), s.Config, supervisor.StartOptions{Self: os.Args[0]})
		},
		"stop": func() (control.Status, error) { return supervisor.Stop(t.Context(), s.Config, nil) },
	} {
		begin := time.Now()
		_, err := command()
		if took := time.Since(begin); took > 30*time.Second {
			t.Errorf("%s took %v", name, took)
		}
		supervisortest.WantFault(t, err, "service-stuck")
	}
	if got := s.EventDetails(control.EventStuck); len(got) != 1 {
		t.Errorf("said %q", got)
	}
	release()
	supervisortest.Eventually(t, "the service to be stopped when its disk answers",
		func() bool { return s.Service("stuck").State == control.StateStopped })
	if status, err := supervisor.Stop(t.Context(), s.Config, nil); err != nil || status.Supervisor != nil {
		t.Errorf("the stop after it: %+v, %v", status, err)
	}
}

// TestASupervisorThatEndsLeavesWhatDoesNotEndInItsLedger is about SIGTERM, as a
// service manager sends it.
func TestASupervisorThatEndsLeavesWhatDoesNotEndInItsLedger(t *testing.T) {
	t.Parallel()
	if !rightstest.Mount(t) {
		return
	}
	disk := filepath.Join(t.TempDir(), "disk")
	waits, release := rightstest.HungDisk(t, disk)
	s := newStuckStack(t, disk)
	s.MustStart()
	pid, resident := s.Service("stuck").PID, s.Recorded()[0]
	<-waits
	if err := resident.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	supervisortest.Eventually(t, "the supervisor to end", func() bool { return !resident.Alive() })
	if stuck := s.Service("stuck"); !stuck.Live || stuck.PID != pid {
		t.Errorf("without a supervisor: %+v", stuck)
	}
	begin := time.Now()
	_, err := supervisor.Stop(t.Context(), s.Config, nil)
	supervisortest.WantFault(t, err, "service-stuck")
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("the stop took %v", took)
	}
	release()
	supervisortest.Eventually(t, "its end", func() bool { _, err := process.Identify(pid); return err != nil })
}
