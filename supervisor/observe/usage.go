// Package observe finds out what a command adds to the supervisor's Status: what the
// processes use (AddUsage, Top), the state of the router's deployments
// (AddDeployments) and whether a service is ready now (CheckReadiness).
package observe

import (
	"context"
	"math"
	"time"

	"github.com/sourcegraph/conc/iter"

	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// AddUsage returns the status with what the process of each service uses.
func AddUsage(ctx context.Context, s control.Status) control.Status {
	mapper := iter.Mapper[control.ServiceStatus, control.ServiceStatus]{MaxGoroutines: 8}
	s.Services = mapper.Map(s.Services, func(svc *control.ServiceStatus) control.ServiceStatus {
		measured := *svc
		if svc.PID == 0 {
			return measured
		}
		if u, err := process.ReadUsage(ctx, svc.PID); err == nil {
			measured.Usage = &control.Usage{
				CPUS:    round(u.CPU.Seconds(), 100),
				RSS:     u.RSS,
				Files:   countOrNil(u.Files),
				Sockets: countOrNil(u.Sockets),
			}
			if svc.UptimeS > 0 {
				measured.Usage.CPUPct = round(100*u.CPU.Seconds()/svc.UptimeS, 10)
			}
		}
		return measured
	})
	return s
}

// countOrNil returns nil for a count that the system does not know.
func countOrNil(n int) *int {
	if n < 0 {
		return nil
	}
	return &n
}

// round rounds x to a multiple of 1/parts.
func round(x, parts float64) float64 { return math.Round(x*parts) / parts }

// Top calls query at the interval every, each second if it is 0, and passes each status to
// show, with the share of a processor that each service used since the status before. It
// returns nil when ctx ends, or the error of query or show.
func Top(
	ctx context.Context,
	query func(context.Context) (control.Status, error),
	every time.Duration,
	show func(control.Status) error,
) error {
	if every <= 0 {
		every = time.Second
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	before, at := map[int]float64{}, time.Now()
	for {
		status, err := query(ctx)
		if err != nil {
			return err
		}
		passed := time.Since(at).Seconds()
		at = time.Now()
		current := map[int]float64{}
		for _, svc := range status.Services {
			if svc.Usage == nil {
				continue
			}
			current[svc.PID] = svc.Usage.CPUS
			if was, known := before[svc.PID]; known && passed > 0 {
				svc.Usage.CPUPct = round(100*(svc.Usage.CPUS-was)/passed, 10)
			}
		}
		before = current
		if err := show(status); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}
