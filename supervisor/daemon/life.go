package daemon

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/sourcegraph/conc"

	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
	"github.com/flowgate-go/flowgate/supervisor/service"
)

// live is one life of the supervisor, from the adoption of what runs to the
// end of its last command; its first result is why it ended.
func (r *resident) live(ctx context.Context, given inheritance) (why, err error) {
	r.ownCtx, r.disown = context.WithCancelCause(context.WithoutCancel(ctx))
	defer r.disown(nil)
	err = r.open(given)
	if given.first {
		tell(r.opts.Notify, err)
	}
	if err != nil {
		r.disown(service.ErrHandover)
		r.owners.Wait()
		return nil, err
	}
	r.serve(ctx, given.first)
	return context.Cause(ctx), nil
}

// open adopts what an earlier supervisor left and begins to listen.
func (r *resident) open(given inheritance) error {
	r.units, r.order, r.gate, r.nextProgram = map[string]*service.Runner{}, nil, newGate(), ""
	r.recorder = ledger.NewRecorder(func() error { return ledger.Write(r.paths.RuntimeDir, r.ledger()) }, r.unrecorded)
	r.adoptAll(given.ledger, given.requests)
	var err error
	if r.listener == nil {
		err = r.listen()
	} else {
		r.noteSocket()
	}
	if err == nil && given.first {
		if err = r.recorder.WriteNow(); err != nil {
			_ = r.listener.Close()
		}
	}
	if err != nil {
		return control.UnwritableFault(r.paths.RuntimeDir, err)
	}
	name := control.EventSupervisorStarted
	if r.upgrades > 0 {
		name = control.EventSupervisorUpgrade
	}
	notify(daemon.SdNotifyReady)
	r.events.Emit(control.Event{Event: name, Result: "ok", Detail: r.opts.Version})
	if given.damaged != "" {
		r.events.Emit(control.Event{Event: control.EventSupervisorRebuilt, Result: "ok", Detail: "what was no ledger of ours is in " + given.damaged})
	}
	return nil
}

// unrecorded says once that the ledger cannot be written, and once that it can
// again. A disk that is full does not stop the services.
func (r *resident) unrecorded(err error) {
	r.unwritten.Store(err != nil)
	e := control.Event{Event: control.EventSupervisorUnrecorded, Result: "ok"}
	if err != nil {
		e.Result, e.Detail = "error", err.Error()
	}
	r.events.Emit(e)
}

// serve answers commands until ctx ends, then stops every service or, when ctx
// says so, leaves them to the next supervisor.
func (r *resident) serve(ctx context.Context, first bool) {
	server := &http.Server{
		Handler:           r.routes(),
		ReadHeaderTimeout: 5 * time.Second,
		ErrorLog:          slog.NewLogLogger(r.opts.Log.Handler(), slog.LevelWarn),
	}
	var servers, keepers conc.WaitGroup
	servers.Go(func() { r.answer(server, r.listener) })
	keeping, endKeeping := context.WithCancel(context.WithoutCancel(ctx))
	keepers.Go(func() { r.recorder.Run(keeping) })
	keepers.Go(func() { r.keep(keeping, func(l *net.UnixListener) { servers.Go(func() { r.answer(server, l) }) }) })
	if r.opts.Up && first {
		keepers.Go(func() { r.up(ctx) })
	}
	r.untilEnd(ctx)

	r.gate.close()
	why := context.Cause(ctx)
	if leaves(why) {
		r.disown(service.ErrHandover)
	} else {
		notify(daemon.SdNotifyStopping)
		r.stopAll()
		r.disown(nil)
	}
	r.owners.Wait()
	endKeeping()
	keepers.Wait()
	if !leaves(why) {
		r.events.Emit(control.Event{Event: control.EventSupervisorStopped, Result: "ok"})
	}
	r.closeServer(ctx, server, leaves(why))
	servers.Wait()
}

// up is the start that Options.Up asks for; what fails is in the events and
// stays for a person to see to.
func (r *resident) up(ctx context.Context) {
	if err := r.start(ctx, control.Request{Config: r.opts.Config}); err != nil {
		r.opts.Log.Error("start", "err", err)
	}
}

// closeServer ends the answers; a socket that the next life needs stays open.
func (r *resident) closeServer(ctx context.Context, server *http.Server, keep bool) {
	kept := (*net.UnixListener)(nil)
	if file, err := r.listener.File(); keep && err == nil {
		if l, err := net.FileListener(file); err == nil {
			kept = l.(*net.UnixListener)
		}
		_ = file.Close()
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if server.Shutdown(drain) != nil {
		_ = server.Close()
	}
	r.listener = kept // nil: the next life opens it anew
}

// answer serves the control socket through one listener.
func (r *resident) answer(server *http.Server, l *net.UnixListener) {
	if err := server.Serve(control.SameUserListener{UnixListener: l}); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		r.opts.Log.Error("control socket", "err", err)
		r.end(err)
	}
}

// leaves reports an end that leaves the services running.
func leaves(why error) bool {
	return errors.Is(why, errSuperseded) || errors.As(why, new(upgradeTo))
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
			if !r.used.Load() && !r.adopted.Load() {
				r.end(nil)
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
	r.end(nil)
}
