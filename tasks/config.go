package tasks

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/magefile/mage/mg"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/config/schema"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/preview"
	"github.com/flowgate-go/flowgate/supervisor/stack"
)

// Config holds the targets of the configuration file.
type Config mg.Namespace

// Validate reads the configuration and lists every problem in it.
func (Config) Validate(ctx context.Context) error {
	return run(ctx, "config:validate", func(_ context.Context, s session) (any, error) {
		file := s.configFile()
		if file == "" {
			return config.Findings{}, noFileFault()
		}
		found, err := preview.Check(file, s.profileInForce(), s.getenv)
		if err == nil {
			err = found.Err()
		}
		return found, err
	})
}

// Check shows what the router would serve with a configuration, which may be LiteLLM's or claude-code-router's.
func (Config) Check(ctx context.Context, configuration *string, profile *string) error {
	preview.PrepareHeap(deref(configuration))
	return run(ctx, "config:check", func(_ context.Context, s session) (any, error) {
		p, err := s.preview(deref(configuration), deref(profile))
		if err != nil {
			return nil, err
		}
		return p, p.Err()
	})
}

// Show shows the configuration in force: resolved, defaults filled in, secrets redacted.
func (Config) Show(ctx context.Context) error {
	return runReading(ctx, "config:show", func(_ context.Context, _ session, cfg *config.Config) (any, error) {
		return cfg.Redact(), nil
	})
}

// Migrate rewrites an old configuration file in the current version; comments and order stay.
func (Config) Migrate(ctx context.Context, dryRun *bool) error {
	return run(ctx, "config:migrate", func(ctx context.Context, s session) (any, error) {
		if s.configFile() == "" {
			return nil, noFileFault()
		}
		if err := s.checkTrust(ctx, !deref(dryRun)); err != nil {
			return nil, err
		}
		m, err := stack.Migrate(ctx, s.stackOptions(nil, nil, nil), deref(dryRun), time.Now())
		return m, s.renewTrust(err, deref(dryRun))
	})
}

// ExtractKeys moves keys that are written out in the configuration into files of their own; all else stays.
func (Config) ExtractKeys(ctx context.Context, dryRun *bool) error {
	return run(ctx, "config:extract-keys", func(ctx context.Context, s session) (any, error) {
		if s.configFile() == "" {
			return nil, noFileFault()
		}
		if err := s.checkTrust(ctx, !deref(dryRun)); err != nil {
			return nil, err
		}
		r, err := stack.ExtractKeys(ctx, s.stackOptions(nil, nil, nil), deref(dryRun))
		if r.Changed { // also when other keys could not be moved
			err = errors.Join(err, s.renewTrust(nil, deref(dryRun)))
		}
		return r, err
	})
}

// Schema prints the JSON Schema of flowgate.yaml.
func (Config) Schema(ctx context.Context) error {
	return runBriefly(ctx, "config:schema", func(context.Context, session) (any, error) {
		return json.RawMessage(schema.Schema()), nil
	})
}

// profileInForce returns the profile in force, or the default one when none was chosen; "" when
// the configuration has none or cannot be read.
func (s session) profileInForce() string {
	cfg, err := s.loadConfig()
	if err != nil {
		return ""
	}
	return policy.CurrentOrDefault(cfg)
}

// preview returns what the router would serve with a file, or with the configuration in force
// when file is empty. An empty profile means the one in force.
func (s session) preview(file, profile string) (preview.Preview, error) {
	if file == "" {
		file = s.configFile()
	}
	if file == "" {
		cfg := config.Default(".")
		return preview.Of(cfg, cmp.Or(profile, policy.CurrentOrDefault(cfg)), s.getenv)
	}
	p, err := preview.File(file, profile, s.getenv)
	return p, checkPathHint(err)
}

// checkPathHint replaces the hint for a file that is not there by one for a file that the user
// named: init would not write that.
func checkPathHint(err error) error {
	var f *fault.Error
	if errors.As(err, &f) && f.Code == "config-not-found" {
		named := *f
		return named.WithHint("check the path: it counts from the folder that you are in")
	}
	return err
}

// noFileFault returns the fault config-not-found, with the command that writes a configuration as
// its hint.
func noFileFault() error {
	missing := fault.Usage("config-not-found", "there is no config/flowgate.yaml here; the built-in default is in force")
	if lines := foreignLines(); len(lines) > 0 {
		return missing.WithHint("%s", strings.Join(lines, "; "))
	}
	return missing.WithHint("mage init writes one, -config=PATH names one elsewhere")
}
