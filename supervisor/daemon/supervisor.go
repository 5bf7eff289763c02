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
package daemon

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/sourcegraph/conc"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/internal/selfexec"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
	"github.com/flowgate-go/flowgate/supervisor/logs"
	"github.com/flowgate-go/flowgate/supervisor/service"
)

// Options are what Run needs.
type Options struct {
	Config  *config.Config
	Self    string       // path that executes this program; default selfexec.Path()
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
	Up        bool // start the services of Config, as a command would
	// Handover, when set, is what the program before left in the file of that
	// name: see Upgrade.
	Handover *os.File
	// IdleLimit is how long a supervisor with Notify waits for its first command; default 30 s.
	IdleLimit time.Duration
}

// resident is a running supervisor.
type resident struct {
	opts     Options
	paths    config.Paths
	id       process.Identity
	socket   string
	lock     *os.File // of the runtime folder; held by its life
	listener *net.UnixListener
	// socketFile is the file that listener listens on; nil when it was gone at once.
	socketFile os.FileInfo
	events     *logs.EventLog
	recorder   *ledger.Recorder
	census     *process.Census
	gate       *gate
	used       atomic.Bool // a command came
	adopted    atomic.Bool // it took over services
	mu         sync.Mutex  // guards units and order
	units      map[string]*service.Runner
	order      []string // start order of the units

	movedLogs map[string]os.FileInfo // log files that log.moved was said of, by service; only keep uses it
	disk      logs.DiskWatch
	unwritten atomic.Bool // supervisor.json cannot be written

	nextProgram    string // that this life ends for
	upgrades       int    // handovers since the process began
	upgradeFailure string // why the last one was taken back

	endMu  sync.Mutex
	endNow context.CancelCauseFunc // of the life that runs; see end
	owners conc.WaitGroup          // one goroutine a service
	ownCtx context.Context         // of the owners; outlives the commands
	disown context.CancelCauseFunc
}

// serviceUmask is what services are started with: what they write, such as
// CLIProxyAPI's logs of whole requests, is for their user alone.
const serviceUmask = 0o077

// Run is the resident supervisor, and sets the umask of its process. It returns
// nil when it was told to end by ctx, SIGTERM, SIGINT, the end of its lifeline or
// the stop of its last service, and has stopped every service then. It also
// returns nil, with the services running, when another supervisor took its
// folder over. Faults: runtime-dir-unwritable, supervisor-running, ephemeral-refused.
func Run(ctx context.Context, o Options) error {
	o = o.withDefaults()
	syscall.Umask(serviceUmask)
	r, given, err := prepare(ctx, o)
	if err != nil {
		tell(o.Notify, err)
		return err
	}
	ctx, stopSignals := terminations(ctx)
	defer stopSignals()
	var lifeline conc.WaitGroup
	defer lifeline.Wait()
	if c, ok := o.Lifeline.(io.Closer); ok {
		defer func() { _ = c.Close() }()
	}
	for {
		life, end := context.WithCancelCause(ctx)
		r.endMu.Lock()
		r.endNow = end
		r.endMu.Unlock()
		if given.first {
			lifeline.Go(func() { r.watchLifeline() })
		}
		why, err := r.live(life, given)
		end(nil)
		switch {
		case err != nil:
			return errors.Join(err, r.leave())
		case errors.Is(why, errSuperseded):
			return r.lock.Close()
		case !errors.As(why, new(upgradeTo)):
			return r.leave()
		}
		given = r.handOver(why) // returns only when that failed: go on as before
	}
}

// end begins the end of the life that runs. The lifeline's owner calls it beside
// a life that follows another.
func (r *resident) end(why error) {
	r.endMu.Lock()
	defer r.endMu.Unlock()
	r.endNow(why)
}

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
