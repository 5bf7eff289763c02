package tasks

import (
	"context"
	"time"

	"github.com/magefile/mage/mg"

	"github.com/flowgate-go/flowgate/internal/clientkey"
	"github.com/flowgate-go/flowgate/internal/config"
)

// Key holds the targets of named keys: one for each client of the router, with its limits.
type Key mg.Namespace

// Create makes a key for a client and shows it once; the router accepts it within a second, without a restart.
func (Key) Create(
	ctx context.Context,
	name string,
	models *string,
	routes *string,
	rpm *int,
	tpm *int,
	maxParallel *int,
	budget *string,
	period *string,
	expires *string,
) error {
	return runOnKeys(ctx, "key:create", func(ctx context.Context, keys clientkey.Store) (any, error) {
		limits, err := clientkey.Wishes{Models: deref(models), Routes: deref(routes), RPM: rpm, TPM: tpm,
			MaxParallel: maxParallel, Budget: deref(budget), Period: deref(period), Expires: deref(expires)}.Parse(time.Now())
		if err != nil {
			return nil, err
		}
		return dataOrError(keys.Create(ctx, name, limits))
	})
}

// List lists the named keys, without the keys themselves: limits, state, what was spent, when each was last used.
func (Key) List(ctx context.Context) error {
	return runReading(ctx, "key:list", func(ctx context.Context, _ session, cfg *config.Config) (any, error) {
		keys, err := clientkey.Open(cfg)
		if err != nil {
			return nil, err
		}
		return dataOrError(keys.List(ctx))
	})
}

// Rotate replaces a client's key by a new one with the same limits and shows it once; the old one is refused.
func (Key) Rotate(ctx context.Context, name string) error {
	return runChanging(ctx, "key:rotate", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		return s.rotateKey(ctx, cfg, name)
	})
}

// Revoke ends a client's key; who still sends it is told so.
func (Key) Revoke(ctx context.Context, name string) error {
	return runOnKeys(ctx, "key:revoke", func(ctx context.Context, keys clientkey.Store) (any, error) {
		return dataOrError(keys.Revoke(ctx, name))
	})
}

// runOnKeys runs a target that changes the named keys of the installation.
func runOnKeys(
	ctx context.Context, command string, work func(context.Context, clientkey.Store) (any, error),
) error {
	return runChanging(ctx, command, func(ctx context.Context, _ session, cfg *config.Config) (any, error) {
		keys, err := clientkey.Open(cfg)
		if err != nil {
			return nil, err
		}
		return work(ctx, keys)
	})
}
