package tasks

import (
	"context"
	"os"
	"time"

	"github.com/flowgate-go/flowgate/checks/smoke"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/selfexec"
)

// Smoke sends real requests through the running router, a private one that it brings up and takes down, or that of -url.
func Smoke(
	ctx context.Context,
	profile *string,
	timeout *time.Duration,
	keep *bool,
	runtime *string,
	model *string,
	url *string,
	keyFile *string,
	keyEnv *string,
	caFile *string,
	insecurePlain *bool,
) error {
	return runReadingLong(ctx, "smoke", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		if err := s.trust.Fault(); err != nil && deref(runtime) != "" { // a runtime may be a program in this folder
			return nil, err
		}
		elsewhere, err := s.remoteOptions(url, keyFile, keyEnv, caFile, insecurePlain)
		if err != nil {
			return nil, err
		}
		return smoke.Run(ctx, smoke.Options{
			Config: cfg, Remote: elsewhere, Model: deref(model),
			Profile: deref(profile), Runtime: deref(runtime), Timeout: deref(timeout), Keep: deref(keep),
			Self: selfexec.Path(), Environ: os.Environ(), Getenv: s.getenv, Emit: s.out.Stream, AlwaysPrivate: !s.trust.Trusted,
		})
	})
}
