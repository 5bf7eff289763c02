package supervisor

import (
	"context"
	"io"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/flock"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// changeLockTimeout is how long a command waits for another one that changes what
// services run from. The real LiteLLM may take two minutes to get ready.
const changeLockTimeout = 5 * time.Minute

// LockChanges makes the caller the only command that changes what services run
// from: profiles, configuration, runtimes. Two at once would restore each other's
// files. The lock ends with Close or with the process. Fault: runtime-dir-unwritable,
// also when another command holds the lock for five minutes.
func LockChanges(ctx context.Context, cfg *config.Config) (io.Closer, error) {
	if err := control.EnsureRuntimeDir(cfg.Paths.RuntimeDir); err != nil {
		return nil, err
	}
	lock, err := flock.Take(ctx, control.ChangeLockPath(cfg.Paths.RuntimeDir), changeLockTimeout)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, control.UnwritableFault(cfg.Paths.RuntimeDir, err)
	}
	return lock, nil
}

// TryLockChanges takes the lock of LockChanges without waiting. ok is false when another
// command holds the lock.
func TryLockChanges(ctx context.Context, cfg *config.Config) (lock io.Closer, ok bool) {
	file, err := flock.Take(ctx, control.ChangeLockPath(cfg.Paths.RuntimeDir), 0)
	return file, err == nil
}

// RecordEvent writes an event of a command into the events log.
func RecordEvent(cfg *config.Config, e control.Event) error {
	return control.AppendEvents(cfg.Paths.LogFile, e)
}
