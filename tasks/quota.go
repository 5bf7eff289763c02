package tasks

import (
	"context"

	"github.com/magefile/mage/mg"

	"github.com/flowgate-go/flowgate/auth/window"
	"github.com/flowgate-go/flowgate/internal/config"
)

// Quota holds the target of quotas.
type Quota mg.Namespace

// Show shows how much of each account's quota windows is used, when they are reset, and when they run out at this pace.
func (Quota) Show(ctx context.Context) error {
	return runReading(ctx, "quota:show", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		return window.Read(ctx, cfg, s.readOnlyAuthEnvironment())
	})
}
