package runtimestore

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// fillCommand fills in the command of the configuration. A first argument with a slash
// is a path relative to the service's working folder; a bare name is looked up in PATH.
func fillCommand(spec *Spec, cfg *config.Config, svc config.Service, env Environment) error {
	if len(svc.Command) == 0 {
		return fault.Usage("config-invalid", "service %q: runtime %q needs command.args", svc.Name, svc.Runtime)
	}
	spec.Args = append([]string(nil), svc.Command...)
	bin := spec.Args[0]
	if !strings.ContainsRune(bin, filepath.Separator) {
		found, ok := findExecutable(bin, env.LookPath)
		if !ok {
			return missingCommandFault(svc, bin, "is not on PATH")
		}
		spec.Args[0] = found
		return nil
	}
	if !filepath.IsAbs(bin) {
		bin = filepath.Join(lo.CoalesceOrEmpty(svc.Cwd, cfg.Dir), bin)
	}
	info, err := os.Stat(bin)
	switch {
	case err != nil:
		return missingCommandFault(svc, bin, "does not exist")
	case info.IsDir():
		return missingCommandFault(svc, bin, "is a folder")
	case info.Mode()&0o111 == 0:
		return missingCommandFault(svc, bin, "is not executable")
	}
	spec.Args[0] = bin
	return nil
}

// missingCommandFault returns the fault for a command that cannot be executed; reason follows
// its name in the message.
func missingCommandFault(svc config.Service, bin, reason string) error {
	return fault.New("runtime-missing", "service %q: its command %s %s", svc.Name, bin, reason).
		WithHint("correct services.%s.command.args or install it", svc.Name)
}
