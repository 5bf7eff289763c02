package tasks

import (
	"context"

	"github.com/magefile/mage/mg"

	"github.com/flowgate-go/flowgate/internal/autostart"
	"github.com/flowgate-go/flowgate/internal/config"
)

// Service holds the targets that let the operating system start the stack.
type Service mg.Namespace

// Install lets systemd or launchd start the stack at login and watch its supervisor; -now also starts it at once.
func (Service) Install(ctx context.Context, now *bool) error {
	return runChanging(ctx, "service:install", func(ctx context.Context, _ session, cfg *config.Config) (any, error) {
		return dataOrError(autostart.Install(ctx, autostart.Options{Config: cfg, Start: deref(now)}))
	})
}

// Uninstall removes what service:install has set up.
func (Service) Uninstall(ctx context.Context) error {
	return runChanging(ctx, "service:uninstall", func(ctx context.Context, _ session, cfg *config.Config) (any, error) {
		return dataOrError(autostart.Uninstall(ctx, autostart.Options{Config: cfg}))
	})
}
