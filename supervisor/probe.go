package supervisor

import (
	"context"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/probe"
)

const (
	probeFirst    = 10 * time.Millisecond
	probeSlowest  = 250 * time.Millisecond // while starting
	probeFraction = 10                     // while starting: a tenth of the time waited so far
)

// observation is what a probe found.
type observation struct {
	liveness bool // of the liveness probe; else of startup and readiness
	finding  probe.Finding
	passed   bool // so many successes in a row as the probe wants
	failed   bool // so many failures
}

// series counts what a probe finds in a row.
type series struct {
	of                  config.Probe
	successes, failures int
}

func (s *series) observe(f probe.Finding) observation {
	if f.OK() {
		s.successes, s.failures = s.successes+1, 0
	} else {
		s.successes, s.failures = 0, s.failures+1
	}
	return observation{finding: f, passed: s.successes >= s.of.Successes, failed: s.failures >= s.of.Failures}
}

// watchProbes begins to ask the service. A service without a readiness probe
// is ready as it runs.
func (run *instance) watchProbes(ctx context.Context, svc config.Service) {
	target := probe.Target{Service: svc, Dir: run.spec.Dir, Env: run.spec.Env, Log: run.log, LogFrom: run.logFrom, Key: keyFor(run.cfg, svc, run.leader().PID)}
	run.watchers.Go(func() {
		if p, ok := svc.Started(); ok && !run.ask(ctx, p, target, true) {
			return
		}
		if p, ok := svc.Ready(); ok {
			run.ask(ctx, p, target, false)
			return
		}
		run.tell(ctx, observation{finding: probe.Finding{Evidence: probe.Fine}, passed: true})
	})
	if p, ok := svc.Live(); ok {
		run.watchers.Go(func() { run.askAlive(ctx, p, target) })
	}
}

// ask asks again and again until ctx ends; with once, until it passed. It
// reports that it did.
func (run *instance) ask(ctx context.Context, p config.Probe, target probe.Target, once bool) bool {
	prober, err := probe.New(p, target)
	if err != nil { // a pattern that the configuration would have refused
		return run.tell(ctx, observation{finding: probe.Finding{Evidence: probe.Strange, Err: err}, failed: true}) && false
	}
	count := series{of: p}
	timer := time.NewTimer(probeFirst)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
		}
		o := count.observe(prober.Ask(ctx))
		if once && o.passed {
			return true
		}
		o.passed = o.passed && !once
		if !run.tell(ctx, o) {
			return false
		}
		timer.Reset(run.pauseAfter(p))
	}
}

// pauseAfter is short while the service starts, and the probe's own after.
func (run *instance) pauseAfter(p config.Probe) time.Duration {
	select {
	case <-run.isReady:
		return time.Duration(p.Interval)
	default:
		return min(max(time.Since(run.started)/probeFraction, probeFirst), probeSlowest, time.Duration(p.Interval))
	}
}

// askAlive asks from the first readiness on, and tells only of failures: any
// HTTP answer is a sign of life.
func (run *instance) askAlive(ctx context.Context, p config.Probe, target probe.Target) {
	prober, err := probe.New(p, target)
	if err != nil {
		return
	}
	select {
	case <-ctx.Done():
		return
	case <-run.isReady:
	}
	count := series{of: p}
	ticker := time.NewTicker(time.Duration(p.Interval))
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		f := prober.Ask(ctx)
		if p.HTTP != "" && f.Answered() {
			f = probe.Finding{Evidence: probe.Fine}
		}
		if o := count.observe(f); o.failed {
			o.liveness = true
			if !run.tell(ctx, o) {
				return
			}
		}
	}
}

func (run *instance) tell(ctx context.Context, o observation) bool {
	select {
	case <-ctx.Done():
		return false
	case run.seen <- o:
		return true
	}
}
