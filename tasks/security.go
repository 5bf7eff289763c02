package tasks

import (
	"context"
	"os"
	"time"

	"github.com/magefile/mage/mg"

	"github.com/flowgate-go/flowgate/checks/canary"
	"github.com/flowgate-go/flowgate/checks/doctor"
	"github.com/flowgate-go/flowgate/checks/security"
	"github.com/flowgate-go/flowgate/checks/security/hook"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/selfexec"
)

// Security holds the targets that go with security-check.
type Security mg.Namespace

// SecurityCheck looks for secrets that are exposed or about to be: in files, commits, logs, configuration and ports.
func SecurityCheck(
	ctx context.Context,
	only *string,
	skip *string,
	fix *bool,
	strict *bool,
	online *bool,
	all *bool,
	staged *bool,
	range_ *string,
	history *bool,
	probe *bool,
	baseline *string,
	writeBaseline *string,
) error {
	return run(ctx, "security-check", func(ctx context.Context, s session) (any, error) {
		o, err := doctorOptions(s, only, skip, fix, strict, online)
		if err != nil {
			return nil, err
		}
		s.out.Step("looking for secrets")
		return security.Run(ctx, security.Options{
			Options: o, All: deref(all), Staged: deref(staged), Range: deref(range_), History: deref(history),
			Probe: deref(probe), Baseline: deref(baseline), WriteBaseline: deref(writeBaseline),
		})
	})
}

// doctorOptions returns the options that doctor, security-check and verify share. Its faults are
// those of examineForChecks.
func doctorOptions(s session, only, skip *string, fix, strict, online *bool) (doctor.Options, error) {
	cwd, err := os.Getwd()
	if err != nil {
		return doctor.Options{}, err
	}
	untrusted, err := s.examineForChecks(deref(fix))
	place := s.place()
	return doctor.Options{
		Untrusted: untrusted,
		File:      place.File, Dir: place.Dir, Cwd: cwd, Self: selfexec.Path(), Only: deref(only), Skip: deref(skip),
		Fix: deref(fix), Strict: deref(strict), Online: deref(online),
		Environ: os.Environ(), Getenv: s.getenv, Now: time.Now, Emit: s.out.Stream,
	}, err
}

// InstallHook writes a pre-commit hook that stops a commit with a secret in it; an existing hook runs first.
func (Security) InstallHook(ctx context.Context) error {
	return run(ctx, "security:install-hook", func(ctx context.Context, _ session) (any, error) {
		return hook.Install(ctx, ".", hookCommand())
	})
}

// hookCommand returns the command with which a hook runs security-check: an installed binary by
// its path, and a program that mage or Go compiled for one run as the user typed it.
func hookCommand() string {
	self, err := os.Executable()
	if err != nil || selfexec.IsMageBuild(self) {
		return program.Command("security-check")
	}
	return program.Quote(self) + " security-check"
}

// List lists all checks of security-check with what they look at.
func (Security) List(ctx context.Context) error {
	return listChecks(ctx, "security:list", security.ExplainAll)
}

// Explain says what one check of security-check looks at, why, and how to fix what it finds.
func (Security) Explain(ctx context.Context, id string) error {
	return explainCheck(ctx, "security:explain", id, security.Explain)
}

// Canary plants made-up secrets in a private stack, runs the targets in it, and looks for any trace of them.
func (Security) Canary(ctx context.Context) error {
	return run(ctx, "security:canary", func(ctx context.Context, s session) (any, error) {
		return canary.Run(ctx, canary.Options{Self: selfexec.Path(), Environ: os.Environ(), Emit: s.out.Stream})
	})
}
