package supervisor

import (
	"context"
	"math"
	"time"

	"github.com/sourcegraph/conc/iter"

	"github.com/flowgate-go/flowgate/internal/process"
)

// Usage is what a service's process uses. A count is nil where the system does
// not tell it.
type Usage struct {
	CPUS    float64 `json:"cpu_s"`   // processor seconds since it began
	CPUPct  float64 `json:"cpu_pct"` // of one processor: in status on average since it began, in top lately
	RSS     int64   `json:"rss_bytes"`
	Files   *int    `json:"open_files"`
	Sockets *int    `json:"sockets"` // of the open files
}

// measured is the status with what each process uses.
func (s Status) measured(ctx context.Context) Status {
	all := iter.Mapper[ServiceStatus, ServiceStatus]{MaxGoroutines: 8}
	s.Services = all.Map(s.Services, func(svc *ServiceStatus) ServiceStatus {
		measured := *svc
		if svc.PID == 0 {
			return measured
		}
		if u, err := process.ReadUsage(ctx, svc.PID); err == nil {
			measured.Usage = &Usage{CPUS: round(u.CPU.Seconds(), 100), RSS: u.RSS, Files: told(u.Files), Sockets: told(u.Sockets)}
			if svc.UptimeS > 0 {
				measured.Usage.CPUPct = round(100*u.CPU.Seconds()/svc.UptimeS, 10)
			}
		}
		return measured
	})
	return s
}

func told(n int) *int {
	if n < 0 {
		return nil
	}
	return &n
}

func round(x, parts float64) float64 { return math.Round(x*parts) / parts }

// Top is Query again and again: show gets each status, with the processor time
// that each service used since the one before. It ends with ctx or the error
// of show; every is 0 for one second.
func Top(ctx context.Context, query func(context.Context) (Status, error), every time.Duration, show func(Status) error) error {
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
		now := map[int]float64{}
		for _, svc := range status.Services {
			if svc.Usage == nil {
				continue
			}
			now[svc.PID] = svc.Usage.CPUS
			if was, known := before[svc.PID]; known && passed > 0 {
				svc.Usage.CPUPct = round(100*(svc.Usage.CPUS-was)/passed, 10)
			}
		}
		before = now
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
