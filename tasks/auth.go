package tasks

import (
	"bufio"
	"context"
	"io"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/magefile/mage/mg"
	"golang.org/x/term"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/bundle"
	"github.com/flowgate-go/flowgate/auth/refresh"
	"github.com/flowgate-go/flowgate/auth/signin"
	"github.com/flowgate-go/flowgate/auth/source"
	"github.com/flowgate-go/flowgate/auth/status"
	"github.com/flowgate-go/flowgate/auth/vault"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/stack"
)

// Auth holds the targets of providers and their credentials.
type Auth mg.Namespace

// List lists the providers, how each signs in and what is possible now.
func (Auth) List(ctx context.Context, provider *string) error {
	return runReading(ctx, "auth:list", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		return status.Read(ctx, cfg, s.readOnlyAuthEnvironment(), status.Options{Provider: deref(provider)})
	})
}

// Status shows the state of each account; -live asks the server, -within exits 1 if a provider has none usable by then.
func (Auth) Status(ctx context.Context, provider *string, live *bool, within *time.Duration) error {
	return runReading(ctx, "auth:status", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		if err := s.trust.Fault(); err != nil && deref(live) { // it sends the management key
			return nil, err
		}
		return status.Read(
			ctx,
			cfg,
			s.readOnlyAuthEnvironment(),
			status.Options{Provider: deref(provider), Live: deref(live), Within: deref(within)},
		)
	})
}

// Login signs in to a provider; a secret comes from -stdin, -env=NAME, -file=F or a prompt, never from an argument. -wire writes an API key's use into the configuration.
func (Auth) Login(
	ctx context.Context,
	provider string,
	method *string,
	paste *bool,
	stdin *bool,
	env *string,
	file *string,
	label *string,
	project *string,
	force *bool,
	share *bool,
	wire *bool,
	timeout *time.Duration,
) error {
	return runChanging(ctx, "auth:login", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		record := eventRecorder(cfg, "signed in")
		return record(
			s.applyKey(ctx, cfg)(signin.Login(ctx, cfg, s.authEnvironment(), provider, signin.Options{
				Method: deref(method), Paste: deref(paste), Stdin: deref(stdin), Env: deref(env), File: deref(file),
				Label: deref(label), Project: deref(project),
				Force: deref(force), Share: deref(share), Wire: deref(wire), Timeout: deref(timeout), Terminal: s.newTerminal(),
			})),
		)
	})
}

// Import brings in what another tool, another CLIProxyAPI or an export holds; PROVIDER all takes everything in a folder or an export.
func (Auth) Import(
	ctx context.Context,
	provider string,
	source *string,
	dest *string,
	dryRun *bool,
	force *bool,
	share *bool,
	take *bool,
	label *string,
	project *string,
	env *string,
	identity *string,
) error {
	return importAccounts(ctx, provider, importOptions{
		Source: deref(source), Dest: deref(dest), DryRun: deref(dryRun), Force: deref(force), Share: deref(share),
		Take:  deref(take),
		Label: deref(label), Project: deref(project), Env: deref(env), Identity: deref(identity),
	})
}

// ImportHeadless is the old spelling of auth:import.
func (Auth) ImportHeadless(
	ctx context.Context,
	provider string,
	source *string,
	dest *string,
	dryRun *bool,
	force *bool,
	share *bool,
	take *bool,
) error {
	return importAccounts(ctx, provider, importOptions{
		Source: deref(source), Dest: deref(dest), DryRun: deref(dryRun), Force: deref(force), Share: deref(share),
		Take: deref(take),
	})
}

// Refresh renews the access tokens of a provider's accounts, or of one account, at the provider.
func (Auth) Refresh(ctx context.Context, provider string) error {
	return runChanging(ctx, "auth:refresh", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		defer context.AfterFunc(ctx, ignoreInterrupts)()
		return eventRecorder(cfg, "renewed")(refresh.Accounts(ctx, cfg, s.authEnvironment(), provider))
	})
}

// Logout moves an account into the trash; -undo brings it back.
func (Auth) Logout(ctx context.Context, account string, undo *bool) error {
	return runChanging(ctx, "auth:logout", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		if deref(undo) {
			return eventRecorder(cfg, "restored")(vault.Restore(ctx, cfg, s.authEnvironment(), account))
		}
		c, err := vault.Logout(ctx, cfg, s.authEnvironment(), account)
		return eventRecorder(
			cfg,
			"moved into the trash",
		)(
			warnOfOldKey(
				ctx,
				cfg,
				c.Source,
				program.Text(
					"take it out of flowgate.yaml and type mage profile:set ",
				)+policy.CurrentOrDefault(
					cfg,
				)+program.Text(
					", or mage stop",
				),
			)(
				c,
				err,
			),
		)
	})
}

// Export writes one account, those of a provider or all into an encrypted file for auth:import on another machine.
func (Auth) Export(
	ctx context.Context,
	account string,
	dest *string,
	recipient *string,
	env *string,
	force *bool,
) error {
	return runChanging(ctx, "auth:export", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		return eventRecorder(cfg, "exported")(bundle.Export(ctx, cfg, s.authEnvironment(), account, bundle.Options{
			Dest: deref(dest), Recipient: deref(recipient), Env: deref(env), Force: deref(force), Secret: s.newTerminal().Secret,
		}))
	})
}

// ignoreInterrupts makes further Ctrl-Cs do nothing: a renewal that was sent is
// saved within 4 s after the first Ctrl-C, and mage would end the process at the second.
func ignoreInterrupts() { signal.Ignore(os.Interrupt) }

