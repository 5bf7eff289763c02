package supervisor

import (
	"context"
	"io"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/supervisor/control"
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
	lock, err := control.AcquireLock(ctx, control.ChangeLockPath(cfg.Paths.RuntimeDir), 0)
	return lock, err == nil
}

// Note writes an event of a command, not of a service, into the events log.
func Note(cfg *config.Config, e control.Event) error {
	return control.AppendEvents(cfg.Paths.LogFile, e)
}
