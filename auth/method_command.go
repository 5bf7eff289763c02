package auth

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
)

// runCommand runs a program that signs in by itself: that of the configuration,
// or the server's own with its flag for this provider. Its exit status means
// nothing (CLIProxyAPI's is 0 when it failed); the credential file does.
func runCommand(ctx context.Context, s *signIn) ([]draft, error) {
	args, err := s.command()
	if err != nil {
		return nil, err
	}
	s.say("Running %s", strings.Join(redact.Args(args), " "))
	cmd := exec.CommandContext(ctx, args[0], args[1:]...) //nolint:gosec // the program is the configuration's
	cmd.Dir, cmd.Env = s.cfg.Dir, s.o.Person.Environ
	cmd.Stdin, cmd.Stdout, cmd.Stderr = s.o.Person.In, s.o.Person.Out, s.o.Person.Out
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Run(); err != nil && ctx.Err() == nil {
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
			return nil, fault.New("login-failed", "run %s: %w", args[0], err).WithHint("is it installed?")
		}
		return nil, fault.New("login-failed", "%s ended with %v", args[0], err).WithHint("what it printed says why")
	}
	return nil, ctx.Err()
}

// command is what is run. Faults: those of finding the server's program.
func (s *signIn) command() ([]string, error) {
	set := s.provider.Settings
	if len(set.Command) > 0 {
		fill := strings.NewReplacer("{config}", s.cfg.CLIProxyConfigFile, "{dir}", Folder(s.cfg, s.env))
		return lo.Map(set.Command, func(arg string, _ int) string { return fill.Replace(arg) }), nil
	}
	svc, _ := s.cfg.Service(config.CLIProxy)
	svc.Name, svc.Runtime = config.CLIProxy, config.RuntimeCLIProxyAPI
	spec, err := runtimestore.Command(s.cfg, svc, runtimestore.Environment{Environ: s.o.Person.Environ, LookPath: exec.LookPath})
	if err != nil {
		return nil, err
	}
	return append(spec.Args, set.LoginFlag, "-no-browser"), nil
}

func readyCommand(s *signIn) string {
	if len(s.provider.Settings.Command) == 0 && s.provider.Settings.LoginFlag == "" {
		return "neither command nor login_flag is set"
	}
	if _, err := s.command(); err != nil {
		return err.Error()
	}
	return ""
}
