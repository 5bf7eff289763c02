package supervisor

import (
	"context"
	"io"
	"path/filepath"

	"github.com/flowgate-go/flowgate/internal/config"
)

// Names of the events of commands that change what services run from.
const (
	EventRecorded       = "generation.recorded"
	EventUnrecordable   = "generation.unrecorded" // the state that runs could not be kept
	EventUpdateFailed   = "update.failed"         // the detail says how the version before came back
	EventRestored       = "generation.restored"
	EventRollbackFailed = "rollback.failed" // the detail says how the state before came back
	EventUpdated        = "runtime.updated"
	EventRecovered      = "change.recovered" // an interrupted one was taken back
)

// Exclusive makes its holder the only command that changes what services run
// from: profiles, configuration, runtimes. Close gives that back, as does the
// end of the process. A command that waits for it gives up after five minutes.
// Fault: runtime-dir-unwritable.
func Exclusive(ctx context.Context, cfg *config.Config) (io.Closer, error) {
	return lockProfile(ctx, cfg)
}

// TryExclusive is Exclusive without the wait; ok is false when another command
// is at it.
func TryExclusive(ctx context.Context, cfg *config.Config) (held io.Closer, ok bool) {
	lock, err := takeLock(ctx, profileLockPath(cfg.Paths.RuntimeDir), 0)
	return lock, err == nil
}

func profileLockPath(runtimeDir string) string { return filepath.Join(runtimeDir, "profile.lock") }

// Note writes an event of a command, not of a service, into the events log.
func Note(cfg *config.Config, e Event) error { return appendEvents(cfg.Paths.LogFile, e) }
