package tasks

import (
	"context"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/deploy"
	"github.com/flowgate-go/flowgate/internal/deploy/compose"
	"github.com/flowgate-go/flowgate/internal/deploy/systemd"
)

// Compose renders the installation as a folder for docker compose: prints its files, or writes them into the folder -out.
func (Deploy) Compose(
	ctx context.Context,
	out *string,
	force *bool,
	name *string,
	profile *string,
	image *string,
	upstreamImage *string,
	litellmImage *string,
	redis *bool,
	publish *string,
) error {
	o := compose.Options{Name: deref(name), Profile: deref(profile), Image: deref(image),
		UpstreamImage: deref(upstreamImage),
		LiteLLMImage:  deref(litellmImage), Redis: deref(redis), Publish: deref(publish)}
	return runRendering(ctx, "deploy:compose", deref(out), deref(force),
		func(cfg *config.Config) (deploy.Rendering, error) {
			o.Profile = profileToDeploy(cfg, o.Profile)
			return compose.Render(cfg, o)
		})
}

// Systemd renders the installation as hardened units: prints them, or writes them and their installer into the folder -out.
func (Deploy) Systemd(
	ctx context.Context, out *string, force *bool, profile *string, program *string, upstreamProgram *string,
) error {
	o := systemd.Options{Profile: deref(profile), Program: deref(program), Upstream: deref(upstreamProgram)}
	return runRendering(ctx, "deploy:systemd", deref(out), deref(force),
		func(cfg *config.Config) (deploy.Rendering, error) {
			o.Profile = profileToDeploy(cfg, o.Profile)
			return systemd.Render(cfg, o)
		})
}
