package runtimestore

import (
	"path/filepath"
	"slices"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// binaryNames are the names of the program in archives and packages of CLIProxyAPIPlus and
// CLIProxyAPI, in the order in which they are tried.
var binaryNames = [...]string{"cli-proxy-api-plus", "CLIProxyAPIPlus", "cli-proxy-api", "CLIProxyAPI"}

// BinaryNames returns the names that the program has in releases of CLIProxyAPI.
func BinaryNames() []string { return slices.Clone(binaryNames[:]) }

// fillCLIProxyAPI fills in CLIProxyAPI or CLIProxyAPIPlus. Its only argument is its own
// configuration file, which has its host and port.
func fillCLIProxyAPI(spec *Spec, cfg *config.Config, svc config.Service, env Environment) error {
	override, _ := lookupEnv(env.Environ, "FLOWGATE_CLIPROXYAPI")
	places := lo.Map(
		binaryNames[:],
		func(name string, _ int) candidate { return storeCandidate(cfg, "cliproxyapi", name) },
	)
	legacy := filepath.Join(cfg.Paths.RuntimeDir, "bin", "CLIProxyAPIPlus") // where older versions of FlowGate had it
	places = append(places, candidate{path: legacy, label: legacy,
		check: func() error { return trust.CheckProgram(legacy) }})
	places = append(places, lo.Map(binaryNames[:], func(name string, _ int) candidate {
		return candidate{path: name, label: "PATH (" + name + ")"}
	})...)
	bin, err := findBinary(
		svc,
		env,
		candidate{path: override, label: "$FLOWGATE_CLIPROXYAPI"},
		places,
		program.Text(
			"mage bootstrap cliproxyapi installs it; or set FLOWGATE_CLIPROXYAPI to the path of one, or "+
				"choose runtime: echo to ",
		)+
			"try things out",
	)
	if err != nil {
		return err
	}
	if !isFile(cfg.CLIProxyConfigFile) {
		return fault.Usage("cliproxy-config-missing", "service %q: its own configuration file %s does not exist",
			svc.Name, lo.CoalesceOrEmpty(cfg.CLIProxyConfigFile, "config/cliproxyapi.yaml")).
			WithHint("mage init writes one; CLIProxyAPI itself would exit 0 without a message")
	}
	spec.Version = storeVersion(bin)
	spec.Args = []string{bin, "-config", cfg.CLIProxyConfigFile}
	return nil
}
