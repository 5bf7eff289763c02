package tasks

import (
	"bufio"
	"context"
	"io"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/printable"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/trust"
	"github.com/flowgate-go/flowgate/supervisor/stack"
	"github.com/flowgate-go/flowgate/supervisor/stack/change"
)

// runChanging runs a target that changes something: the configuration has to be trusted.
// A change that a killed command left unfinished is completed or undone first.
func runChanging(
	ctx context.Context,
	command string,
	work func(ctx context.Context, s session, cfg *config.Config) (any, error),
) error {
	return runWithConfig(ctx, command, true, work)
}

// runReading runs a target that only reads: when the configuration is not trusted, the target
// still reports, but executes and writes nothing. Signals are caught late, as runBriefly does.
func runReading(
	ctx context.Context,
	command string,
	work func(ctx context.Context, s session, cfg *config.Config) (any, error),
) error {
	return runBriefly(ctx, command, onConfig(false, work))
}

// runReadingLong is runReading for a target that goes on for long, or ends processes: it catches
// signals from its beginning.
func runReadingLong(
	ctx context.Context,
	command string,
	work func(ctx context.Context, s session, cfg *config.Config) (any, error),
) error {
	return run(ctx, command, onConfig(false, work))
}

// runWithConfig runs a target that changes something when changes is set.
func runWithConfig(
	ctx context.Context,
	command string,
	changes bool,
	work func(ctx context.Context, s session, cfg *config.Config) (any, error),
) error {
	return run(ctx, command, onConfig(changes, work))
}

// onConfig returns work that loads the configuration first, for a change when changes is set.
func onConfig(changes bool, do func(ctx context.Context, s session, cfg *config.Config) (any, error)) work {
	return func(ctx context.Context, s session) (any, error) {
		load := s.loadForReading
		if changes {
			load = s.loadForChanging
		}
		cfg, err := load(ctx)
		if err != nil {
			return nil, err
		}
		s.trust = s.examineTrust(cfg)
		return do(ctx, s, cfg)
	}
}

// examineTrust returns whether this user trusts cfg, and why.
func (s session) examineTrust(cfg *config.Config) trust.Verdict {
	given := s.line.Common["trust"]
	if given == "" {
		given = s.getenv(trust.DigestVariable)
	}
	return trust.Examine(trust.Subject{Config: cfg, Given: given, Named: s.isNamed(), Getenv: s.getenv})
}

// loadForReading loads the configuration for a target that only reads, and warns when it is not
// trusted. Faults: those of config.Load, trust.CheckStateHome and trust.CheckState.
func (s session) loadForReading(context.Context) (*config.Config, error) {
	place := s.place()
	cfg, err := s.loadConfigAt(place)
	if err != nil {
		return nil, err
	}
	s.reportInstallation(cfg, place)
	s.warnUntrusted(s.examineTrust(cfg))
	if err := trust.CheckStateHome(cfg, s.getenv); err != nil {
		return nil, err
	}
	if err := trust.CheckState(cfg); err != nil {
		return nil, err
	}
	if change.Pending(cfg) {
		s.writeLines(
			"a change was interrupted, or another command is still making it: the next command that changes " +
				program.Text("something, for example `mage start`, completes or undoes it"),
		)
	}
	return cfg, nil
}

// warnUntrusted says on stderr and in the report that a configuration is not trusted.
func (s session) warnUntrusted(v trust.Verdict) {
	if v.Trusted {
		return
	}
	s.report.Trust = v
	s.writeLines(v.Lines()...)
}

// writeLines writes lines to stderr, whether or not that is a terminal.
func (s session) writeLines(lines ...string) {
	_, _ = io.WriteString(s.out.Messages(), printable.EscapePage(strings.Join(lines, "\n")+"\n"))
}

// loadForChanging loads the configuration for a target that changes something. It completes
// or undoes the change of a killed command. When the configuration is not trusted, it asks for
// trust on a terminal, or fails.
// Faults: not-trusted, not-yours, state-home-unsafe, those of config.Load and
// change.Recover.
func (s session) loadForChanging(ctx context.Context) (*config.Config, error) {
	cfg, err := s.loadConfig()
	if err == nil {
		if err := trust.CheckStateHome(cfg, s.getenv); err != nil {
			return nil, err
		}
		if v := s.examineTrust(cfg); !v.Trusted && !v.Known {
			if err := s.requireTrust(ctx, cfg, v); err != nil {
				return cfg, err
			}
		}
		if err := trust.CheckState(cfg); err != nil {
			return nil, err
		}
	}
	if err != nil || change.Pending(cfg) {
		if err := s.recoverChange(ctx); err != nil {
			return nil, err
		}
		if cfg, err = s.loadConfig(); err != nil {
			return nil, err
		}
	}
	s.reportInstallation(cfg, s.place())
	return cfg, s.requireTrust(ctx, cfg, s.examineTrust(cfg))
}

