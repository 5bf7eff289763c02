package tasks

import (
	"context"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/deploy"
	"github.com/flowgate-go/flowgate/internal/deploy/kubernetes"
)

// Kubernetes renders the installation as manifests: prints them, or writes them into the folder -out for kubectl apply -k.
func (Deploy) Kubernetes(
	ctx context.Context,
	replicas *int,
	max *int,
	out *string,
	force *bool,
	name *string,
	profile *string,
	image *string,
	upstreamImage *string,
	litellmImage *string,
	redis *bool,
	host *string,
	gateway *string,
	with *string,
) error {
	o := kubernetes.Options{Name: deref(name), Profile: deref(profile), Replicas: lo.FromPtrOr(replicas, 2),
		Max:   deref(max),
		Image: deref(image), UpstreamImage: deref(upstreamImage), LiteLLMImage: deref(litellmImage), Redis: deref(redis),
		Host: deref(host), Gateway: deref(gateway), With: lo.Compact(strings.Split(deref(with), ","))}
	return runRendering(ctx, "deploy:kubernetes", deref(out), deref(force),
		func(cfg *config.Config) (deploy.Rendering, error) {
			o.Profile = profileToDeploy(cfg, o.Profile)
			return kubernetes.Render(cfg, o)
		})
}
