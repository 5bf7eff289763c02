package stack

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
)

// Probed is the data of runtimes:probe.
type Probed struct {
	Runtime string   `json:"runtime"`
	Version string   `json:"version"`
	Program string   `json:"program"`
	Missing []string `json:"missing"` // ids of what did not answer as it has to
	Logs    []string `json:"logs,omitempty"`
}

// Probe starts a version of a runtime on a spare port, with a copy of the user's
// own configuration but without credentials, and sends it every request that
// FlowGate relies on. version "" means the active one. The stack that runs is
// not touched. Faults: runtime-unknown, version-not-installed, runtime-missing;
// those of supervisor.Start.
func Probe(ctx context.Context, o Options, cfg *config.Config, runtime, version string, emit func(report.Result)) (report.Checked, error) {
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
		spec, err := runtimestore.Command(cfg, svc, o.environment())
		if err != nil {
			return report.Checked{}, err
		}
		binary = spec.Args[0]
	}
	return ProbeProgram(ctx, o, cfg, Probed{Runtime: runtime, Version: version, Program: binary}, emit)
}

// ProbeProgram probes the program that data names, as Probe does.
func ProbeProgram(ctx context.Context, o Options, cfg *config.Config, data Probed, emit func(report.Result)) (_ report.Checked, err error) {
	runtime := data.Runtime
	list, err := requests(runtime)
	if err != nil {
		return report.Checked{}, err
	}
	dir, err := os.MkdirTemp("", "flowgate-*") // short: a control socket's path must fit
	if err != nil {
		return report.Checked{}, fault.New("temp-dir-unwritable", "make a folder for the probe: %w", err).WithHint("free space or set TMPDIR")
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	private, target, err := privateStack(o, cfg, runtime, dir)
	if err != nil {
		return report.Checked{}, err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return report.Checked{}, fault.New("probe-failed", "make a lifeline: %w", err)
	}
	defer read.Close()
	defer write.Close() // ends the stack however this command ends
	so := supervisor.StartOptions{Self: o.self(), Environ: environWith(o.environ(), runtime, data.Program), Timeout: o.Start.Timeout, Ephemeral: dir, Lifeline: read}
	results := checks.Run(ctx, probeChecks(private, so, target, &data, list), checks.Options{Emit: emit, Parallel: 4})
	data.Missing = []string{}
	for _, r := range results {
		if r.Status != report.Pass {
			data.Missing = append(data.Missing, r.ID)
		}
	}
	if len(data.Missing) > 0 {
		data.Logs = target.scrubbed(logs.Tail(private, examined(private), 20), inventory.Secrets(cfg, o.getenv))
	}
	down, cancel := context.WithTimeout(context.WithoutCancel(ctx), 4*time.Second)
	defer cancel()
	_, _ = supervisor.Stop(down, private, nil) // its lifeline's end stops it too
	if ctx.Err() != nil {
		return report.Checked{}, context.Cause(ctx)
	}
	return report.Checked{Checks: results, Data: data}, nil
}

// probeChecks start the stack and then ask for everything.
func probeChecks(private *config.Config, so supervisor.StartOptions, e endpoint, data *Probed, list []request) []checks.Check {
	started := checks.Check{ID: "started", Title: data.Runtime + " gets ready with a copy of the configuration", Family: "probe",
		Timeout: 2*runtimestore.StartTimeout(data.Runtime) + 10*time.Second, Run: func(ctx context.Context) checks.Outcome {
			status, err := supervisor.Start(ctx, private, so)
			if err != nil {
				return checks.FromFault(err)
			}
			data.Version = cmp.Or(data.Version, versionOf(status, examined(private)))
			return checks.Passed(nil)
		}}
	all := []checks.Check{started}
	for _, r := range list {
		all = append(all, r.check(e, []string{"started"}))
	}
	return all
}

// examined is the service that runs the runtime: the last to start.
func examined(private *config.Config) string {
	return private.Services[len(private.Services)-1].Name
}

// scrubbed are log lines without secrets: those of the installation and the
// keys that the endpoint was given.
func (e endpoint) scrubbed(lines, secrets []string) []string {
	s := redact.NewLogScrubber(append(secrets, e.key, e.management)...)
	return lo.Map(lines, func(line string, _ int) string { return string(s.Scrub([]byte(line))) })
}

func versionOf(status control.Status, service string) string {
	for _, s := range status.Services {
		if s.Name == service {
			return s.Version
		}
	}
	return ""
}

// environWith names the program under examination where runtimes.Command looks first.
func environWith(environ []string, runtime, binary string) []string {
	variable := map[string]string{config.RuntimeLiteLLM: "FLOWGATE_LITELLM", config.RuntimeCLIProxyAPI: "FLOWGATE_CLIPROXYAPI"}[runtime]
	if variable == "" || binary == "" {
		return environ
	}
	return append(append([]string{}, environ...), variable+"="+binary)
}
