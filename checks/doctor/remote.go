package doctor

import (
	"context"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/elsewhere"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/loopback"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/remote"
	"github.com/flowgate-go/flowgate/internal/report"
)

// runRemote examines the router of o.Remote, of which only the address is known.
func runRemote(ctx context.Context, o Options) (report.Checked, error) {
	if o.Fix || o.Online {
		return report.Checked{}, fault.Usage("flag-invalid",
			"-fix and -online are for the installation here, not for that of -url").
			WithHint("leave them out, or run doctor where the router runs")
	}
	at, err := remote.Open(o.Remote)
	if err != nil {
		return report.Checked{}, err
	}
	list, err := checks.Select(allChecks(subject.New(ctx, subject.Options{})), o.Only, o.Skip)
	if err != nil {
		return report.Checked{}, err
	}
	client := at.Client(o.ownKeys(), loopback.Options{})
	defer client.CloseIdleConnections()
	results := checks.Run(ctx, elsewhere.Checks(at, client, o.Now, list), checks.Options{Emit: o.Emit})
	return report.Checked{Checks: results, Data: Examined{URL: at.URL}, Strict: o.Strict}, nil
}

// ownKeys returns the keys of the installation here, none when its configuration cannot be read.
func (o Options) ownKeys() []string {
	cfg := config.Default(o.Dir)
	if o.File != "" {
		var err error
		if cfg, err = config.Load(o.File, o.Getenv); err != nil {
			return nil
		}
	}
	return policy.KnownSecrets(cfg, o.Getenv)
}
