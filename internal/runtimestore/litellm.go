package runtimestore

import (
	"path/filepath"
	"strconv"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// FindLiteLLM returns the path of the LiteLLM that an installation runs, without
// looking at its services: the one that bootstrap installed, one in a .venv, or
// one on PATH. Fault: runtime-missing.
func FindLiteLLM(cfg *config.Config, env Environment) (string, error) {
	return findLiteLLM(cfg, config.Service{Name: config.LiteLLM, Runtime: config.RuntimeLiteLLM}, env)
}

func findLiteLLM(cfg *config.Config, svc config.Service, env Environment) (string, error) {
	demand, _ := lookupEnv(env.Environ, "FLOWGATE_LITELLM")
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
		candidate{path: demand, label: "$FLOWGATE_LITELLM"},
		places,
		program.Text(
			"mage bootstrap litellm installs it; or set FLOWGATE_LITELLM to the path of one, or choose runtime: "+
				"embedded, which ",
		)+
			"needs no Python",
	)
}

// fillLiteLLM fills in LiteLLM. It gets an empty working folder of its own, since it would
// load a .env there.
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
// reads the name of the metadata folder in the program's virtual environment: asking
// the program takes ten seconds.
func LiteLLMVersion(bin string) string {
	if real, err := filepath.EvalSymlinks(bin); err == nil {
		bin = real
	}
	found, _ := filepath.Glob(
		filepath.Join(filepath.Dir(filepath.Dir(bin)), "lib", "python3*", "site-packages", "litellm-*.dist-info"),
	)
	if len(found) != 1 {
		return ""
	}
	return strings.TrimSuffix(strings.TrimPrefix(filepath.Base(found[0]), "litellm-"), ".dist-info")
}
