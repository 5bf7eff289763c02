package cache

import (
	"context"
	"errors"
	"io/fs"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/flock"
)

// lock takes the lock of a file, which it makes, and waits until ctx ends.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	held, err := flock.Take(ctx, path, flock.UntilDone)
	switch {
	case err == nil:
		return func() { _ = held.Close() }, nil
	case ctx.Err() == nil || errors.As(err, new(*fs.PathError)):
		return nil, unwritable(path, err)
	}
	return nil, fault.New("cache-busy", "wait for another process that fills %s: %w", path, context.Cause(ctx)).
		WithHint("let it finish and try again")
}