// applyKey returns a function that makes a running router use the key that a change has just
// written into the configuration. When no router runs, the next start uses it.
func (s session) applyKey(ctx context.Context, old *config.Config) func(auth.Change, error) (auth.Change, error) {
	return func(c auth.Change, err error) (auth.Change, error) {
		if err != nil || c.Wired == nil || !c.Wired.Changed {
			return warnOfOldKey(
				ctx,
				old,
				c.Destination,
				program.Text("mage profile:set ")+policy.CurrentOrDefault(old)+" puts the new one in force",
			)(
				c,
				err,
			)
		}
		if err := s.renewTrust(nil, false); err != nil { // the change is FlowGate's own: it does not end the trust
			return c, err
		}
		cfg, err := s.loadConfig()
		if err != nil {
			return c, err
		}
		if !isRouterRunning(ctx, cfg) {
			return c, nil
		}
		if _, err := stack.SetProfile(ctx, cfg, policy.CurrentOrDefault(cfg), s.stackOptions(cfg, nil, nil)); err != nil {
			c.Warnings = append(
				c.Warnings,
				auth.Warning{Code: "restart-needed", Message: "the running router does not use the key yet: " + err.Error()},
			)
		}
		return c, nil
	}
}

// warnOfOldKey returns a function that adds a warning to a change of a key file that the
// configuration names, when the router runs: the router still uses the key that it was started
// with. fix says what to do about that.
func warnOfOldKey(
	ctx context.Context,
	cfg *config.Config,
	file, fix string,
) func(auth.Change, error) (auth.Change, error) {
	return func(c auth.Change, err error) (auth.Change, error) {
		named := slices.ContainsFunc(
			slices.Collect(maps.Values(cfg.Credentials)),
			func(one config.Credential) bool { return one.File != "" && one.File == file },
		)
		if err == nil && c.Changed && named && isRouterRunning(ctx, cfg) {
			c.Warnings = append(
				c.Warnings,
				auth.Warning{
					Code:    "restart-needed",
					Message: "the running router still sends the key that it was started with: " + fix,
				},
			)
		}
		return c, err
	}
}

// isRouterRunning reports whether the supervisor says that the router is alive.
func isRouterRunning(ctx context.Context, cfg *config.Config) bool {
	status, err := supervisor.Query(ctx, cfg)
	return err == nil &&
		slices.ContainsFunc(
			status.Services,
			func(svc control.ServiceStatus) bool { return svc.Name == config.LiteLLM && svc.Live },
		)
}

// importOptions is source.Options: in Import, the parameter source hides the package.
type importOptions = source.Options

// importAccounts runs auth:import, under either of its names.
func importAccounts(ctx context.Context, provider string, o importOptions) error {
	return runChanging(ctx, "auth:import", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		o.Secret = s.newTerminal().Secret
		return eventRecorder(cfg, "imported")(source.Import(ctx, cfg, s.authEnvironment(), provider, o))
	})
}

// eventRecorder returns a function that writes an event for each account that a change changed,
// and returns the change as a target's data. what says what was done. A failed change is data
// only when it changed something or names what failed.
func eventRecorder(cfg *config.Config, what string) func(auth.Change, error) (any, error) {
	return func(c auth.Change, err error) (any, error) {
		for _, one := range append([]auth.Change{c}, c.Others...) {
			recordChange(cfg, what, one)
		}
		if err != nil && !c.Changed && len(c.Failed) == 0 {
			return nil, err
		}
		return c, err
	}
}

// recordChange writes an event for a change of one account, if it changed anything.
func recordChange(cfg *config.Config, what string, c auth.Change) {
	if !c.Changed {
		return
	}
	e := control.Event{
		Event:  control.EventCredentialChanged,
		Result: "ok",
		Detail: what + ": " + filepath.Base(c.Destination),
	}
	if c.Account != nil {
		e.Provider, e.Detail = c.Account.Provider, what+": "+c.Account.Account
	}
	_ = supervisor.RecordEvent(cfg, e) // the credential is in place whatever becomes of the log
}

// authEnvironment returns the environment for a target that changes something.
func (s session) authEnvironment() auth.Environment {
	return auth.Environment{Getenv: s.getenv, Now: time.Now, GOOS: runtime.GOOS}
}

// readOnlyAuthEnvironment returns the environment for a target that only reads.
func (s session) readOnlyAuthEnvironment() auth.Environment {
	env := s.authEnvironment()
	env.Untrusted = !s.trust.Trusted
	return env
}

// newTerminal returns how a sign-in asks the user. Secret and Confirm are nil when stdin is not
// a terminal.
func (s session) newTerminal() signin.Terminal {
	t := signin.Terminal{In: s.stdin, Out: s.stderr, Environ: os.Environ()}
	if fd := int(s.stdin.Fd()); term.IsTerminal(fd) {
		t.Secret = func(prompt string) (string, error) {
			_, _ = s.stderr.WriteString(prompt)
			secret, err := term.ReadPassword(fd)
			_, _ = s.stderr.WriteString("\n")
			return string(secret), err
		}
		t.Confirm = s.confirm
	}
	return t
}

// confirm asks a question that only a typed yes agrees to.
func (s session) confirm(question string) bool {
	_, _ = s.stderr.WriteString(question + " [y/N] ")
	answer, _ := bufio.NewReader(io.LimitReader(s.stdin, 64)).ReadString('\n')
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes"
}
