package smoke

import (
	"cmp"
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"time"

	"github.com/flowgate-go/flowgate/auth/inventory"
	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
	"github.com/flowgate-go/flowgate/internal/scaffold"
	"github.com/flowgate-go/flowgate/internal/tcp"
	"github.com/flowgate-go/flowgate/supervisor"
)

// privateStack is a stack of smoke's own: its folder, ports and keys exist for one run.
type privateStack struct {
	stack
	options      Options
	dir          string
	runtimeError error    // why the installation has no LiteLLM, when the router is LiteLLM
	lifeline     *os.File // the supervisor takes the stack down when this end closes, however smoke ended
}

// runPrivate runs the checks on a private stack.
func runPrivate(ctx context.Context, o Options) (_ report.Checked, err error) {
	p, err := newPrivateStack(o)
	if err != nil {
		return report.Checked{}, err
	}
	defer func() {
		if !o.Keep || ctx.Err() != nil {
			err = errors.Join(err, p.tearDown())
		}
	}()
	r, err := p.newRouter(cmp.Or(o.Model, "router-default"))
	if err != nil {
		return report.Checked{}, err
	}
	r.Private = true
	list := append(p.startChecks(), p.healthChecks([]string{"services.started"})...)
	list = append(list, r.Probes([]string{"router.ready"}, probeTimeout)...)
	list = append(list, p.logsCheck(checkIDs(list)))
	results := checks.Run(ctx, list, checks.Options{Emit: o.Emit})
	target := p.target(ctx, "private", r, results)
	if o.Keep {
		target.RuntimeDir, target.Stop = p.cfg.Paths.RuntimeDir, program.Command("stop -config="+program.Quote(p.cfg.File))
	}
	return report.Checked{Checks: results, Data: target}, nil
}

// newPrivateStack returns a private stack that is ready to start. Fault:
// temp-dir-unwritable.
func newPrivateStack(o Options) (*privateStack, error) {
	dir, err := os.MkdirTemp("", "flowgate-*") // short: the control socket's path must fit behind macOS's long TMPDIR
	if err != nil {
		return nil, fault.New("temp-dir-unwritable", "make a folder for the private stack: %w", err).
			WithHint("free space or set TMPDIR to a folder that can be written")
	}
	p := &privateStack{options: o, dir: dir, stack: stack{getenv: o.Getenv}}
	if err := p.configure(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return p, nil
}

// configure writes the configuration of the private stack.
func (p *privateStack) configure() error {
	ports, err := tcp.FreePorts(2)
	if err != nil {
		return err
	}
	p.cfg, err = scaffold.WritePrivate(p.dir, ports[0], ports[1], p.options.Runtime)
	if err != nil {
		return err
	}
	if p.options.Profile == "" {
		p.options.Profile = p.cfg.DefaultProfile()
	}
	active, err := policy.Prepare(p.cfg, p.options.Profile, p.getenv)
	if err != nil {
		return err
	}
	if _, err := policy.Write(p.cfg, active, time.Now()); err != nil {
		return err
	}
	p.secrets = inventory.Secrets(p.cfg, p.getenv)
	p.useInstalledLiteLLM()
	return nil
}

// useInstalledLiteLLM makes the private stack run the LiteLLM of the installation: the
// private folder has its own store, which is empty.
func (p *privateStack) useInstalledLiteLLM() {
	if p.options.Runtime != config.RuntimeLiteLLM || p.options.AlwaysPrivate {
		return
	}
	cwd, _ := os.Getwd() // a virtual environment may be here
	bin, err := runtimestore.FindLiteLLM(
		p.options.Config,
		runtimestore.Environment{Cwd: cwd, Environ: p.options.Environ, LookPath: exec.LookPath},
	)
	if p.runtimeError = err; err == nil {
		p.options.Environ = append(slices.Clone(p.options.Environ), "FLOWGATE_LITELLM="+bin)
	}
}

// startChecks returns the checks that start the stack.
func (p *privateStack) startChecks() []checks.Check {
	budget := p.options.Timeout
	if budget == 0 {
		budget = runtimestore.StartTimeout(routerService(p.cfg).Runtime) + 5*time.Second
	}
	return []checks.Check{
		{ID: "runtimes.present", Title: "The runtimes are present", Family: "smoke", Run: p.checkRuntimes},
		{
			ID:     "profile.active",
			Title:  "The profile is activated",
			Family: "smoke",
			Needs:  []string{"runtimes.present"},
			Run:    p.checkProfile,
		},
		{
			ID:      "services.started",
			Title:   "The services start",
			Family:  "smoke",
			Needs:   []string{"profile.active"},
			Timeout: budget + 5*time.Second,
			Run:     p.startServices,
		},
	}
}

// checkRuntimes checks that the program of every service exists.
func (p *privateStack) checkRuntimes(context.Context) checks.Outcome {
	type found struct {
		Service string `json:"service"`
		Runtime string `json:"runtime"`
		Program string `json:"program"`
	}
	if p.runtimeError != nil {
		return checks.FromFault(p.runtimeError)
	}
	var all []found
	for _, svc := range p.cfg.Services {
		spec, err := runtimestore.Command(
			p.cfg,
			svc,
			runtimestore.Environment{Self: p.options.Self, Environ: p.options.Environ, LookPath: exec.LookPath},
		)
		if err != nil {
			return checks.FromFault(err)
		}
		all = append(all, found{svc.Name, svc.Runtime, spec.Args[0]})
	}
	return checks.Passed(all)
}

// checkProfile checks that the profile is in force.
func (p *privateStack) checkProfile(context.Context) checks.Outcome {
	name, since := policy.Current(p.cfg)
	if name != p.options.Profile {
		return checks.Failed("the active profile is %[2]q and not %[1]q", p.options.Profile, name)
	}
	return checks.Passed(struct {
		Profile string    `json:"profile"`
		Since   time.Time `json:"since"`
	}{name, since})
}

// startServices starts the stack, which the supervisor takes down when smoke ends, unless
// Options.Keep is set.
func (p *privateStack) startServices(ctx context.Context) checks.Outcome {
	read, write, err := os.Pipe()
	if err != nil {
		return checks.Failed("make a lifeline: %v", err)
	}
	defer func() { _ = read.Close() }()
	p.lifeline = write
	o := supervisor.StartOptions{Timeout: p.options.Timeout, Self: p.options.Self, Environ: p.options.Environ}
	if !p.options.Keep {
		o.Lifeline, o.Ephemeral = read, p.dir
	}
	if p.status, err = supervisor.Start(ctx, p.cfg, o); err != nil {
		return checks.FromFault(err)
	}
	return checks.Passed(p.status.Services)
}

// tearDown stops the stack and removes its folder, whatever state they are in.
func (p *privateStack) tearDown() error {
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Second) // mage ends an interrupted target after 5 s
	defer cancel()
	_, err := supervisor.Stop(ctx, p.cfg, nil)
	if p.lifeline != nil {
		_ = p.lifeline.Close()
	}
	if rm := os.RemoveAll(p.dir); rm != nil && !errors.Is(rm, os.ErrNotExist) {
		err = errors.Join(err, rm)
	}
	if err != nil {
		return fault.New("teardown-failed", "take the private stack in %s down: %w", p.dir, err).
			WithHint("its supervisor stops it by itself; look with: ps -ef | grep %s", p.dir)
	}
	return nil
}
