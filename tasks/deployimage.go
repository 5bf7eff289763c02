package tasks

import (
	"context"

	"github.com/flowgate-go/flowgate/internal/deploy/image"
	"github.com/flowgate-go/flowgate/internal/selfexec"
	"github.com/flowgate-go/flowgate/internal/version"
)

// Image writes a container image of this program: an OCI image layout, and an archive for docker load.
func (Deploy) Image(ctx context.Context, out *string, caFile *string) error {
	return run(ctx, "deploy:image", func(_ context.Context, s session) (any, error) {
		return dataOrError(image.Write(image.Options{
			Program: selfexec.Path(), Version: version.String(), Certificates: deref(caFile),
			Epoch: s.getenv("SOURCE_DATE_EPOCH"), Dir: deref(out),
		}))
	})
}
