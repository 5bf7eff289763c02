package tasks

import (
	"context"

	"github.com/magefile/mage/mg"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/trust"
	"github.com/flowgate-go/flowgate/supervisor/stack"
)

// Trust holds the targets of trusted installations.
type Trust mg.Namespace

// Default records that you reviewed the configuration here and trust it; -show only shows what it executes and writes.
func (Trust) Default(ctx context.Context, show *bool) error {
	return run(ctx, "trust", func(_ context.Context, s session) (any, error) {
		cfg, err := s.loadConfig()
		if err != nil {
			return nil, err
		}
		if err := trust.CheckStateHome(cfg, s.getenv); err != nil {
			return nil, err
		}
		return s.trustConfig(cfg, deref(show))
	})
}

// List lists the installations that you trust.
func (Trust) List(ctx context.Context) error {
	return runBriefly(ctx, "trust:list", func(_ context.Context, s session) (any, error) {
		all, err := trust.ListRecords(s.getenv)
		return trustList{all}, err
	})
}

// Revoke withdraws the trust in the configuration here; running services are not stopped.
func (Trust) Revoke(ctx context.Context) error {
	return run(ctx, "trust:revoke", func(_ context.Context, s session) (any, error) {
		cfg, err := s.loadConfig()
		if err != nil {
			return nil, err
		}
		changed, err := trust.RemoveRecord(cfg, s.getenv)
		return trustRevoked{changed}, err
	})
}

// trustList is the data of trust:list.
type trustList struct {
	Installations []trust.Record `json:"installations"`
}

// trustRevoked is the data of trust:revoke.
type trustRevoked struct {
	Changed bool `json:"changed"` // it was trusted before
}

// trustConfig shows what cfg would do and, unless onlyShow is set, records that it is trusted.
func (s session) trustConfig(cfg *config.Config, onlyShow bool) (any, error) {
	v := s.examineTrust(cfg)
	s.writeIfLive(v.Lines()[1:]...)
	if onlyShow || v.Foreign {
		if v.Foreign && !onlyShow {
			return v, v.Fault()
		}
		return v, nil
	}
	if _, err := stack.Trust(cfg, "trust", s.getenv); err != nil {
		return v, err
	}
	v = s.examineTrust(cfg)
	return v, v.Fault()
}
