package runtimestore

import (
	"path/filepath"
	"strconv"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// FindLiteLLM returns the path of the LiteLLM that an installation would run, whatever
// its services are: the one that $FLOWGATE_LITELLM names, else the one that bootstrap
// installed, one in a .venv, or one on PATH. Faults: runtime-missing, state-untrusted.
func FindLiteLLM(cfg *config.Config, env Environment) (string, error) {
	return findLiteLLM(cfg, config.Service{Name: config.LiteLLM, Runtime: config.RuntimeLiteLLM}, env)
}

// findLiteLLM is FindLiteLLM for a service, which error messages name.
func findLiteLLM(cfg *config.Config, svc config.Service, env Environment) (string, error) {
	override, _ := lookupEnv(env.Environ, "FLOWGATE_LITELLM")
	places := []candidate{storeCandidate(cfg, "litellm", "bin/litellm")}
	for _, dir := range []string{cfg.Dir, filepath.Dir(cfg.Dir), env.Cwd} {
		if dir != "" {
			venv := filepath.Join(dir, ".venv", "bin", "litellm")
			places = append(places, candidate{path: venv, label: venv, check: func() error { return trust.CheckProgram(venv) }})
		}
	}
	places = append(places, candidate{path: "litellm", label: "PATH (litellm)"})
	return findBinary(
		svc,
		env,
		candidate{path: override, label: "$FLOWGATE_LITELLM"},
		places,
		program.Text(
			"mage bootstrap litellm installs it; or set FLOWGATE_LITELLM to the path of one, or choose runtime: "+
				"embedded, which ",
		)+
			"needs no Python",
	)
}

// fillLiteLLM fills in LiteLLM. It runs in an empty folder of its own unless the configuration
// names another, because it would load a .env from its working folder.
func fillLiteLLM(spec *Spec, cfg *config.Config, svc config.Service, env Environment) error {
	bin, err := findLiteLLM(cfg, svc, env)
	if err != nil {
		return err
	}
	if err := checkActiveConfig(cfg, svc); err != nil {
		return err
	}
	if spec.Dir == "" {
		spec.Dir, spec.OwnDir = filepath.Join(cfg.Paths.RuntimeDir, "cwd", svc.Name), true
	}
	spec.Version = LiteLLMVersion(bin)
	if spec.Version == "" {
		spec.Version = storeVersion(filepath.Dir(bin))
	}
	spec.Args = []string{bin, "--config", cfg.Paths.ActiveConfig, "--host", svc.Host, "--port", strconv.Itoa(svc.Port)}
	return nil
}

// LiteLLMVersion returns the version of a LiteLLM program, "" when it is not known. It
// reads the name of the metadata folder in the program's virtual environment, because
// asking the program takes ten seconds.
func LiteLLMVersion(bin string) string {
	if target, err := filepath.EvalSymlinks(bin); err == nil {
		bin = target
	}
	found, _ := filepath.Glob(
		filepath.Join(filepath.Dir(filepath.Dir(bin)), "lib", "python3*", "site-packages", "litellm-*.dist-info"),
	)
	if len(found) != 1 {
		return ""
	}
	return strings.TrimSuffix(strings.TrimPrefix(filepath.Base(found[0]), "litellm-"), ".dist-info")
}
