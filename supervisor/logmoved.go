package supervisor

import (
	"errors"
	"io/fs"
	"os"
)

// watchMovedLogs says once of each log file that its service no longer writes
// to the file of that name: a program such as logrotate moved or removed it. A
// service has its log open itself, so only its next start opens a new file.
func (r *resident) watchMovedLogs() {
	for _, u := range r.all() {
		s := u.snap.Load()
		if s.PID == 0 || s.logFile == nil || s.logFile == r.movedLogs[u.name] || !isMoved(s.Log, s.logFile) {
			continue
		}
		r.movedLogs[u.name] = s.logFile
		r.events.emit(Event{Event: EventLogMoved, Service: u.name, Result: "error", Detail: s.Log +
			" was moved or removed: what the service writes goes on into that file, and is not shown here until mage restart " + u.name})
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
