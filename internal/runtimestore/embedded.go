package runtimestore

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// fillEmbedded fills in the router inside this program.
func fillEmbedded(spec *Spec, cfg *config.Config, svc config.Service, env Environment) error {
	if err := checkActiveConfig(cfg, svc); err != nil {
		return err
	}
	spec.Version = env.Version
	spec.Args = []string{env.Self, "router:serve", "-settings=" + cfg.Paths.ActiveConfig,
		"-host=" + svc.Host, "-port=" + strconv.Itoa(svc.Port),
		"-supervised=" + otherAddresses(cfg, svc), "-keys=" + cfg.Paths.Secrets()}
	if cfg.Usage.Ledger {
		spec.Args = append(spec.Args, "-usage="+cfg.Paths.Usage(), "-days="+strconv.Itoa(cfg.Usage.Days),
			"-bytes="+strconv.FormatInt(cfg.Usage.MaxBytes, 10))
	}
	return nil
}

// otherAddresses returns the addresses of all other services, separated by commas.
func otherAddresses(cfg *config.Config, router config.Service) string {
	others := lo.Filter(cfg.Services, func(s config.Service, _ int) bool { return s.Name != router.Name })
	return strings.Join(
		lo.Map(others, func(s config.Service, _ int) string { return strings.TrimPrefix(s.URL(), "http://") }),
		",",
	)
}

// fillEcho fills in the echo upstream inside this program. The arguments have the path of the
// key file, never the key.
func fillEcho(spec *Spec, cfg *config.Config, svc config.Service, env Environment) {
	spec.Version = env.Version
	spec.Args = []string{env.Self, "echo:serve", "-host=" + svc.Host, "-port=" + strconv.Itoa(svc.Port)}
	if key := filepath.Join(cfg.Paths.Secrets(), "upstream.key"); isFile(key) {
		spec.Args = append(spec.Args, "-keyfile="+key)
	}
}

// checkActiveConfig returns a fault when the active configuration does not exist: LiteLLM
// would report that only after ten seconds.
func checkActiveConfig(cfg *config.Config, svc config.Service) error {
	if isFile(cfg.Paths.ActiveConfig) {
		return nil
	}
	return fault.New(
		"active-config-missing",
		"service %q: there is no router configuration %s",
		svc.Name,
		cfg.Paths.ActiveConfig,
	).WithHint("activate a profile first: mage profile:set NAME (mage profile:list names them)")
}

// isFile reports whether path is a regular file.
func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
