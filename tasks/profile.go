package tasks

import (
	"context"
	"time"

	"github.com/magefile/mage/mg"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/supervisor/stack"
)

// Profile holds the targets of profiles.
type Profile mg.Namespace

// profileList is the data of profile:list and profile:show.
type profileList struct {
	Current  string           `json:"current"`
	Profiles []policy.Profile `json:"profiles"`
}

// profileChanges is the data of profile:diff.
type profileChanges struct {
	From    string          `json:"from"`
	To      string          `json:"to"`
	Changes []policy.Change `json:"changes"`
}

// List lists the profiles and the one in force.
func (Profile) List(ctx context.Context) error {
	return runReading(ctx, "profile:list", func(_ context.Context, _ session, cfg *config.Config) (any, error) {
		current, _ := policy.Current(cfg)
		return profileList{current, policy.List(cfg)}, nil
	})
}

// Show shows one profile as it is written in the configuration.
func (Profile) Show(ctx context.Context, name string) error {
	return runReading(ctx, "profile:show", func(_ context.Context, _ session, cfg *config.Config) (any, error) {
		current, _ := policy.Current(cfg)
		p, err := policy.Find(cfg, name)
		if err != nil {
			return nil, err
		}
		return profileList{current, []policy.Profile{p}}, nil
	})
}

// Set puts a profile in force; a running router restarts, with the old profile again if it does not get ready.
func (Profile) Set(ctx context.Context, name string, timeout *time.Duration) error {
	return runChanging(ctx, "profile:set", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		change, err := stack.SetProfile(ctx, cfg, name, s.stackOptions(cfg, nil, timeout))
		if err != nil {
			return nil, err // its detail says why the profile failed and what was restored
		}
		return change, nil
	})
}

// Diff shows the differences between the router's configurations with two profiles.
func (Profile) Diff(ctx context.Context, a string, b string) error {
	return runReading(ctx, "profile:diff", func(_ context.Context, _ session, cfg *config.Config) (any, error) {
		list, err := policy.Diff(cfg, a, b)
		if err != nil {
			return nil, err
		}
		return profileChanges{a, b, list}, nil
	})
}
