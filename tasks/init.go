package tasks

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/scaffold"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// Init writes a configuration, keys and folders, and says what to type next.
func Init(ctx context.Context, runtime *string, upstream *string, port *int, upstreamPort *int, force *bool) error {
	return run(ctx, "init", func(_ context.Context, s session) (any, error) {
		if file := s.line.Common["config"]; file != "" && filepath.Clean(file) != scaffold.File {
			return nil, fault.Usage("flag-invalid", "init writes %s in the folder where it is typed, and not -config=%s",
				scaffold.File, file).
				WithHint("go to the folder that is to hold it")
		}
		here, err := os.Getwd()
		if err == nil {
			err = trust.CheckStateHome(&config.Config{Dir: here}, s.getenv)
		}
		if err != nil {
			return nil, err
		}
		if _, err := trust.EnsureKey(s.getenv); err != nil { // else the record could not be written either
			return nil, err
		}
		result, err := scaffold.Init(
			scaffold.Options{
				Runtime:      deref(runtime),
				Upstream:     deref(upstream),
				RouterPort:   deref(port),
				UpstreamPort: deref(upstreamPort),
				Force:        deref(force),
			},
		)
		if err != nil {
			return nil, err
		}
		if len(result.Kept) > 0 {
			s.writeLines(
				"kept the keys that were here before: " + strings.Join(
					result.Kept,
					", ",
				) + "; remove them and run init again if they are not yours",
			)
		}
		s.writeIfLive(result.Next...)
		return result, s.trustInit()
	})
}

// trustInit records that the configuration that init has just written is trusted.
func (s session) trustInit() error {
	cfg, err := config.Load(scaffold.File, s.getenv)
	if err != nil {
		return err
	}
	_, err = trust.WriteRecord(cfg, "init", time.Now(), s.getenv)
	return err
}
