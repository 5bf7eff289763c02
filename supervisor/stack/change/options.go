package change

import (
	"os"
	"os/exec"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
	"github.com/flowgate-go/flowgate/internal/selfexec"
	"github.com/flowgate-go/flowgate/internal/version"
	"github.com/flowgate-go/flowgate/supervisor"
)

// Options are what every change of a stack needs. The zero value works on the built-in
// default in the working folder.
type Options struct {
	File       string // configuration file; "" means the built-in default
	Dir        string // folder of the built-in default; "" is the working folder
	Start      supervisor.StartOptions
	SkipProbes bool              // ready is enough, no requests are sent
	OnStep     func(step string) // called after each step of a change; may be nil
}

// ReportStep calls OnStep with the name of the step.
func (o Options) ReportStep(step string) {
	if o.OnStep != nil {
		o.OnStep(step)
	}
}

// Getenv returns a variable that the configuration refers to.
func (o Options) Getenv(name string) string {
	if o.Start.Getenv != nil {
		return o.Start.Getenv(name)
	}
	return os.Getenv(name)
}

// Environ returns what services inherit.
func (o Options) Environ() []string {
	if o.Start.Environ != nil {
		return o.Start.Environ
	}
	return os.Environ()
}

// Self returns the path that executes this program.
func (o Options) Self() string {
	if o.Start.Self != "" {
		return o.Start.Self
	}
	return selfexec.Path()
}

// Environment returns what services are executed with.
func (o Options) Environment() runtimestore.Environment {
	cwd, _ := os.Getwd() // only one of the places where a virtual environment may be
	return runtimestore.Environment{
		Self:     o.Self(),
		Version:  version.String(),
		Cwd:      cwd,
		Environ:  o.Environ(),
		LookPath: exec.LookPath,
	}
}

// Load reads the configuration as it is now. Faults: those of config.Load.
func (o Options) Load() (*config.Config, error) {
	if o.File == "" {
		cfg := config.Default(o.Dir)
		return cfg, config.CheckFolder(cfg.Dir)
	}
	return config.Load(o.File, o.Getenv)
}
