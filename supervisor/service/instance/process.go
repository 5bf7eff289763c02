// Package instance knows one process of a service: Launch executes it, Adopt takes
// over one that an earlier supervisor executed. A Process is watched from then on:
// Ended is closed when it ends, Observations has what its probes found. Terminate
// ends it, Collect waits for it, Release leaves it running.
//
// What follows from an end or an observation is decided by package service. Only
// processes whose identity is known are signalled, never a bare pid. It has more than
// 700 lines since the probes need the process, and the process ends them.
package instance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/logfile"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
)

// Process is one process of a service, from its start or adoption until Collect or
// Release.
type Process struct {
	Spec    runtimestore.Spec
	Started time.Time
	LogFrom int64          // offset in the log at which the process's lines begin
	LogInfo os.FileInfo    // of the log file as it was opened; nil when not known
	Loaded  *ledger.Loaded // what it was started with; nil when not known

	Ended        chan struct{}    // closed when the process ended; Collect is still to be called
	Observations chan Observation // what the probes found
	FirstReady   chan struct{}    // to be closed by the owner at the first readiness: liveness probes begin

	cfg          *config.Config // that the process was started by
	logPath      string
	handle       *process.Handle
	family       process.Family
	census       *process.Census
	rejoinCensus func() // has the census look at the leader again; nil for a process that is not a child
	stopWatching context.CancelFunc
	watchers     sync.WaitGroup
}

// watch begins to observe the process.
func (p *Process) watch(svc config.Service) {
	var ctx context.Context
	ctx, p.stopWatching = context.WithCancel(context.Background())
	p.Ended, p.Observations, p.FirstReady = make(chan struct{}), make(chan Observation), make(chan struct{})
	if p.handle == nil {
		p.handle = process.Hold(p.Leader())
	}
	p.watchers.Go(func() {
		if p.handle.Await(ctx) == nil {
			close(p.Ended)
		}
	})
	p.startProbes(ctx, svc)
}

// Leader returns the identity of the process, which leads its group.
func (p *Process) Leader() process.Identity { return p.family.Leader }

// Release stops watching the process and leaves it running.
func (p *Process) Release() {
	p.stopWatching()
	p.watchers.Wait()
	p.handle.Close()
	if p.rejoinCensus != nil {
		p.rejoinCensus()
	}
}

// Collect ends what is left of the family of a process that has ended, waits for
// the process and returns how it ended. The descendants get SIGTERM, and SIGKILL
// at the deadline. KillTimeout after the deadline Collect returns in any case.
func (p *Process) Collect(deadline time.Time) ledger.Exit {
	if begin := time.Now(); deadline.Before(begin) {
		deadline = begin
	}
	p.family.LeaderUnreaped = p.rejoinCensus != nil
	p.endFamily(deadline)
	p.Release()
	status, isChild := process.TryWait(p.Leader().PID)
	if !isChild {
		return ledger.UnknownExit(ledger.Timestamp())
	}
	return toExit(status)
}

// hasMember reports whether a process belongs to this one's family or descends
// from it.
func (p *Process) hasMember(pid int) bool {
	if members, err := p.census.Members(p.family); err == nil {
		for _, m := range members {
			if m.PID == pid {
				return true
			}
		}
	}
	return process.BelongsTo(pid, p.Leader().PID)
}

// Failure returns what people need to know about a failure of the service: its
// last lines and, if exit is not nil, how the process ended.
func (p *Process) Failure(svc config.Service, exit *ledger.Exit) control.Failure {
	lines, err := logfile.LastLines(p.logPath, p.LogFrom, control.FailureLines)
	if err != nil {
		lines = []string{fmt.Sprintf("(the log cannot be read: %v)", errors.Unwrap(err))}
	}
	return control.Failure{Service: svc.Name, Port: svc.Port, Exit: exit, Log: lines, LogFile: p.logPath}
}
