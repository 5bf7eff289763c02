package tasks

import (
	"context"

	"github.com/magefile/mage/mg"
)

// Router holds the target of the embedded router.
type Router mg.Namespace

// Serve runs the embedded router in the foreground with a LiteLLM configuration file, until SIGTERM.
func (Router) Serve(ctx context.Context, settings *string, host *string, port *int) error {
	return serve(ctx, "router:serve", func(ctx context.Context) error {
		return serveRouter(ctx, value(settings), value(host), value(port))
	})
}

// Echo holds the target of the echo upstream.
type Echo mg.Namespace

// Serve runs the echo upstream in the foreground, until SIGTERM.
func (Echo) Serve(ctx context.Context, host *string, port *int, keyfile *string) error {
	return serve(ctx, "echo:serve", func(ctx context.Context) error {
		return serveEcho(ctx, value(host), value(port), value(keyfile))
	})
}

// Supervisor holds the target of the resident supervisor.
type Supervisor mg.Namespace

// Run is the resident supervisor in the foreground, until SIGTERM; start runs it in the background.
func (Supervisor) Run(ctx context.Context, notify *int, lifeline *int, ephemeral *string) error {
	return serve(ctx, "supervisor:run", func(ctx context.Context) error {
		return supervise(ctx, value(notify), value(lifeline), value(ephemeral))
	})
}