// requireTrust returns nil when cfg is trusted, or becomes so because the user agrees on
// the terminal, and when the folders that it writes are the user's own.
func (s session) requireTrust(ctx context.Context, cfg *config.Config, v trust.Verdict) error {
	by := ""
	switch {
	case !v.Trusted:
		s.warnUntrusted(v)
		if v.Foreign || !s.askForTrust(ctx) {
			return v.Fault()
		}
		s.report.Trust, by = nil, s.report.Command
	case s.line.Common["trust"] != "" && cfg.File != "": // typed once, it also holds for later commands
		by = "-trust"
	}
	if by != "" {
		if _, err := stack.Trust(cfg, by, s.getenv); err != nil {
			return err
		}
	}
	if err := trust.CheckState(cfg); err != nil {
		return err
	}
	if err := policy.CheckFiles(cfg); err != nil {
		return err
	}
	return trust.CheckUntracked(cfg.Paths.Root())
}

// askForTrust asks on a terminal whether the user trusts what was shown there.
func (s session) askForTrust(ctx context.Context) bool {
	if !term.IsTerminal(int(s.stdin.Fd())) || !term.IsTerminal(int(s.stderr.Fd())) {
		return false
	}
	_, _ = s.stderr.WriteString("Do you trust it? [y/N] ")
	return readYes(ctx, s.stdin)
}

// readYes reports whether the next line of in says yes. It returns false when ctx ends.
func readYes(ctx context.Context, in io.Reader) bool {
	answered := make(chan string, 1)
	go func() { // left behind when ctx ends: the read of a terminal cannot be ended, and the program ends then
		line, _ := bufio.NewReader(in).ReadString('\n')
		answered <- line
	}()
	select {
	case line := <-answered:
		line = strings.ToLower(strings.TrimSpace(line))
		return line == "y" || line == "yes"
	case <-ctx.Done():
		return false
	}
}

// checkTrust is loadForChanging or loadForReading for a target that also works when the
// configuration cannot be read: then the record of its file decides whether it is trusted.
func (s session) checkTrust(ctx context.Context, changes bool) error {
	_, err := s.loadConfig()
	switch {
	case err == nil && changes:
		_, err = s.loadForChanging(ctx)
		return err
	case err == nil:
		_, err = s.loadForReading(ctx)
		return err
	}
	if _, known := trust.FindRecordOf(s.configFile(), s.getenv); !known && changes {
		return err
	}
	return nil
}

// renewTrust records the trust again after a command that itself changed a configuration that
// was trusted. err is the error of that command, which renewTrust returns if there is one.
func (s session) renewTrust(err error, dryRun bool) error {
	if err != nil || dryRun {
		return err
	}
	cfg, loadErr := s.loadConfig()
	if loadErr != nil || s.examineTrust(cfg).Trusted {
		return nil //nolint:nilerr // a dry run of the next command says what is wrong with the file
	}
	_, err = trust.WriteRecord(cfg, s.report.Command, time.Now(), s.getenv)
	return err
}

// checkMayStop returns a fault unless stop may end what runs below cfg's runtime folder. In a
// configuration's own folder only this user's supervisor answers; a configuration that is not
// trusted must not name the runtime folder of another one.
func (s session) checkMayStop(cfg *config.Config) error {
	return s.checkMayRead(cfg, cfg.Paths.RuntimeDir)
}

// checkMayRead returns a fault unless a file that cfg names may be shown: one in the folder of
// cfg always may, one elsewhere only when cfg is trusted.
func (s session) checkMayRead(cfg *config.Config, path string) error {
	if trust.IsWithin(trust.RealPath(path), trust.RealPath(trust.Folder(cfg))) {
		return nil
	}
	return s.trust.Fault()
}

// checkSupervisorTrust returns a fault unless the supervisor may run cfg. It never asks.
func (s session) checkSupervisorTrust(cfg *config.Config) error {
	if err := trust.CheckStateHome(cfg, s.getenv); err != nil {
		return err
	}
	if err := s.examineTrust(cfg).Fault(); err != nil {
		return err
	}
	return trust.CheckState(cfg)
}

// examineForChecks returns why the configuration is not trusted, "" when it is, and warns
// when it is not. Faults: state-home-unsafe; with fix also not-trusted, not-yours and
// file-foreign.
func (s session) examineForChecks(fix bool) (untrusted string, err error) {
	cfg, err := s.loadConfig()
	if err != nil {
		return "", nil //nolint:nilerr // nothing can be executed then, and the checks say why
	}
	if err := trust.CheckStateHome(cfg, s.getenv); err != nil {
		return "", err
	}
	s.reportInstallation(cfg, s.place())
	v := s.examineTrust(cfg)
	s.warnUntrusted(v)
	if fix {
		err = v.Fault()
	}
	if fix && err == nil {
		err = trust.CheckOwners(cfg)
	}
	if fix && err == nil {
		err = policy.CheckFiles(cfg)
	}
	if v.Trusted {
		return "", err
	}
	return v.Reason, err
}
