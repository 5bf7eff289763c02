package tasks

import (
	"context"
	"time"

	"github.com/magefile/mage/mg"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/container"
	"github.com/flowgate-go/flowgate/internal/probe"
	"github.com/flowgate-go/flowgate/supervisor"
)

// Router holds the targets of the embedded router.
type Router mg.Namespace

// Serve runs the embedded router in the foreground with a LiteLLM configuration file, until SIGTERM.
func (Router) Serve(
	ctx context.Context,
	settings *string,
	host *string,
	port *int,
	supervised *string,
	keys *string,
	usage *string,
	days *int,
	bytes *int,
	secrets *string,
	drain *time.Duration,
	linger *time.Duration,
	connections *int,
) error {
	return runServer(ctx, "router:serve", func(ctx context.Context, s session) error {
		return s.serveRouter(ctx, routerFlags{
			settings: deref(settings), keys: deref(keys), secrets: deref(secrets), drain: deref(drain),
			linger: deref(linger), connections: deref(connections),
			usage:   usageLedger{deref(usage), deref(days), int64(deref(bytes))},
			address: listenAddress(deref(host), deref(port), config.DefaultRouterPort),
		}, routerOptions(deref(supervised), deref(keys)))
	})
}

// Probe exits 0 when the router at a port of this machine is ready; it sends no key. It is for health checks of containers.
func (Router) Probe(ctx context.Context, port *int, path *string) error {
	return runBriefly(ctx, "router:probe", func(ctx context.Context, _ session) (any, error) {
		return dataOrError(probe.CheckReady(ctx, deref(port), config.DefaultRouterPort, deref(path)))
	})
}

// Echo holds the target of the echo upstream.
type Echo mg.Namespace

// Serve runs the echo upstream in the foreground, until SIGTERM.
func (Echo) Serve(ctx context.Context, host *string, port *int, keyfile *string) error {
	return runServer(ctx, "echo:serve", func(ctx context.Context, s session) error {
		return s.serveEcho(ctx, deref(host), deref(port), deref(keyfile))
	})
}

// Supervisor holds the targets of the supervisor.
type Supervisor mg.Namespace

// Run runs the supervisor in the foreground, until SIGTERM; start runs it in the background, -up starts services too.
func (Supervisor) Run(
	ctx context.Context,
	up *bool,
	check *bool,
	notify *int,
	lifeline *int,
	handover *int,
	ephemeral *string,
) error {
	if container.IsInit() && notify == nil && lifeline == nil && handover == nil {
		return superviseUnderInit()
	}
	return runServer(ctx, "supervisor:run", func(ctx context.Context, s session) error {
		inherited := inheritedFDs{deref(notify), deref(lifeline), deref(handover)}
		return s.runSupervisor(ctx, inherited, deref(ephemeral), deref(up), deref(check))
	})
}

// Upgrade replaces the program of the running supervisor by this one; no service is stopped.
func (Supervisor) Upgrade(ctx context.Context) error {
	return runChanging(ctx, "supervisor:upgrade", func(ctx context.Context, _ session, cfg *config.Config) (any, error) {
		done, err := supervisor.Upgrade(ctx, cfg, "")
		if err != nil && done.From == "" { // no supervisor answered
			return nil, err
		}
		return done, err
	})
}
