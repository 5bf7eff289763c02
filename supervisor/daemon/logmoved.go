package daemon

import (
	"errors"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"io/fs"
	"os"
)

// watchMovedLogs says once of each log file that its service no longer writes
// to the file of that name: a program such as logrotate moved or removed it. A
// service has its log open itself, so only its next start opens a new file.
func (r *resident) watchMovedLogs() {
	for _, u := range r.all() {
		s := u.Snapshot.Load()
		if s.PID == 0 || s.LogInfo == nil || s.LogInfo == r.movedLogs[u.Name] || !isMoved(s.Log, s.LogInfo) {
			continue
		}
		r.movedLogs[u.Name] = s.LogInfo
		r.events.Emit(control.Event{Event: control.EventLogMoved, Service: u.Name, Result: "error", Detail: s.Log +
			" was moved or removed: what the service writes goes on into that file, and is not shown here until mage restart " + u.Name})
	}
}

// isMoved reports whether the file that was opened at path is no longer there.
func isMoved(path string, opened fs.FileInfo) bool {
	there, err := os.Stat(path)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	return !os.SameFile(opened, there)
}
