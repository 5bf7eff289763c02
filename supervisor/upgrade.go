package supervisor

import (
	"context"
	"errors"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/selfexec"
	"github.com/flowgate-go/flowgate/supervisor/client"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// Upgraded is what Upgrade did.
type Upgraded struct {
	From   string         `json:"from"` // versions
	To     string         `json:"to"`
	Status control.Status `json:"status"`
}

// upgradeTimeout is how long the new program may take to listen.
const upgradeTimeout = 30 * time.Second

// Upgrade replaces the program of the running supervisor by self, without
// stopping a service: same process, same children, same socket. It returns
// when the new one answers. Faults: supervisor-missing, upgrade-refused,
// upgrade-failed, supervisor-unreachable.
func Upgrade(ctx context.Context, cfg *config.Config, self string) (Upgraded, error) {
	c := client.New(cfg)
	before, err := c.Status(ctx)
	if err != nil {
		return Upgraded{}, missingFault(err)
	}
	done := Upgraded{From: before.Supervisor.Version, To: before.Supervisor.Version}
	if self == "" {
		self = selfexec.SharedPath()
	}
	if _, err := c.Command(ctx, "upgrade", control.Request{Config: cfg, Program: self}, nil); err != nil {
		return done, missingFault(err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, upgradeTimeout, fault.New(
		"upgrade-failed", "the new supervisor does not answer after %v", upgradeTimeout,
	).WithHint("mage status; the services run on, and mage start adopts them"))
	defer cancel()
	for {
		now, err := c.Status(ctx)
		switch {
		case ctx.Err() != nil:
			return done, context.Cause(ctx)
		case err == nil && now.Supervisor.Upgrades > before.Supervisor.Upgrades:
			done.To, done.Status = now.Supervisor.Version, mergeStatus(cfg, control.Reply{Status: &now})
			return done, nil
		case err == nil && now.Supervisor.UpgradeFailure != "":
			return done, fault.New("upgrade-failed", "the old supervisor goes on: %s", now.Supervisor.UpgradeFailure)
		}
		if err := client.WaitBriefly(ctx); err != nil {
			return done, err
		}
	}
}

// missingFault returns the fault supervisor-missing for ErrNoSupervisor, else err.
func missingFault(err error) error {
	if errors.Is(err, client.ErrNoSupervisor) {
		return fault.New("supervisor-missing", "no supervisor runs").WithHint("mage start brings one up, of this version")
	}
	return err
}
