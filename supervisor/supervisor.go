// Package supervisor keeps a stack's services running: Start brings them up
// through a resident supervisor, which it starts when none runs, and Query,
// Health, Stop, Restart, SetProfile, Logs and Events are the other things to
// do with a stack. Run is the resident supervisor itself, the body of the
// target supervisor:run; commands reach it through a Unix socket in the
// runtime folder.
//
// The package never prints, never signals a process that it cannot prove to be
// its own, and never runs two supervisors, or two of one service, in one
// runtime folder.
package supervisor

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sourcegraph/conc"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/process"
)

// Options are what Run needs.
type Options struct {
	Config  *config.Config
	Self    string       // path that executes this program; default process.Self()
	Version string       // of this program
	Log     *slog.Logger // for people who read supervisor.log; default: nothing is logged
	Environ []string     // what services inherit until a command brings its own; default os.Environ()

	// Lifeline, when set, ties the supervisor to its owner: at its end everything
	// is stopped. It is closed when Run ends if it is an io.Closer.
	Lifeline io.Reader
	// Notify, when set, gets one JSON line when the supervisor listens or has
	// failed to, and is closed then. A supervisor that has it ends by itself when
	// no command comes within IdleLimit.
	Notify io.WriteCloser
	// Ephemeral names a folder that is removed when Run ends: it must contain
	// the runtime folder and have a name that begins with "flowgate-".
	Ephemeral string
	// IdleLimit is how long a supervisor with Notify waits for its first command; default 30 s.
	IdleLimit time.Duration
}

// resident is a running supervisor.
type resident struct {
	opts   Options
	paths  config.Paths
	id     process.Identity
	socket string
	events *eventLog
	gate   *gate
	end    context.CancelFunc // begins the end of Run
	used   atomic.Bool        // a command came
	owners conc.WaitGroup     // one goroutine a service
	ownCtx context.Context    // of the owners; outlives the commands
	disown context.CancelFunc
	mu     sync.Mutex // guards units and order
	units  map[string]*unit
	order  []string   // start order of the units
	recMu  sync.Mutex // one writer of supervisor.json
}

// Run is the resident supervisor: it returns nil when it was told to end by
// ctx, SIGTERM, SIGINT, the end of its lifeline or the stop of its last service,
// and has stopped every service then. Faults: runtime-dir-unwritable,
// supervisor-running, ephemeral-refused.
func Run(ctx context.Context, o Options) (err error) {
	o = o.withDefaults()
	r, cleanup, err := prepare(ctx, o)
	if err != nil {
		tell(o.Notify, err)
		return err
	}
	defer func() { err = errors.Join(err, cleanup()) }()

	ctx, stopSignals := terminations(ctx)
	defer stopSignals()
	ctx, r.end = context.WithCancel(ctx)
	defer r.end()
	r.ownCtx, r.disown = context.WithCancel(context.WithoutCancel(ctx))
	defer r.disown()

	listener, err := r.open(ctx)
	tell(o.Notify, err)
	if err != nil {
		return err
	}
	r.serve(ctx, listener)
	return nil
}

func (o Options) withDefaults() Options {
	if o.Self == "" {
		o.Self = process.Self()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Environ == nil {
		o.Environ = os.Environ()
	}
	if o.IdleLimit == 0 {
		o.IdleLimit = 30 * time.Second
	}
	return o
}

// open stops what a killed supervisor left and begins to listen.
func (r *resident) open(ctx context.Context) (net.Listener, error) {
	r.stopLeftovers(ctx)
	listener, err := listenControl(r.socket)
	if err != nil {
		return nil, unwritable(r.paths.RuntimeDir, err)
	}
	if err := r.record(); err != nil {
		_ = listener.Close()
		return nil, unwritable(r.paths.RuntimeDir, err)
	}
	r.emit(Event{Event: EventSupervisorStarted, Result: "ok", Detail: r.opts.Version})
	return listener, nil
}

// serve answers commands until ctx ends, then stops every service.
func (r *resident) serve(ctx context.Context, listener net.Listener) {
	server := &http.Server{
		Handler:           r.routes(),
		ReadHeaderTimeout: 5 * time.Second,
		ErrorLog:          slog.NewLogLogger(r.opts.Log.Handler(), slog.LevelWarn),
	}
	var helpers conc.WaitGroup
	helpers.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			r.opts.Log.Error("control socket", "err", err)
			r.end()
		}
	})
	helpers.Go(func() { r.watchLifeline() })
	r.untilEnd(ctx)

	r.gate.close()
	r.stopAll()
	r.disown()
	r.owners.Wait()
	r.emit(Event{Event: EventSupervisorStopped, Result: "ok"})
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if server.Shutdown(drain) != nil {
		_ = server.Close()
	}
	if c, ok := r.opts.Lifeline.(io.Closer); ok {
		_ = c.Close()
	}
	helpers.Wait()
}

// untilEnd returns when ctx ends, or when nobody wanted this supervisor.
func (r *resident) untilEnd(ctx context.Context) {
	if r.opts.Notify != nil {
		idle := time.NewTimer(r.opts.IdleLimit)
		defer idle.Stop()
		select {
		case <-ctx.Done():
			return
		case <-idle.C:
			if !r.used.Load() {
				return
			}
		}
	}
	<-ctx.Done()
}

// watchLifeline ends the supervisor when its owner has gone.
func (r *resident) watchLifeline() {
	if r.opts.Lifeline == nil {
		return
	}
	_, _ = io.Copy(io.Discard, r.opts.Lifeline)
	r.end()
}
