package tasks

import (
	"context"

	"github.com/flowgate-go/flowgate/internal/scaffold"
)

// Init writes a configuration, keys and folders, and says what to type next.
func Init(ctx context.Context, runtime *string, upstream *string, port *int, upstreamPort *int, force *bool) error {
	return run(ctx, "init", func(_ context.Context, s session) (any, error) {
		result, err := scaffold.Init(scaffold.Options{Runtime: value(runtime), Upstream: value(upstream), RouterPort: value(port), UpstreamPort: value(upstreamPort), Force: value(force)})
		if err != nil {
			return nil, err
		}
		s.say(result.Next...)
		return result, nil
	})
}
