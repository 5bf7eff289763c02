package upgrade

import (
	"cmp"
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/runtimes"
	"github.com/flowgate-go/flowgate/internal/store"
	"github.com/flowgate-go/flowgate/supervisor"
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
		spec, err := runtimes.Command(cfg, svc, o.environment())
		if err != nil {
			return report.Checked{}, err
		}
		binary = spec.Args[0]
	}
	return o.probe(ctx, cfg, Probed{Runtime: runtime, Version: version, Program: binary}, emit)
}

// probe examines the program that data names.
func (o Options) probe(ctx context.Context, cfg *config.Config, data Probed, emit func(report.Result)) (_ report.Checked, err error) {
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
	private, target, err := o.privateStack(cfg, runtime, dir)
	if err != nil {
		return report.Checked{}, err
	}
	so := supervisor.StartOptions{Self: o.self(), Environ: environWith(o.environ(), runtime, data.Program), Timeout: o.Start.Timeout, Ephemeral: dir}
	read, write, err := os.Pipe()
	if err != nil {
		return report.Checked{}, fault.New("probe-failed", "make a lifeline: %w", err)
	}
	defer read.Close()
	defer write.Close() // ends the stack however this command ends
	so.Lifeline = read
	data.Missing = []string{}
	started := checks.Check{ID: "started", Title: runtime + " gets ready with a copy of the configuration", Family: "probe",
		Timeout: 2*runtimes.StartTimeout(runtime) + 10*time.Second, Run: func(ctx context.Context) checks.Outcome {
			status, err := supervisor.Start(ctx, private, so)
			if err != nil {
				return checks.FromFault(err)
			}
			data.Version = cmp.Or(data.Version, versionOf(status, private.Services[len(private.Services)-1].Name))
			return checks.Passed(nil)
		}}
	all := []checks.Check{started}
	for _, r := range list {
		all = append(all, r.check(target, []string{"started"}))
	}
	results := checks.Run(ctx, all, checks.Options{Emit: emit, Parallel: 4})
	for _, r := range results {
		if r.Status != report.Pass {
			data.Missing = append(data.Missing, r.ID)
		}
	}
	if len(data.Missing) > 0 {
		data.Logs = lo.Map(supervisor.Tail(private, private.Services[len(private.Services)-1].Name, 20), func(line string, _ int) string {
			return strings.NewReplacer(target.key, "[redacted]", target.management+"\n", "[redacted]\n").Replace(line)
		})
	}
	down, cancel := context.WithTimeout(context.WithoutCancel(ctx), 4*time.Second)
	defer cancel()
	_, stopErr := supervisor.Stop(down, private, nil)
	if ctx.Err() != nil {
		return report.Checked{}, context.Cause(ctx)
	}
	_ = stopErr // its lifeline's end stops it too
	return report.Checked{Checks: results, Data: data}, nil
}

func versionOf(status supervisor.Status, service string) string {
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

// sparePorts are free ports on loopback.
func sparePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fault.New("port-unavailable", "find a free port on 127.0.0.1: %w", err)
		}
		defer l.Close() // all stay open until the last is found
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}
