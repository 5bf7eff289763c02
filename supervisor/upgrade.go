package supervisor

import (
	"context"
	"errors"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/selfexec"
	"github.com/flowgate-go/flowgate/internal/terminal"
	"github.com/flowgate-go/flowgate/supervisor/client"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// Upgraded is what Upgrade did.
type Upgraded struct {
	From   string         `json:"from"` // versions
	To     string         `json:"to"`
	Status control.Status `json:"status"`
}

// Print implements report.Printed: which program supervises now. The services are not shown: their
// new supervisor has not asked them yet.
func (u Upgraded) Print(p *terminal.Printer) {
	switch {
	case u.Status.Supervisor == nil: // nothing was replaced, and the error says why
	case u.From == u.To:
		p.Note(terminal.Good, "the supervisor was replaced by this program, of the same version "+u.To+
			"; no service was stopped")
	default:
		p.Note(terminal.Good, "the supervisor runs "+u.To+" in place of "+u.From+"; no service was stopped")
	}
}

// upgradeTimeout is how long the new program may take to listen.
const upgradeTimeout = 30 * time.Second

// Upgrade replaces the program of the running supervisor by self, without
// stopping a service: the process, its children and its socket stay the same. It returns
// when the new program answers. Faults: supervisor-missing, upgrade-refused,
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
	).WithHint("the services continue to run, and mage start adopts them; see mage status"))
	defer cancel()
	for {
		status, err := c.Status(ctx)
		switch {
		case ctx.Err() != nil:
			return done, context.Cause(ctx)
		case err == nil && status.Supervisor.Upgrades > before.Supervisor.Upgrades:
			done.To, done.Status = status.Supervisor.Version, mergeStatus(cfg, control.Reply{Status: &status})
			return done, nil
		case err == nil && status.Supervisor.UpgradeFailure != "":
			return done, fault.New("upgrade-failed", "the old supervisor continues: %s", status.Supervisor.UpgradeFailure)
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
