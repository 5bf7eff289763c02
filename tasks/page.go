package tasks

import (
	"context"

	"github.com/magefile/mage/mg"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/selfexec"
	"github.com/flowgate-go/flowgate/page"
)

// Page holds the targets of the web page.
type Page mg.Namespace

// Default opens the page of the stack in a browser: services, quotas, usage, problems; -print only prints its link.
func (Page) Default(ctx context.Context, print *bool) error {
	return runChanging(ctx, "page", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		link, err := page.Open(ctx, cfg, selfexec.Path())
		if err == nil && !deref(print) {
			link.Opened = page.Browse(ctx, link.URL, s.getenv)
		}
		return dataOrError(link, err)
	})
}

// Serve serves the page in the foreground until nobody has looked for 15 minutes; page runs it in the background.
func (Page) Serve(ctx context.Context) error {
	return runServer(ctx, "page:serve", func(ctx context.Context, s session) error {
		return s.servePage(ctx)
	})
}
