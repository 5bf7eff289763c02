package leftover

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/flock"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// RemoveStale removes the stale files among the remains and returns them. It
// holds the supervisor's lock meanwhile, so that no supervisor starts. While one runs, it
// removes only pid files, since no running supervisor has any.
func RemoveStale(ctx context.Context, cfg *config.Config) ([]string, error) {
	lock, err := flock.Take(ctx, control.LockPath(cfg.Paths.RuntimeDir), 50*time.Millisecond)
	runs := errors.Is(err, context.DeadlineExceeded)
	if err != nil && !runs {
		return nil, control.UnwritableFault(cfg.Paths.RuntimeDir, err)
	}
	if !runs {
		defer lock.Close()
	}
	var removed []string
	for _, path := range Inspect(cfg).Stale {
		if runs && filepath.Ext(path) != ".pid" {
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return removed, control.UnwritableFault(cfg.Paths.RuntimeDir, err)
		}
		removed = append(removed, path)
	}
	return removed, nil
}
