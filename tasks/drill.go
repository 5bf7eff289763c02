package tasks

import (
	"context"
	"os"
	"time"

	"github.com/magefile/mage/mg"

	drills "github.com/flowgate-go/flowgate/checks/drill"
	"github.com/flowgate-go/flowgate/internal/selfexec"
)

// Drill holds the targets that break a private stack on purpose.
type Drill mg.Namespace

// Default breaks a throw-away stack on purpose, in one way or in all, and checks that doctor names the cause and the stack recovers.
func (Drill) Default(ctx context.Context, drill *string) error {
	return run(ctx, "drill", func(ctx context.Context, s session) (any, error) {
		s.out.Step("breaking a private stack on purpose")
		return drills.Run(
			ctx,
			drills.Options{
				Name:    deref(drill),
				Self:    selfexec.Path(),
				Environ: os.Environ(),
				Getenv:  s.getenv,
				Emit:    s.out.Stream,
			},
		)
	})
}

// List lists the drills.
func (Drill) List(ctx context.Context) error {
	return run(
		ctx,
		"drill:list",
		func(context.Context, session) (any, error) { return drills.Drills{Drills: drills.List()}, nil },
	)
}

// Soak sends requests to a private router while it injects random faults into its stack, and counts lost requests.
func Soak(ctx context.Context, duration *time.Duration, clients *int) error {
	return runBounded(ctx, "soak", signalRules{patience: time.Minute}, func(ctx context.Context, s session) (any, error) {
		s.out.Step("sending requests to a private router while faults are injected")
		o := drills.Options{Self: selfexec.Path(), Environ: os.Environ(), Getenv: s.getenv, Emit: s.out.Stream}
		return drills.Soak(ctx, o, deref(duration), deref(clients))
	})
}
