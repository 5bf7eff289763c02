package drill

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"time"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/keyfile"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// SoakResult is the result of a soak. A request that was refused a connection
// is sent again, as clients do; one that was sent and not answered is lost.
type SoakResult struct {
	checks.Note
	Seconds  float64        `json:"seconds"`
	Requests int64          `json:"requests"`
	Again    int64          `json:"sent_again"`     // the connection was refused
	InFlight int64          `json:"lost_in_flight"` // in a router that was killed
	Lost     int64          `json:"lost"`           // any other way: none may be
	First    string         `json:"first_lost,omitempty"`
	Faults   map[string]int `json:"faults"`
}

// Soak loads a private router with clients (default 8) for a time (default one minute)
// while it injects random faults into the stack. It fails when a request is lost that was
// not in flight in a killed router.
func Soak(ctx context.Context, o Options, span time.Duration, clients int) (report.Checked, error) {
	if span <= 0 {
		span = time.Minute
	}
	if clients <= 0 {
		clients = 8
	}
	list := []checks.Check{{
		ID: "soak.requests", Title: "No request is lost but those in flight in a killed router",
		Family: "drill", Timeout: span + drillTimeout,
		Run: func(ctx context.Context) checks.Outcome {
			s, err := newStack(o)
			if err != nil {
				return checks.FromFault(err)
			}
			seen := SoakResult{Faults: map[string]int{}}
			d := Drill{run: func(ctx context.Context, s *stack) error { return s.soak(ctx, span, clients, &seen) }}
			if err := d.runInStack(ctx, s); err != nil {
				seen.Text = err.Error()
				return checks.Failed("").WithDetail(seen)
			}
			return checks.Passed(seen)
		},
	}}
	return report.Checked{Checks: checks.Run(ctx, list, checks.Options{Emit: o.Emit})}, nil
}

// soak sends requests and injects faults for a time, and records in seen what became of
// the requests.
func (s *stack) soak(ctx context.Context, span time.Duration, clients int, seen *SoakResult) error {
	key, _, err := keyfile.Read(s.cfg.Paths.Secrets() + "/gateway.key")
	if err != nil {
		return err
	}
	svc, _ := s.cfg.Service(config.LiteLLM)
	l := &load{url: svc.URL() + "/v1/chat/completions", key: key}
	until, stop := context.WithTimeout(ctx, span)
	defer stop()
	began := time.Now()
	var work sync.WaitGroup
	for range clients {
		work.Go(func() { l.sendRequests(until) })
	}
	err = s.injectFaults(until, l, seen.Faults)
	stop()
	work.Wait()
	seen.Seconds, seen.Requests, seen.Again = time.Since(began).
		Round(time.Millisecond).
		Seconds(),
		l.requests.Load(), l.resent.Load()
	seen.InFlight, seen.Lost, seen.First = l.inFlight.Load(), l.lost.Load(), l.lossReason
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case seen.Lost > 0:
		return fmt.Errorf("%d of %d requests were lost: %s", seen.Lost, seen.Requests, seen.First)
	case seen.Requests == 0:
		return errors.New("no request was sent")
	}
	return nil
}

// injectFaults applies random faults, one after the other, until ctx ends.
func (s *stack) injectFaults(ctx context.Context, l *load, counts map[string]int) error {
	faults := []struct {
		name string
		do   func(context.Context) error
	}{
		{"supervisor killed", s.killSupervisor},
		{"supervisor suspended", s.pauseSupervisor},
		{"supervisor upgraded", s.upgradeSupervisor},
		{"router killed", func(ctx context.Context) error { return s.killRouter(ctx, l) }},
		{"commands at once", s.runCommandsAtOnce},
	}
	// A fault that has begun is finished: one that is cut short proves nothing.
	patient := context.WithoutCancel(ctx)
	for ctx.Err() == nil {
		f := faults[rand.N(len(faults))]
		if err := f.do(patient); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		counts[f.name]++
		select {
		case <-ctx.Done():
		case <-time.After(rand.N(300 * time.Millisecond)):
		}
	}
	return nil
}

// killSupervisor kills the supervisor and starts another one.
func (s *stack) killSupervisor(ctx context.Context) error {
	status, err := supervisor.Query(ctx, s.cfg)
	if err != nil || status.Supervisor == nil {
		return errors.Join(err, errors.New("no supervisor to kill"))
	}
	if err := syscall.Kill(status.Supervisor.PID, syscall.SIGKILL); err != nil {
		return err
	}
	return s.start(ctx)
}

// pauseSupervisor suspends the supervisor for at most 200 ms.
func (s *stack) pauseSupervisor(ctx context.Context) error {
	status, err := supervisor.Query(ctx, s.cfg)
	if err != nil || status.Supervisor == nil {
		return errors.Join(err, errors.New("no supervisor to suspend"))
	}
	if err := syscall.Kill(status.Supervisor.PID, syscall.SIGSTOP); err != nil {
		return err
	}
	time.Sleep(rand.N(200 * time.Millisecond)) // the fault itself: a supervisor that does nothing
	return syscall.Kill(status.Supervisor.PID, syscall.SIGCONT)
}

// upgradeSupervisor hands over to a new supervisor of the same version.
func (s *stack) upgradeSupervisor(ctx context.Context) error {
	_, err := supervisor.Upgrade(ctx, s.cfg, s.options.Self)
	return err
}

// killRouter kills the router, and starts it again when its start limit is reached.
func (s *stack) killRouter(ctx context.Context, l *load) error {
	router, err := s.routerStatus(ctx)
	if err != nil {
		return err
	}
	l.lastKillMS.Store(time.Now().UnixMilli())
	if err := syscall.Kill(router.PID, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	wait, cancel := context.WithTimeout(ctx, drillTimeout)
	defer cancel()
	return s.waitFor(wait, "the router is ready again, as another process", func() bool {
		now, err := s.routerStatus(wait)
		if err == nil && now.State != control.StateRunning && now.PID != router.PID {
			err = s.start(wait) // ends the backoff early
		}
		return err == nil && now.Ready && now.PID != router.PID
	})
}

// runCommandsAtOnce runs six commands at the same time.
func (s *stack) runCommandsAtOnce(ctx context.Context) error {
	errs := make([]error, 6)
	var commands sync.WaitGroup
	for i := range errs {
		commands.Go(func() {
			if i%2 == 0 {
				errs[i] = s.start(ctx)
				return
			}
			_, errs[i] = supervisor.Health(ctx, s.cfg)
		})
	}
	commands.Wait()
	return errors.Join(errs...)
}
