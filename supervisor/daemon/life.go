package daemon

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/daemon/folder"
	"github.com/flowgate-go/flowgate/supervisor/daemon/operation"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
)

// runLife runs one life of the supervisor, from the adoption of what runs to the end of
// its last command, and returns why it ended.
func (r *resident) runLife(ctx context.Context, found predecessor) (why, err error) {
	listener, err := r.begin(ctx, found)
	if found.first {
		ReportStartup(r.opts.Notify, err)
	}
	if err != nil {
		r.services.Shutdown(true)
		return nil, err
	}
	r.serve(ctx, listener, found.first)
	return context.Cause(ctx), nil
}

// begin adopts what an earlier supervisor left and begins to listen.
func (r *resident) begin(ctx context.Context, found predecessor) (*net.UnixListener, error) {
	r.nextProgram.Store(nil)
	r.recorder = ledger.NewRecorder(r.writeLedger, r.reportLedger)
	r.services = operation.New(ctx, operation.Options{
		Config: r.opts.Config, Self: r.opts.Self, Version: r.opts.Version, Environ: r.opts.Environ, Census: r.census,
		Emit: r.events.Emit, Recorder: r.recorder, OwnFolder: r.folder.IsHeld, StayEmpty: r.opts.Up,
	})
	r.services.Adopt(found.ledger, found.requests)
	listener, err := r.folder.Listen()
	if err == nil && found.first {
		if err = r.recorder.WriteNow(); err != nil {
			_ = listener.Close()
		}
	}
	if err != nil {
		return nil, control.UnwritableFault(r.paths.RuntimeDir, err)
	}
	name := control.EventSupervisorStarted
	if r.upgrades > 0 {
		name = control.EventSupervisorUpgrade
	}
	notifyManager(daemon.SdNotifyReady)
	r.events.Emit(control.Event{Event: name, Result: "ok", Detail: r.opts.Version})
	if found.damaged != "" {
		r.events.Emit(control.Event{
			Event:  control.EventSupervisorRebuilt,
			Result: "ok",
			Detail: "the file that was not a ledger of this stack is " + found.damaged,
		})
	}
	return listener, nil
}

// writeLedger writes supervisor.json. In a folder that is not this supervisor's it
// writes nothing: the file there is another supervisor's.
func (r *resident) writeLedger() error {
	if !r.folder.IsHeld() {
		return nil
	}
	return ledger.Write(r.paths.RuntimeDir, r.ledger())
}

// ledger returns what the next supervisor must know.
func (r *resident) ledger() ledger.Ledger {
	return ledger.Ledger{
		Program: r.opts.Version, Supervisor: r.id, Socket: r.folder.Socket(), Services: r.services.Entries(),
	}
}

// reportLedger emits an event when the ledger cannot be written any more, and
// another when it can again. A full disk does not stop the services.
func (r *resident) reportLedger(err error) {
	r.ledgerFails.Store(err != nil)
	e := control.Event{Event: control.EventSupervisorUnrecorded, Result: "ok"}
	if err != nil {
		e.Result, e.Detail = "error", err.Error()
	}
	r.events.Emit(e)
}

// status returns the present status of the stack.
func (r *resident) status() control.Status {
	s := control.Status{
		Profile: control.ActiveProfile(r.opts.Config),
		Supervisor: &control.SupervisorInfo{
			PID: os.Getpid(), Version: r.opts.Version, Adopted: r.services.HasAdopted(), Socket: r.folder.Socket(),
			Upgrades: r.upgrades, UpgradeFailure: r.upgradeFailure,
		},
		Services: []control.ServiceStatus{},
	}
	for _, snapshot := range r.services.Snapshots() {
		svc := snapshot.ServiceStatus
		if svc.StartedAt != nil {
			svc.UptimeS = control.Uptime(snapshot.Identity, *svc.StartedAt)
		}
		s.Services = append(s.Services, svc)
	}
	return s
}

// serve answers commands until ctx ends, then stops every service or, when the
// cause of ctx asks for it, leaves the services to the next supervisor.
func (r *resident) serve(ctx context.Context, listener *net.UnixListener, first bool) {
	server := &http.Server{
		Handler:           r.routes(),
		ReadHeaderTimeout: 5 * time.Second,
		ErrorLog:          slog.NewLogLogger(r.opts.Log.Handler(), slog.LevelWarn),
	}
	var servers, background sync.WaitGroup
	answer := func(l *net.UnixListener) { servers.Go(func() { r.answer(server, l) }) }
	answer(listener)
	working, endWork := context.WithCancel(context.WithoutCancel(ctx))
	background.Go(func() { r.recorder.Run(working) })
	background.Go(func() { r.maintain(working, answer) })
	if r.opts.Up && first {
		background.Go(func() { r.startConfigured(ctx) })
	}
	r.awaitEnd(ctx)

	handsOver := keepsServices(context.Cause(ctx))
	if !handsOver {
		notifyManager(daemon.SdNotifyStopping)
	}
	r.services.Shutdown(handsOver)
	endWork()
	background.Wait()
	if !handsOver {
		r.events.Emit(control.Event{Event: control.EventSupervisorStopped, Result: "ok"})
	} else {
		r.folder.DetachListener() // closing the server would otherwise close the socket that the next life needs
	}
	closeServer(ctx, server)
	servers.Wait()
}

// keepsServices reports whether a life that ended with this cause leaves its
// services running.
func keepsServices(why error) bool {
	return errors.Is(why, folder.ErrSuperseded) || errors.As(why, new(upgradeTo))
}

// startConfigured starts the services of the configuration, as Options.Up asks. Failures
// are in the events; a person has to act on them.
func (r *resident) startConfigured(ctx context.Context) {
	if err := r.services.Start(ctx, control.Request{Config: r.opts.Config}); err != nil {
		r.opts.Log.Error("the configured services were not all started", "err", err)
	}
}

// answer serves the control socket through one listener.
func (r *resident) answer(server *http.Server, l *net.UnixListener) {
	err := server.Serve(control.SameUserListener{UnixListener: l})
	if !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		r.opts.Log.Error("the control socket cannot be served", "err", err)
		r.end(err)
	}
}

// closeServer lets the answers in progress finish.
func closeServer(ctx context.Context, server *http.Server) {
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if server.Shutdown(drain) != nil {
		_ = server.Close()
	}
}

// awaitEnd returns when ctx ends. It ends a supervisor that a command started and
// no command uses.
func (r *resident) awaitEnd(ctx context.Context) {
	if r.opts.Notify != nil {
		idle := time.NewTimer(r.opts.IdleLimit)
		defer idle.Stop()
		select {
		case <-ctx.Done():
			return
		case <-idle.C:
			if !r.commandSeen.Load() && !r.services.HasAdopted() {
				r.end(nil)
				return
			}
		}
	}
	<-ctx.Done()
}

// notifyManager tells the service manager that started this process, if one did
// (sd_notify(3)).
func notifyManager(state string) { _, _ = daemon.SdNotify(false, state) }
