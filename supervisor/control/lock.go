package control

import (
	"path/filepath"
	"time"
)

// LockPath returns the file whose lock makes a process the supervisor of a runtime folder.
func LockPath(runtimeDir string) string { return filepath.Join(runtimeDir, "supervisor.lock") }

// StartLockPath returns the file whose lock lets one command at a time start a supervisor.
func StartLockPath(runtimeDir string) string { return filepath.Join(runtimeDir, "start.lock") }

// LockTimeout is how long a new supervisor waits for one that is ending: longer
// than any stop takes.
const LockTimeout = 45 * time.Second

// ChangeLockPath returns the file whose lock lets one command at a time change what
// services run from.
func ChangeLockPath(runtimeDir string) string { return filepath.Join(runtimeDir, "profile.lock") }
