package tasks

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/magefile/mage/mg"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/deploy"
	"github.com/flowgate-go/flowgate/internal/deploy/compose"
	"github.com/flowgate-go/flowgate/internal/deploy/kubernetes"
	"github.com/flowgate-go/flowgate/internal/deploy/systemd"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// Deploy holds the targets that render the installation for other places than this machine.
type Deploy mg.Namespace

// renderers returns the renderers of each kind of deployment, with the options that are in a folder.
func renderers(cfg *config.Config) map[string]deploy.Renderer {
	return map[string]deploy.Renderer{
		compose.Kind: func(options json.RawMessage) (deploy.Rendering, error) {
			return compose.RenderRecorded(cfg, options)
		},
		kubernetes.Kind: func(options json.RawMessage) (deploy.Rendering, error) {
			return kubernetes.RenderRecorded(cfg, options)
		},
		systemd.Kind: func(options json.RawMessage) (deploy.Rendering, error) {
			return systemd.RenderRecorded(cfg, options)
		},
	}
}

// profileToDeploy returns the profile that is rendered: the one in force when none is named.
func profileToDeploy(cfg *config.Config, named string) string {
	if named == "" {
		return policy.CurrentOrDefault(cfg)
	}
	return named
}

// runRendering runs a target that renders the installation. It only looks, and so needs no trust, unless
// the files are written to a folder.
func runRendering(
	ctx context.Context, command, out string, force bool, render func(*config.Config) (deploy.Rendering, error),
) error {
	return runWithConfig(ctx, command, out != "", func(_ context.Context, _ session, cfg *config.Config) (any, error) {
		r, err := render(cfg)
		switch {
		case err != nil:
			return nil, err
		case out == "":
			return dataOrError(r.Show())
		case trust.IsWithin(trust.RealPath(out), trust.RealPath(cfg.Paths.Root())):
			return nil, fault.Usage("deploy-option", "-out: %s is in the folder of the installation's state and keys", out).
				WithHint("name a folder beside it")
		}
		for i, line := range r.Next {
			line = strings.ReplaceAll(line, "CONFIG_FOLDER", program.Quote(cfg.Dir))
			r.Next[i] = strings.ReplaceAll(line, "DIR", program.Quote(out))
		}
		return dataOrError(r.Write(out, force))
	})
}
