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
	probeTogether = time.Second            // between moments at which probes of longer intervals come due
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
	target := probe.Target{Service: svc, Dir: run.spec.Dir, Env: run.spec.Env, Log: run.log, LogFrom: run.logFrom, Key: keyFor(run.cfg, svc, run.leader().PID, run.spec.Env)}
	ready, asked := svc.ReadinessProbe()
	live, watched := svc.LivenessProbe()
	quiet := (*silence)(nil)
	_, begins := svc.StartupProbe() // readiness is asked after it only, liveness of an adopted service at once
	if asked && watched && !begins && sameQuestion(ready, live) {
		quiet, watched = &silence{limit: time.Duration(live.Interval) * time.Duration(live.Failures), least: live.Failures}, false
	}
	run.watchers.Go(func() {
		if p, ok := svc.StartupProbe(); ok && !run.ask(ctx, p, target, true, nil) {
			return
		}
		if asked {
			run.ask(ctx, ready, target, false, quiet)
			return
		}
		run.tell(ctx, observation{finding: probe.Finding{Evidence: probe.Fine}, passed: true})
	})
	if watched {
		run.watchers.Go(func() { run.askAlive(ctx, live, target) })
	}
}

// sameQuestion reports a liveness probe that would ask, less often, what the
// readiness probe asks: then that one's answers do for both.
func sameQuestion(ready, live config.Probe) bool {
	return live.HTTP != "" && live.HTTP == ready.HTTP && live.Timeout == ready.Timeout && ready.Interval <= live.Interval
}

// silence is how long a service has given no answer of any kind.
type silence struct {
	limit     time.Duration
	least     int       // questions without an answer: one proves nothing when this process was suspended over it
	questions int       // so far
	since     time.Time // when the first of them was asked
}

// lasts reports a silence that has reached its limit.
func (s *silence) lasts(f probe.Finding, asked time.Time) bool {
	if f.Answered() {
		s.questions = 0
		return false
	}
	if s.questions++; s.questions == 1 {
		s.since = asked
	}
	return s.questions >= s.least && time.Since(s.since) >= s.limit
}

// ask asks again and again until ctx ends; with once, until it passed. It
// reports that it did. With quiet, it also tells when a service that was ready
// has been silent for too long.
func (run *instance) ask(ctx context.Context, p config.Probe, target probe.Target, once bool, quiet *silence) bool {
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
		asked := time.Now()
		o := count.observe(prober.Ask(ctx))
		if once && o.passed {
			return true
		}
		o.passed = o.passed && !once
		if !run.tell(ctx, o) {
			return false
		}
		if quiet != nil && run.wasReady() && quiet.lasts(o.finding, asked) && !run.tell(ctx, observation{finding: o.finding, failed: true, liveness: true}) {
			return false
		}
		timer.Reset(run.pauseAfter(p))
	}
}

// pauseAfter is short while the service starts, and the probe's own after.
func (run *instance) pauseAfter(p config.Probe) time.Duration {
	if run.wasReady() {
		return together(time.Now(), time.Duration(p.Interval))
	}
	return min(max(time.Since(run.started)/probeFraction, probeFirst), probeSlowest, time.Duration(p.Interval))
}

// wasReady reports that the service has been ready once.
func (run *instance) wasReady() bool {
	select {
	case <-run.isReady:
		return true
	default:
		return false
	}
}

// together is a long interval, up to probeTogether less, so that the probes of
// many services come due at the same moments: waking up for each alone costs
// more.
func together(now time.Time, interval time.Duration) time.Duration {
	if interval < 4*probeTogether {
		return interval
	}
	return now.Add(interval).Truncate(probeTogether).Sub(now)
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
	timer := time.NewTimer(time.Duration(p.Interval))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		timer.Reset(together(time.Now(), time.Duration(p.Interval)))
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
