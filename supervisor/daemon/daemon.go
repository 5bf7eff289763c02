// Package daemon is the resident supervisor: Run, the body of the target
// supervisor:run, holds the runtime folder, answers commands on the control socket
// and keeps the services running until it is told to end.
//
// It never signals a process that it cannot prove to be its own, and never runs two
// supervisors, or two processes of one service, in one runtime folder.
//
// A life of the supervisor (life.go) begins with the adoption of what runs and ends
// with a shutdown or a handover; a process has a second life only when a handover
// failed.
//
// It has more than 700 lines since a life, its routes and its maintenance share one
// state, the resident; what has a state of its own is in the packages below.
package daemon

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/selfexec"
	"github.com/flowgate-go/flowgate/supervisor/daemon/folder"
	"github.com/flowgate-go/flowgate/supervisor/daemon/operation"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
	"github.com/flowgate-go/flowgate/supervisor/logs"
)

// Options are what Run needs.
type Options struct {
	Config  *config.Config
	Self    string       // path that executes this program; default selfexec.Path()
	Version string       // of this program
	Log     *slog.Logger // what people read in supervisor.log; default: no log
	Environ []string     // what services inherit until a command brings its own; default os.Environ()

	// Lifeline, when set, ties the supervisor to its owner: at its end all services
	// are stopped. Run closes it if it is an io.Closer.
	Lifeline io.Reader
	// Notify, when set, gets one JSON line when the supervisor listens or has
	// failed to, and is closed then. A supervisor that has it ends by itself when
	// no command comes within IdleLimit.
	Notify io.WriteCloser
	// Ephemeral names a folder that is removed when Run ends: it must contain
	// the runtime folder and have a name that begins with "flowgate-".
	Ephemeral string
	Up        bool // start the services of Config, as a command would
	// Handover, when set, is the file in which the previous program left its note: see
	// package handover.
	Handover *os.File
	// IdleLimit is how long a supervisor with Notify waits for its first command; default 30 s.
	IdleLimit time.Duration
}

// resident is a running supervisor.
type resident struct {
	opts   Options
	paths  config.Paths
	id     process.Identity
	folder *folder.Folder
	events *logs.EventLog
	census *process.Census

	services *operation.Services // of the present life
	recorder *ledger.Recorder    // of the present life

	commandSeen    atomic.Bool            // a command was received
	ledgerFails    atomic.Bool            // supervisor.json cannot be written
	disk           logs.DiskWatch         // only maintain uses it
	movedLogs      map[string]os.FileInfo // logs for which log.moved was emitted, by service; only maintain uses it
	nextProgram    atomic.Pointer[string] // the program that an upgrade hands over to; nil without an upgrade
	upgrades       int                    // handovers since the process began
	upgradeFailure string                 // why the last handover failed

	endMu   sync.Mutex // guards endLife
	endLife context.CancelCauseFunc
}

// serviceUmask is the umask of services: what they write, such as CLIProxyAPI's
// logs of whole requests, is for their user alone.
const serviceUmask = 0o077

// Run runs the supervisor, and sets the umask of its process. It returns nil after
// it stopped every service, when ctx, SIGTERM, SIGINT, the end of its lifeline or
// the stop of its last service ended it. It also returns nil, with the services
// running, when another supervisor took its folder over. Faults:
// runtime-dir-unwritable, supervisor-running, ephemeral-refused.
func Run(ctx context.Context, o Options) error {
	o = o.withDefaults()
	syscall.Umask(serviceUmask)
	r, found, err := prepare(ctx, o)
	if err != nil {
		ReportStartup(o.Notify, err)
		return err
	}
	ctx, stopSignals := notifyTermination(ctx)
	defer stopSignals()
	var lifeline sync.WaitGroup
	defer lifeline.Wait()
	if c, ok := o.Lifeline.(io.Closer); ok {
		defer func() { _ = c.Close() }()
	}
	for {
		life, end := context.WithCancelCause(ctx)
		r.setEnd(end)
		if found.first && o.Lifeline != nil {
			lifeline.Go(r.watchLifeline)
		}
		why, err := r.runLife(life, found)
		end(nil)
		switch {
		case err != nil:
			return errors.Join(err, r.leave())
		case errors.Is(why, folder.ErrSuperseded):
			return r.folder.Unlock()
		case !errors.As(why, new(upgradeTo)):
			return r.leave()
		}
		found = r.handOver(why) // returns only when the handover failed: the next life continues as before
	}
}

// setEnd sets the function that ends the present life.
func (r *resident) setEnd(end context.CancelCauseFunc) {
	r.endMu.Lock()
	defer r.endMu.Unlock()
	r.endLife = end
}

// end ends the present life with a cause, nil for a normal shutdown.
func (r *resident) end(why error) {
	r.endMu.Lock()
	defer r.endMu.Unlock()
	r.endLife(why)
}

// watchLifeline ends the supervisor when its owner has gone.
func (r *resident) watchLifeline() {
	_, _ = io.Copy(io.Discard, r.opts.Lifeline)
	r.end(nil)
}

// notifyTermination returns a context that SIGTERM and SIGINT end. SIGHUP, the end
// of the terminal, is caught and dropped. It is not set to be ignored, since the
// services would inherit that.
func notifyTermination(ctx context.Context) (context.Context, func()) {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	return ctx, func() {
		stop()
		signal.Stop(hangups)
	}
}

// withDefaults returns the options with the defaults in place of zero values.
func (o Options) withDefaults() Options {
	if o.Self == "" {
		o.Self = selfexec.Path()
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
