package signin

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/draft"
	"github.com/flowgate-go/flowgate/auth/signin/session"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// runCommand runs a program that signs in: the configuration's command, or the
// server's program with its flag for this provider. Exit status 0 is not a proof
// (CLIProxyAPI's is 0 after failures); the credential file is.
func runCommand(ctx context.Context, s *session.Session) ([]draft.Draft, error) {
	args, err := loginCommand(s)
	if err != nil {
		return nil, err
	}
	s.Say("Running %s", strings.Join(redact.Args(args), " "))
	cmd := exec.CommandContext(ctx, args[0], args[1:]...) //nolint:gosec // the program is the configuration's
	cmd.Dir, cmd.Env = s.Config.Dir, s.Options.Terminal.Environ
	cmd.Stdin, cmd.Stdout, cmd.Stderr = s.Options.Terminal.In, s.Options.Terminal.Out, s.Options.Terminal.Out
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Run(); err != nil && ctx.Err() == nil {
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
			return nil, fault.New("login-failed", "run %s: %w", args[0], err).WithHint("is it installed?")
		}
		return nil, fault.New("login-failed", "%s failed: %v", args[0], err).WithHint("its output says why")
	}
	return nil, ctx.Err()
}

// loginCommand returns the command to run. Faults: those of runtimestore.Command.
func loginCommand(s *session.Session) ([]string, error) {
	set := s.Provider.Settings
	if len(set.Command) > 0 {
		fill := strings.NewReplacer("{config}", s.Config.CLIProxyConfigFile, "{dir}", auth.Folder(s.Config, s.Env))
		return lo.Map(set.Command, func(arg string, _ int) string { return fill.Replace(arg) }), nil
	}
	svc, _ := s.Config.Service(config.CLIProxy)
	svc.Name, svc.Runtime = config.CLIProxy, config.RuntimeCLIProxyAPI
	spec, err := runtimestore.Command(s.Config, svc, runtimestore.Environment{Environ: s.Options.Terminal.Environ,
		LookPath: exec.LookPath})
	if err != nil {
		return nil, err
	}
	return append(spec.Args, set.LoginFlag, "-no-browser"), nil
}

// commandNotReady returns why there is no command to run; "" if there is one.
func commandNotReady(s *session.Session) string {
	if len(s.Provider.Settings.Command) == 0 && s.Provider.Settings.LoginFlag == "" {
		return "neither command nor login_flag is set"
	}
	if _, err := loginCommand(s); err != nil {
		return err.Error()
	}
	return ""
}
