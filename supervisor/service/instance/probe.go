package instance

import (
	"context"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/probe"
)

const (
	firstProbeDelay    = 10 * time.Millisecond
	maxStartDelay      = 250 * time.Millisecond // while starting
	probeTick          = time.Second            // between moments at which probes of longer intervals come due
	startDelayFraction = 10                     // while starting: a tenth of the time waited so far
)

// Observation is what a probe found.
type Observation struct {
	Liveness bool // of the liveness probe; else of startup and readiness
	Finding  probe.Finding
	Passed   bool // so many successes in a row as the probe wants
	Failed   bool // so many failures
}

// series counts what a probe finds in a row.
type series struct {
	probe               config.Probe
	successes, failures int
}

func (s *series) observe(f probe.Finding) Observation {
	if f.OK() {
		s.successes, s.failures = s.successes+1, 0
	} else {
		s.successes, s.failures = 0, s.failures+1
	}
	return Observation{Finding: f, Passed: s.successes >= s.probe.Successes, Failed: s.failures >= s.probe.Failures}
}

// watchProbes begins to ask the service. A service without a readiness probe
// is ready as it runs.
func (run *Process) watchProbes(ctx context.Context, svc config.Service) {
	target := probe.Target{Service: svc, Dir: run.Spec.Dir, Env: run.Spec.Env, Log: run.LogFile, LogFrom: run.LogFrom, Key: ProbeKey(run.cfg, svc, run.Leader().PID, run.Spec.Env)}
	ready, asked := svc.ReadinessProbe()
	live, watched := svc.LivenessProbe()
	quiet := (*silence)(nil)
	_, begins := svc.StartupProbe() // readiness is asked after it only, liveness of an adopted service at once
	if asked && watched && !begins && isSameProbe(ready, live) {
		quiet, watched = &silence{limit: time.Duration(live.Interval) * time.Duration(live.Failures), minProbes: live.Failures}, false
	}
	run.watchers.Go(func() {
		if p, ok := svc.StartupProbe(); ok && !run.probeRepeatedly(ctx, p, target, true, nil) {
			return
		}
		if asked {
			run.probeRepeatedly(ctx, ready, target, false, quiet)
			return
		}
		run.send(ctx, Observation{Finding: probe.Finding{Evidence: probe.Passed}, Passed: true})
	})
	if watched {
		run.watchers.Go(func() { run.probeLiveness(ctx, live, target) })
	}
}

// isSameProbe reports a liveness probe that would ask, less often, what the
// readiness probe asks: then that one's answers do for both.
func isSameProbe(ready, live config.Probe) bool {
	return live.HTTP != "" && live.HTTP == ready.HTTP && live.Timeout == ready.Timeout && ready.Interval <= live.Interval
}

// silence is how long a service has given no answer of any kind.
type silence struct {
	limit      time.Duration
	minProbes  int       // questions without an answer: one proves nothing when this process was suspended over it
	unanswered int       // so far
	since      time.Time // when the first of them was asked
}

// isExceeded reports a silence that has reached its limit.
func (s *silence) isExceeded(f probe.Finding, asked time.Time) bool {
	if f.HasAnswer() {
		s.unanswered = 0
		return false
	}
	if s.unanswered++; s.unanswered == 1 {
		s.since = asked
	}
	return s.unanswered >= s.minProbes && time.Since(s.since) >= s.limit
}

// probeRepeatedly asks again and again until ctx ends; with once, until it passed. It
// reports that it did. With quiet, it also tells when a service that was ready
// has been silent for too long.
func (run *Process) probeRepeatedly(ctx context.Context, p config.Probe, target probe.Target, once bool, quiet *silence) bool {
	prober, err := probe.New(p, target)
	if err != nil { // a pattern that the configuration would have refused
		return run.send(ctx, Observation{Finding: probe.Finding{Evidence: probe.Inconclusive, Err: err}, Failed: true}) && false
	}
	count := series{probe: p}
	timer := time.NewTimer(firstProbeDelay)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
		}
		asked := time.Now()
		o := count.observe(prober.Ask(ctx))
		if once && o.Passed {
			return true
		}
		o.Passed = o.Passed && !once
		if !run.send(ctx, o) {
			return false
		}
		if quiet != nil && run.wasReady() && quiet.isExceeded(o.Finding, asked) && !run.send(ctx, Observation{Finding: o.Finding, Failed: true, Liveness: true}) {
			return false
		}
		timer.Reset(run.nextProbeDelay(p))
	}
}

// nextProbeDelay is short while the service starts, and the probe's own after.
func (run *Process) nextProbeDelay(p config.Probe) time.Duration {
	if run.wasReady() {
		return alignDelay(time.Now(), time.Duration(p.Interval))
	}
	return min(max(time.Since(run.Started)/startDelayFraction, firstProbeDelay), maxStartDelay, time.Duration(p.Interval))
}

// wasReady reports that the service has been ready once.
func (run *Process) wasReady() bool {
	select {
	case <-run.BecameReady:
		return true
	default:
		return false
	}
}

// alignDelay is a long interval, up to probeTogether less, so that the probes of
// many services come due at the same moments: waking up for each alone costs
// more.
func alignDelay(now time.Time, interval time.Duration) time.Duration {
	if interval < 4*probeTick {
		return interval
	}
	return now.Add(interval).Truncate(probeTick).Sub(now)
}

// probeLiveness asks from the first readiness on, and tells only of failures: any
// HTTP answer is a sign of life.
func (run *Process) probeLiveness(ctx context.Context, p config.Probe, target probe.Target) {
	prober, err := probe.New(p, target)
	if err != nil {
		return
	}
	select {
	case <-ctx.Done():
		return
	case <-run.BecameReady:
	}
	count := series{probe: p}
	timer := time.NewTimer(time.Duration(p.Interval))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		timer.Reset(alignDelay(time.Now(), time.Duration(p.Interval)))
		f := prober.Ask(ctx)
		if p.HTTP != "" && f.HasAnswer() {
			f = probe.Finding{Evidence: probe.Passed}
		}
		if o := count.observe(f); o.Failed {
			o.Liveness = true
			if !run.send(ctx, o) {
				return
			}
		}
	}
}

func (run *Process) send(ctx context.Context, o Observation) bool {
	select {
	case <-ctx.Done():
		return false
	case run.Observations <- o:
		return true
	}
}
