// Package runtimestore finds what a service executes: call Command for
// the arguments, folder and environment of a service's process, StartTimeout
// and StopTimeout for how long its start and its stop may take.
//
// It reads files and the environment that it is given, and never starts, writes
// or downloads anything.
package runtimestore

import (
	"os"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// Environment is what Command uses besides the configuration.
type Environment struct {
	Self     string                       // path that executes this program: selfexec.Path()
	Version  string                       // of this program, reported for its own runtimes
	Cwd      string                       // absolute folder that the user works in; "" skips a .venv there
	Environ  []string                     // the environment that children inherit, "NAME=value"
	LookPath func(string) (string, error) // exec.LookPath
}

// Spec is a process ready to be executed.
type Spec struct {
	Args    []string // Args[0] is the executable
	Dir     string   // absolute working folder
	OwnDir  bool     // Dir is for this service alone; the caller makes it before the start
	Env     []string // the whole environment
	Runtime string
	Version string // "" when it cannot be known without running it
}

// Command returns what svc executes. Faults: runtime-missing, active-config-missing,
// cliproxy-config-missing, cwd-missing, env-unset and runtime-unknown.
func Command(cfg *config.Config, svc config.Service, env Environment) (Spec, error) {
	spec := Spec{Runtime: svc.Runtime, Dir: svc.Cwd}
	var err error
	switch svc.Runtime {
	case config.RuntimeEmbedded:
		err = fillEmbedded(&spec, cfg, svc, env)
	case config.RuntimeEcho:
		fillEcho(&spec, cfg, svc, env)
	case config.RuntimeLiteLLM:
		err = fillLiteLLM(&spec, cfg, svc, env)
	case config.RuntimeCLIProxyAPI:
		err = fillCLIProxyAPI(&spec, cfg, svc, env)
	case config.RuntimeCommand:
		err = fillCommand(&spec, cfg, svc, env)
	default:
		err = fault.Usage("runtime-unknown", "service %q: there is no runtime %q", svc.Name, svc.Runtime)
	}
	if err != nil {
		return Spec{}, err
	}
	if spec.Dir == "" {
		spec.Dir = cfg.Dir
	}
	if info, err := os.Stat(spec.Dir); !spec.OwnDir && (err != nil || !info.IsDir()) {
		return Spec{}, fault.Usage("cwd-missing", "service %q: its working folder %s does not exist", svc.Name, spec.Dir).
			WithHint("create it or correct services.%s.command.cwd", svc.Name)
	}
	extra := map[string]string{}
	if svc.Runtime == config.RuntimeLiteLLM {
		extra["LITELLM_LOCAL_MODEL_COST_MAP"] = "True" // otherwise it fetches a price list at its start
		// otherwise it loads the first .env above its package, such as the project's
		extra["LITELLM_MODE"] = "PRODUCTION"
		extra["JSON_LOGS"] = "True"
		extra["PYTHONDONTWRITEBYTECODE"] = "1" // an install in the store must not change after it was hashed
	}
	spec.Env, err = serviceEnv(svc, env.Environ, extra)
	return spec, err
}

// StartTimeout returns how long a service may take from its execution until it is ready.
// The real LiteLLM needs 11–13 s on two idle cores; once it needed 81 s.
func StartTimeout(runtime string) time.Duration {
	switch runtime {
	case config.RuntimeEmbedded, config.RuntimeEcho:
		return 10 * time.Second
	case config.RuntimeCLIProxyAPI:
		return 30 * time.Second
	default:
		return 120 * time.Second
	}
}

// StopTimeout returns how long a service may take from SIGTERM to its end before it
// is killed. CLIProxyAPI and the embedded services let requests finish for up to
// 30 s, and end at once when there are none.
func StopTimeout(runtime string) time.Duration {
	switch runtime {
	case config.RuntimeCLIProxyAPI, config.RuntimeEmbedded, config.RuntimeEcho:
		return 35 * time.Second
	default:
		return 10 * time.Second
	}
}
