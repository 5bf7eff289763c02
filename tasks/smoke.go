package tasks

import (
	"context"
	"os"
	"time"

	"github.com/flowgate-go/flowgate/checks/smoke"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/selfexec"
)

// Smoke sends real requests through the running router, or through a private one that it brings up and takes down.
func Smoke(
	ctx context.Context,
	profile *string,
	timeout *time.Duration,
	keep *bool,
	url *string,
	runtime *string,
) error {
	return runReadingLong(ctx, "smoke", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		if err := s.trust.Fault(); err != nil && deref(runtime) != "" { // a runtime may be a program in this folder
			return nil, err
		}
		return smoke.Run(ctx, smoke.Options{
			Config: cfg, URL: deref(url), Profile: deref(profile), Runtime: deref(runtime),
			Timeout: deref(timeout), Keep: deref(keep), Self: selfexec.Path(), Environ: os.Environ(), Getenv: s.getenv,
			Emit: s.out.Stream, AlwaysPrivate: !s.trust.Trusted,
		})
	})
}
