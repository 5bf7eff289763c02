// Package try starts a version of a runtime alone, with a copy of the user's stack that
// knows no credential, and sends it every request that FlowGate relies on: Run, or
// RunProgram for a program that is named. It never touches the stack that runs.
package try

import (
	"cmp"
	"context"
	"errors"
	"os"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/auth/inventory"
	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
	"github.com/flowgate-go/flowgate/internal/store"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/logs"
	"github.com/flowgate-go/flowgate/supervisor/stack/change"
)

// Result is the data of runtimes:probe.
type Result struct {
	Runtime string   `json:"runtime"`
	Version string   `json:"version"`
	Program string   `json:"program"`
	Missing []string `json:"missing"` // ids of the probes that did not pass
	Logs    []string `json:"logs,omitempty"`
}

// Run starts a version of a runtime on a spare port, with a copy of the user's
// own configuration but without credentials, and sends it every request that
// FlowGate relies on. version "" means the active one. The stack that runs is
// not touched. Faults: runtime-unknown, version-not-installed, runtime-missing;
// those of supervisor.Start.
func Run(
	ctx context.Context,
	o change.Options,
	cfg *config.Config,
	runtime, version string,
	emit func(report.Result),
) (report.Checked, error) {
	if _, err := loadProbes(runtime); err != nil {
		return report.Checked{}, err
	}
	binary := ""
	if version != "" {
		in, err := store.Find(cfg, runtime, version)
		if err != nil {
			return report.Checked{}, err
		}
		binary = in.Executable()
	} else if runtime != config.RuntimeEmbedded {
		svc, ok := lo.Find(cfg.Services, func(s config.Service) bool { return s.Runtime == runtime })
		if !ok {
			svc = config.Service{Name: runtime, Runtime: runtime}
		}
		spec, err := runtimestore.Command(cfg, svc, o.Environment())
		if err != nil {
			return report.Checked{}, err
		}
		binary = spec.Args[0]
	}
	return RunProgram(ctx, o, cfg, Result{Runtime: runtime, Version: version, Program: binary}, emit)
}

// RunProgram tries the program that data names, as Run does.
func RunProgram(ctx context.Context, o change.Options, cfg *config.Config, data Result,
	emit func(report.Result)) (_ report.Checked, err error) {
	list, err := loadProbes(data.Runtime)
	if err != nil {
		return report.Checked{}, err
	}
	dir, err := os.MkdirTemp("", "flowgate-*") // short: a control socket's path must fit
	if err != nil {
		return report.Checked{}, fault.New("temp-dir-unwritable", "make a folder for the probe: %w", err).
			WithHint("free space or set TMPDIR")
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	private, target, err := copyStack(o, cfg, data.Runtime, dir)
	if err != nil {
		return report.Checked{}, err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return report.Checked{}, fault.New("probe-failed", "make a lifeline: %w", err)
	}
	defer read.Close()
	defer write.Close() // ends the stack however this command ends
	startOptions := supervisor.StartOptions{
		Self:      o.Self(),
		Environ:   withProgram(o.Environ(), data.Runtime, data.Program),
		Timeout:   o.Start.Timeout,
		Ephemeral: dir,
		Lifeline:  read,
	}
	all := listChecks(private, startOptions, target, &data, list)
	results := checks.Run(ctx, all, checks.Options{Emit: emit, Parallel: 4})
	if data.Missing = listUnpassed(results); len(data.Missing) > 0 {
		data.Logs = target.scrub(logs.Tail(private, probedService(private), 20), inventory.Secrets(cfg, o.Getenv))
	}
	stopCopy(ctx, private)
	if ctx.Err() != nil {
		return report.Checked{}, context.Cause(ctx)
	}
	return report.Checked{Checks: results, Data: data}, nil
}

// listUnpassed returns the ids of the results that are not a pass.
func listUnpassed(results []report.Result) []string {
	ids := []string{}
	for _, r := range results {
		if r.Status != report.Pass {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// stopCopy stops the copy of the stack, also when ctx has ended. The end of its lifeline
// stops it as well, so an error is of no consequence.
func stopCopy(ctx context.Context, private *config.Config) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 4*time.Second)
	defer cancel()
	_, _ = supervisor.Stop(ctx, private, nil)
}

// listChecks returns the start of the stack and then every probe as checks.
func listChecks(
	private *config.Config,
	startOptions supervisor.StartOptions,
	e endpoint,
	data *Result,
	list []probeRequest,
) []checks.Check {
	started := checks.Check{
		ID:      "started",
		Title:   data.Runtime + " gets ready with a copy of the configuration",
		Family:  "probe",
		Timeout: 2*runtimestore.StartTimeout(data.Runtime) + 10*time.Second,
		Run: func(ctx context.Context) checks.Outcome {
			status, err := supervisor.Start(ctx, private, startOptions)
			if err != nil {
				return checks.FromFault(err)
			}
			data.Version = cmp.Or(data.Version, serviceVersion(status, probedService(private)))
			return checks.Passed(nil)
		},
	}
	all := []checks.Check{started}
	for _, r := range list {
		all = append(all, r.check(e, []string{"started"}))
	}
	return all
}

// probedService returns the service that runs the runtime: the last to start.
func probedService(private *config.Config) string {
	return private.Services[len(private.Services)-1].Name
}

// scrub returns log lines without secrets: those of the installation and the keys that
// the endpoint was given.
func (e endpoint) scrub(lines, secrets []string) []string {
	s := redact.NewLogScrubber(append(secrets, e.key, e.management)...)
	return lo.Map(lines, func(line string, _ int) string { return string(s.Scrub([]byte(line))) })
}

// serviceVersion returns the version of a service's runtime in status, "" if unknown.
func serviceVersion(status control.Status, service string) string {
	for _, s := range status.Services {
		if s.Name == service {
			return s.Version
		}
	}
	return ""
}

// withProgram returns environ with the program that is tried in the variable where
// runtimestore.Command looks first.
func withProgram(environ []string, runtime, binary string) []string {
	variable := map[string]string{config.RuntimeLiteLLM: "FLOWGATE_LITELLM",
		config.RuntimeCLIProxyAPI: "FLOWGATE_CLIPROXYAPI"}[runtime]
	if variable == "" || binary == "" {
		return environ
	}
	return append(append([]string{}, environ...), variable+"="+binary)
}
