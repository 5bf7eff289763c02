package stack

import (
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/generation"
	"github.com/flowgate-go/flowgate/internal/store"
	"github.com/flowgate-go/flowgate/internal/trust"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
	"github.com/flowgate-go/flowgate/supervisor/stack/journal"
)

// Trust records that the user trusts cfg as it is, by the command that was
// typed, and signs the state that is there: that of a version of FlowGate that did not
// sign, or of a folder that was moved. State of others, and what git tracks, is
// refused. Faults: not-yours, state-untrusted, trust-unwritable.
func Trust(cfg *config.Config, by string, getenv func(string) string) (trust.Record, error) {
	root := cfg.Paths.Root()
	if err := trust.CheckState(cfg); err != nil {
		return trust.Record{}, err
	}
	if err := trust.CheckUntracked(root); err != nil {
		return trust.Record{}, err
	}
	for _, sign := range []func() error{
		func() error { return journal.Sign(root, cfg) },
		func() error { return generation.Sign(root) },
		func() error { return store.Sign(cfg) },
		func() error { return ledger.Sign(cfg.Paths.RuntimeDir) },
	} {
		if err := sign(); err != nil {
			return trust.Record{}, err
		}
	}
	return trust.WriteRecord(cfg, by, time.Now(), getenv)
}
