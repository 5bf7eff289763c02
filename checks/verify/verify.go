// Package verify is doctor, security-check and smoke in one run with one report, for CI
// jobs: call Run. What two families share is examined once.
package verify

import (
	"context"
	"sync"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/checks/security"
	"github.com/flowgate-go/flowgate/checks/smoke"
	"github.com/flowgate-go/flowgate/internal/report"
)

// Verified is what a verify report says of what was looked at.
type Verified struct {
	Config   string            `json:"config"` // file; empty for the built-in default
	Security security.Examined `json:"security"`
	Smoke    any               `json:"smoke"` // the stack that requests were sent through; null when none could be tried
}

// Places implements report.Placed.
func (v Verified) Places() []report.Place { return v.Security.Places() }

// Brief implements report.Brief.
func (v Verified) Brief() any {
	if d, ok := v.Smoke.(report.Brief); ok {
		v.Smoke = d.Brief()
	}
	return v
}

// Run runs the three families side by side. The results of doctor and
// security-check come first, those of smoke last; two results of one ID differ
// in their family. Faults: those of security.Run and smoke.Run.
func Run(ctx context.Context, o security.Options) (report.Checked, error) {
	own, finish, err := security.Checks(ctx, o)
	if err != nil {
		return report.Checked{}, err
	}
	shared, done := doctor.Checks(ctx, o.Options)
	defer done()
	list := mergeChecks(shared, own)
	v := Verified{Config: o.File}
	var results []report.Result
	var tried report.Checked
	var smokeErr error
	var wg sync.WaitGroup
	wg.Go(func() { results = checks.Run(ctx, list, checks.Options{Emit: o.Emit, Mend: o.Fix}) })
	wg.Go(func() { tried, smokeErr = runSmoke(ctx, o.Options) })
	wg.Wait()
	v.Security, err = finish()
	v.Smoke = tried.Data
	if err == nil {
		err = smokeErr
	}
	return report.Checked{Checks: append(results, tried.Checks...), Data: v, Strict: o.Strict}, err
}

// mergeChecks returns the checks of a, and the checks of b that a does not have.
func mergeChecks(a, b []checks.Check) []checks.Check {
	return lo.UniqBy(append(a, b...), func(c checks.Check) string { return c.ID })
}

// runSmoke runs smoke with the configuration in force, or nothing when that cannot be
// used: doctor's checks report it.
func runSmoke(ctx context.Context, o doctor.Options) (report.Checked, error) {
	cfg, err := subject.Configuration(o.Subject())
	if err != nil {
		return report.Checked{}, nil //nolint:nilerr // doctor's checks report it
	}
	return smoke.Run(
		ctx,
		smoke.Options{
			Config:        cfg,
			Self:          o.Self,
			Environ:       o.Environ,
			Getenv:        o.Getenv,
			Emit:          o.Emit,
			AlwaysPrivate: o.Untrusted != "",
		},
	)
}
