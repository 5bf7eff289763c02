package instance

import (
	"context"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/probe"
)

const (
	firstProbeDelay  = 10 * time.Millisecond
	maxStartDelay    = 250 * time.Millisecond // between probes of a service that is not ready yet
	startDelayFactor = 10                     // such a delay is a tenth of the time since the start
	probeTick        = time.Second            // probes with long intervals are due at multiples of it
)

// Observation is what a probe found.
type Observation struct {
	Liveness bool // of the liveness probe; else of the startup or the readiness probe
	Finding  probe.Finding
	Passed   bool // as many successes in a row as the probe wants
	Failed   bool // as many failures in a row as the probe allows
}

// series counts the results of a probe in a row.
type series struct {
	probe               config.Probe
	successes, failures int
}

// add counts a finding and returns it as an observation.
func (s *series) add(f probe.Finding) Observation {
	if f.OK() {
		s.successes, s.failures = s.successes+1, 0
	} else {
		s.successes, s.failures = 0, s.failures+1
	}
	return Observation{Finding: f, Passed: s.successes >= s.probe.Successes, Failed: s.failures >= s.probe.Failures}
}

// startProbes begins to probe the service. A service without a readiness probe is
// ready as soon as its process exists.
func (p *Process) startProbes(ctx context.Context, svc config.Service) {
	target := probe.Target{
		Service: svc, Dir: p.Spec.Dir, Env: p.Spec.Env, Log: p.logPath, LogFrom: p.LogFrom,
		Key: ProbeKey(p.cfg, svc, p.Leader().PID, p.Spec.Env),
	}
	startup, hasStartup := svc.StartupProbe()
	readiness, hasReadiness := svc.ReadinessProbe()
	liveness, hasLiveness := svc.LivenessProbe()
	shared := (*silence)(nil)
	// With a startup probe, readiness begins only after it, but the liveness of an adopted service at once.
	if hasReadiness && hasLiveness && !hasStartup && isSameProbe(readiness, liveness) {
		limit := time.Duration(liveness.Interval) * time.Duration(liveness.Failures)
		shared, hasLiveness = &silence{limit: limit, minProbes: liveness.Failures}, false
	}
	p.watchers.Go(func() {
		if hasStartup && !p.probeUntilPassed(ctx, startup, target) {
			return
		}
		if hasReadiness {
			p.probeReadiness(ctx, readiness, target, shared)
			return
		}
		p.send(ctx, Observation{Finding: probe.Finding{Evidence: probe.Passed}, Passed: true})
	})
	if hasLiveness {
		p.watchers.Go(func() { p.probeLiveness(ctx, liveness, target) })
	}
}

// isSameProbe reports whether a liveness probe would ask what the readiness probe
// asks at least as often: then the answers to readiness serve both.
func isSameProbe(readiness, liveness config.Probe) bool {
	return liveness.HTTP != "" && liveness.HTTP == readiness.HTTP && liveness.Timeout == readiness.Timeout &&
		readiness.Interval <= liveness.Interval
}

// probeUntilPassed runs the startup probe until it passed, and sends what it found
// before. It reports whether it passed before ctx ended.
func (p *Process) probeUntilPassed(ctx context.Context, c config.Probe, target probe.Target) bool {
	passed := false
	p.repeat(ctx, c, target, func(o Observation, _ time.Time) bool {
		passed = o.Passed
		return !passed && p.send(ctx, o)
	})
	return passed
}

// probeReadiness runs the readiness probe until ctx ends. With shared, it also
// sends a failed liveness when a service that has been ready is silent for too long.
func (p *Process) probeReadiness(ctx context.Context, c config.Probe, target probe.Target, shared *silence) {
	p.repeat(ctx, c, target, func(o Observation, asked time.Time) bool {
		if !p.send(ctx, o) {
			return false
		}
		if shared == nil || !p.hasBeenReady() || !shared.isExceeded(o.Finding, asked) {
			return true
		}
		return p.send(ctx, Observation{Finding: o.Finding, Failed: true, Liveness: true})
	})
}

// repeat probes again and again until handle returns false or ctx ends.
func (p *Process) repeat(
	ctx context.Context,
	c config.Probe,
	target probe.Target,
	handle func(o Observation, asked time.Time) bool,
) {
	prober, err := probe.New(c, target)
	if err != nil { // an invalid pattern, which the configuration would have refused
		p.send(ctx, Observation{Finding: probe.Finding{Evidence: probe.Inconclusive, Err: err}, Failed: true})
		return
	}
	results := series{probe: c}
	timer := time.NewTimer(firstProbeDelay)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		asked := time.Now()
		if !handle(results.add(prober.Ask(ctx)), asked) {
			return
		}
		timer.Reset(p.nextProbeDelay(c))
	}
}

// nextProbeDelay returns the probe's interval, or less until the first readiness.
func (p *Process) nextProbeDelay(c config.Probe) time.Duration {
	interval := time.Duration(c.Interval)
	if p.hasBeenReady() {
		return alignDelay(time.Now(), interval)
	}
	return min(max(time.Since(p.Started)/startDelayFactor, firstProbeDelay), maxStartDelay, interval)
}

// hasBeenReady reports whether the service has been ready once.
func (p *Process) hasBeenReady() bool {
	select {
	case <-p.FirstReady:
		return true
	default:
		return false
	}
}

// alignDelay shortens a long interval by up to probeTick, so that the probes of
// many services are due at the same moments: one wake-up for all costs less.
func alignDelay(now time.Time, interval time.Duration) time.Duration {
	if interval < 4*probeTick {
		return interval
	}
	return now.Add(interval).Truncate(probeTick).Sub(now)
}

// probeLiveness runs the liveness probe from the first readiness on, and sends
// only failures. Any HTTP answer counts as a sign of life.
func (p *Process) probeLiveness(ctx context.Context, c config.Probe, target probe.Target) {
	prober, err := probe.New(c, target)
	if err != nil {
		return
	}
	select {
	case <-ctx.Done():
		return
	case <-p.FirstReady:
	}
	results := series{probe: c}
	timer := time.NewTimer(time.Duration(c.Interval))
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		timer.Reset(alignDelay(time.Now(), time.Duration(c.Interval)))
		f := prober.Ask(ctx)
		if c.HTTP != "" && f.HasAnswer() {
			f = probe.Finding{Evidence: probe.Passed}
		}
		if o := results.add(f); o.Failed {
			o.Liveness = true
			if !p.send(ctx, o) {
				return
			}
		}
	}
}

// send hands an observation to the owner of the process. It reports false when ctx
// ended before.
func (p *Process) send(ctx context.Context, o Observation) bool {
	select {
	case <-ctx.Done():
		return false
	case p.Observations <- o:
		return true
	}
}
