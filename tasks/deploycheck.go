package tasks

import (
	"context"

	"github.com/flowgate-go/flowgate/checks/smoke"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/deploy"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// Check says whether a folder that deploy:… wrote is still what the configuration makes, or what runs at -url answers.
func (Deploy) Check(
	ctx context.Context,
	folder *string,
	model *string,
	url *string,
	keyFile *string,
	keyEnv *string,
	caFile *string,
	insecurePlain *bool,
) error {
	return runReadingLong(ctx, "deploy:check", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		o, err := s.remoteOptions(url, keyFile, keyEnv, caFile, insecurePlain)
		if err != nil {
			return nil, err
		}
		if (o.URL == "") == (deref(folder) == "") {
			return nil, checkTargetFault()
		}
		if o.URL != "" {
			return smoke.Run(ctx, smoke.Options{Config: cfg, Remote: o, Model: deref(model),
				Getenv: s.getenv, Emit: s.out.Stream})
		}
		c, err := deploy.Check(deref(folder), renderers(cfg))
		if err != nil {
			return nil, err
		}
		return c, c.Err()
	})
}

// checkTargetFault returns the fault for a check of nothing, or of two things at once.
func checkTargetFault() error {
	return fault.Usage("flag-invalid", "deploy:check needs a folder, or the address of what runs: one of the two").
		WithHint("usage: mage deploy:check FOLDER, or mage deploy:check -url=https://gateway.example.com")
}
