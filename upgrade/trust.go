package upgrade

import (
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// Trust records that the user trusts cfg as it is, by the command that was
// typed. Faults: not-yours, state-untrusted, trust-unwritable.
func Trust(cfg *config.Config, by string, getenv func(string) string) (trust.Record, error) {
	if err := trust.CheckFolders(cfg.Paths.Root(), cfg.Paths.RuntimeDir); err != nil {
		return trust.Record{}, err
	}
	return trust.Write(cfg, by, time.Now(), getenv)
}
