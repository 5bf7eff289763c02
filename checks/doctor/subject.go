package doctor

import (
	"context"
	"net/http"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/internal/cliproxy"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/loopback"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
	"github.com/flowgate-go/flowgate/internal/trust"
	"github.com/flowgate-go/flowgate/internal/version"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/samber/lo"
)

// patience bounds what a check waits for something that runs: a stuck service
// must not make the examination long.
const patience = 3 * time.Second

// grace is how long a program that was ended may keep its output open.
const grace = time.Second

// subject is what is examined. What several checks look at is gathered once, by
// the first that asks.
type subject struct {
	o        Options
	findings config.Findings
	cfg      *config.Config // nil when the configuration cannot be used
	err      error          // why
	http     *http.Client   // for requests with a key: to processes of this user only
	keyless  *http.Client   // for questions to whoever listens

	status   func() (supervisor.Status, error)
	health   func() (supervisor.Status, error)
	active   func() (policy.Active, error) // as generated last
	plan     func() (policy.Active, error) // as it would be generated now
	upstream func() (cliproxy.File, error) // CLIProxyAPI's own configuration
	greeting func() (answer, bool)         // whether it answers as itself, asked once
	manage   func() management             // what its management API said, asked once
	accounts func() ([]auth.Account, error)
	outside  func() []reached // the upstreams that are no service of this stack, tried once
}

func newSubject(ctx context.Context, o Options) *subject {
	s := &subject{
		o: o, keyless: loopback.Keyless(loopback.Options{MaxReply: mostRead}), http: loopback.New(loopback.Options{MaxReply: mostRead}),
	}
	if o.Getenv != nil {
		s.load()
	}
	s.status = sync.OnceValues(func() (supervisor.Status, error) { return inTime(ctx, s.cfg, supervisor.Query) })
	s.health = sync.OnceValues(func() (supervisor.Status, error) {
		if o.Untrusted != "" {
			return s.status()
		}
		return inTime(ctx, s.cfg, supervisor.Health)
	})
	if o.Untrusted != "" {
		s.http.Transport = refuser{}
	}
	s.active = func() (policy.Active, error) { return policy.Load(s.cfg) } // not once: -fix may write it
	s.plan = sync.OnceValues(func() (policy.Active, error) { return policy.Plan(s.cfg, s.profile(), s.o.Getenv) })
	s.upstream = sync.OnceValues(func() (cliproxy.File, error) { return cliproxy.ReadFile(s.cfg.CLIProxyConfigFile) })
	s.greeting = sync.OnceValues(func() (answer, bool) { return s.greet(ctx) })
	s.manage = sync.OnceValue(func() management { return s.askManagement(ctx) })
	s.accounts = sync.OnceValues(func() ([]auth.Account, error) { return auth.Accounts(ctx, s.cfg, s.authEnvironment()) })
	s.outside = sync.OnceValue(func() []reached { return s.tryOutside(ctx) })
	return s
}

// inTime asks in less than a check may take, so that there is time left to say
// who did not answer.
func inTime(ctx context.Context, cfg *config.Config, ask func(context.Context, *config.Config) (supervisor.Status, error)) (supervisor.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, patience-patience/10)
	defer cancel()
	return ask(ctx, cfg)
}

func (s *subject) load() {
	if s.o.File == "" {
		s.cfg = config.Default(s.o.Cwd)
		return
	}
	if s.findings, s.err = config.Check(s.o.File, s.o.Getenv); s.err == nil {
		s.cfg, s.err = config.Load(s.o.File, s.o.Getenv)
	}
}

func (s *subject) close() {
	s.http.CloseIdleConnections()
	s.keyless.CloseIdleConnections()
}

// profile is the one in force, or the one that would be.
func (s *subject) profile() string { return policy.Chosen(s.cfg) }

// running is the status of a service that a supervisor keeps alive.
func (s *subject) running(name string) (supervisor.ServiceStatus, bool) {
	status, err := s.status()
	if err != nil {
		return supervisor.ServiceStatus{}, false
	}
	i := slices.IndexFunc(status.Services, func(svc supervisor.ServiceStatus) bool { return svc.Name == name })
	if i < 0 || !status.Services[i].Live {
		return supervisor.ServiceStatus{}, false
	}
	return status.Services[i], true
}

// started reports whether anything was ever started from this configuration.
func (s *subject) started() bool { return exists(s.cfg.Paths.RuntimeDir) }

// real is the upstream service when it is CLIProxyAPI itself, and not the echo.
func (s *subject) real() (config.Service, bool) {
	svc, ok := s.cfg.Service(config.CLIProxy)
	return svc, ok && svc.Runtime != config.RuntimeEcho
}

// genuine reports whether the router is LiteLLM itself, as far as one can tell:
// a command may be anything, and is LiteLLM in every old configuration.
func (s *subject) genuine() bool {
	svc, ok := s.cfg.Service(config.LiteLLM)
	return ok && svc.Runtime != config.RuntimeEmbedded
}

func (s *subject) authEnvironment() auth.Environment {
	return auth.Environment{Getenv: s.o.Getenv, Now: s.o.Now, GOOS: runtime.GOOS}
}

// ownFile is CLIProxyAPI's own configuration, where it is the upstream and the
// file is known.
func (s *subject) ownFile() (cliproxy.File, bool) {
	if _, real := s.real(); !real || s.cfg.CLIProxyConfigFile == "" {
		return cliproxy.File{}, false
	}
	f, err := s.upstream()
	return f, err == nil
}

// command is what a service executes, or why it cannot be.
func (s *subject) command(svc config.Service) (runtimestore.Spec, error) {
	return runtimestore.Command(s.cfg, svc, runtimestore.Environment{
		Self: s.o.Self, Version: version.String(), Cwd: s.o.Cwd, Environ: s.o.Environ, LookPath: exec.LookPath,
	})
}

// folders are those that FlowGate keeps things of its own in.
func (s *subject) folders() []string {
	p := s.cfg.Paths
	all := []string{p.RuntimeDir, p.ProcessLogs(), p.Secrets(), p.Auths()}
	if filepath.Base(p.Root()) == ".router" { // else it may be somebody's home
		all = append([]string{p.Root()}, all...)
	}
	return all
}

// isOwn reports whether a path lies in the installation's own folder, links
// followed: -fix touches nothing else, whatever the configuration names. The
// folder of its state may be a link to another disk.
func (s *subject) isOwn(path string) bool {
	real := trust.RealPath(path)
	if trust.IsWithin(real, trust.RealPath(trust.Folder(s.cfg))) {
		return true
	}
	root := s.cfg.Paths.Root()
	return trust.IsWithin(root, trust.Folder(s.cfg)) && trust.IsWithin(real, trust.RealPath(root)) && trust.CheckOwner(root) == nil
}

// shown is a path as people in the folder that they work in would type it.
func (s *subject) shown(path string) string {
	if rel, err := filepath.Rel(s.o.Cwd, path); err == nil && len(rel) < len(path) {
		return rel
	}
	return path
}

// shownAll is shown for a list.
func (s *subject) shownAll(paths []string) string {
	return strings.Join(lo.Map(paths, func(p string, _ int) string { return s.shown(p) }), ", ")
}
