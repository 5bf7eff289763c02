package tasks

import (
	"context"
	"path/filepath"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/scaffold"
)

// Init writes a configuration, keys and folders, and says what to type next.
func Init(ctx context.Context, runtime *string, upstream *string, port *int, upstreamPort *int, force *bool) error {
	return run(ctx, "init", func(_ context.Context, s session) (any, error) {
		if file := typed.common["config"]; file != "" && filepath.Clean(file) != scaffold.File {
			return nil, fault.Usage("flag-invalid", "init writes %s in the folder where it is typed, and not -config=%s", scaffold.File, file).WithHint("go to the folder that is to hold it")
		}
		result, err := scaffold.Init(scaffold.Options{Runtime: value(runtime), Upstream: value(upstream), RouterPort: value(port), UpstreamPort: value(upstreamPort), Force: value(force)})
		if err != nil {
			return nil, err
		}
		s.say(result.Next...)
		return result, nil
	})
}
