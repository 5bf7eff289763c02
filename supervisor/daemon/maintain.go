package daemon

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"github.com/flowgate-go/flowgate/internal/logfile"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/daemon/folder"
)

// maintainEvery is the time between two looks at the folder and the logs. It is far
// below every sensible WatchdogSec of systemd.
const maintainEvery = time.Second

// maintain runs every second until ctx ends: it restores a removed runtime folder
// or socket, records gaps in logs, trims logs and pings the watchdog. It passes a
// re-opened control socket to serve.
func (r *resident) maintain(ctx context.Context, serve func(*net.UnixListener)) {
	ticker := time.NewTicker(maintainEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		r.maintainFolder(serve)
		r.recordGaps() // before a trimmed log makes space
		r.reportMovedLogs()
		r.trimLogs()
		notifyManager(daemon.SdNotifyWatchdog)
	}
}

// maintainFolder restores what was removed of the runtime folder, and ends the
// supervisor when another one has the folder.
func (r *resident) maintainFolder(serve func(*net.UnixListener)) {
	restored, err := r.folder.Maintain(serve)
	switch {
	case errors.Is(err, folder.ErrSuperseded):
		r.events.Emit(control.Event{Event: control.EventSupervisorSuperseded, Result: "ok"})
		r.end(folder.ErrSuperseded)
	case err != nil: // the next second tries again
		r.opts.Log.Warn(restored+" cannot be restored now", "err", err)
	case restored != "":
		_ = r.recorder.WriteNow() // reportLedger has the error
		r.events.Emit(control.Event{
			Event: control.EventSupervisorRestored, Result: "ok", Detail: restored + " had been removed",
		})
	case r.ledgerFails.Load():
		r.recorder.WriteSoon() // a service that was stopped meanwhile must not be started again
	}
}

// recordGaps emits an event for every service that ran while the disk was full, as
// soon as it can be written: its log may lack lines.
func (r *resident) recordGaps() {
	var running []string
	for _, s := range r.services.Snapshots() {
		if s.PID != 0 {
			running = append(running, s.Name)
		}
	}
	gap, ended := r.disk.Check(r.events.HasUnwritten() || r.ledgerFails.Load(), running)
	if !ended {
		return
	}
	for _, s := range r.services.Snapshots() {
		if gap.Services[s.Name] {
			r.events.Emit(control.Event{
				Event: control.EventLogGap, Service: s.Name, Result: "error", Detail: gap.String(),
			})
		}
	}
}

// reportMovedLogs emits one event for each log file that a program such as
// logrotate moved or removed. The service has the file open itself, so only its
// next start opens a new one.
func (r *resident) reportMovedLogs() {
	for _, s := range r.services.Snapshots() {
		if s.PID == 0 || s.LogInfo == nil || s.LogInfo == r.movedLogs[s.Name] || !isMoved(s.Log, s.LogInfo) {
			continue
		}
		r.movedLogs[s.Name] = s.LogInfo
		r.events.Emit(control.Event{
			Event: control.EventLogMoved, Service: s.Name, Result: "error",
			Detail: s.Log + " was moved or removed: the service still writes into that file, " +
				program.Text("and its lines are not shown here until mage restart ") + s.Name,
		})
	}
}

// isMoved reports whether the file at path is not the one that was opened there.
func isMoved(path string, opened fs.FileInfo) bool {
	current, err := os.Stat(path)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	return !os.SameFile(opened, current)
}

// trimLogs bounds the services' logs and the supervisor's own.
func (r *resident) trimLogs() {
	for _, s := range r.services.Snapshots() {
		r.trimLog(s.Name, s.Log)
	}
	r.trimLog("", filepath.Join(r.paths.RuntimeDir, "supervisor.log"))
}

// trimLog bounds one log; svc is "" for the supervisor's own.
func (r *resident) trimLog(svc, path string) {
	dropped, err := logfile.Cut(path, logfile.StandardLimits())
	if err != nil {
		r.opts.Log.Warn("log not trimmed", "log", path, "err", err)
	}
	if dropped > 0 {
		r.events.Emit(control.Event{
			Event: control.EventLogDropped, Service: svc, Result: "error",
			Detail: strconv.FormatInt(dropped, 10) + " bytes of " + path,
		})
	}
}
