// Package subject is what doctor's checks examine: an installation, as its
// configuration describes it, and the stack that may run from it. New loads it;
// its members gather what several checks need, once. The package also holds what
// these checks share to describe it: details of outcomes, short paths, texts
// without secrets.
//
// It never changes anything, and sends a key only to a process of this user.
package subject

import (
	"context"
	"errors"
	"net/http"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/internal/cliproxy"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/loopback"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/runtimestore"
	"github.com/flowgate-go/flowgate/internal/version"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// Patience bounds what a check waits for something that runs: a stuck service
// must not make the examination long.
const Patience = 3 * time.Second

// Grace is how long a program that was ended may keep its output open.
const Grace = time.Second

// Options say what is examined.
type Options struct {
	ConfigFile string // as people named it; empty: the built-in default
	Dir        string // folder of the built-in default
	Cwd        string // absolute folder that people work in
	Self       string // path that executes this program
	Online     bool   // upstreams on the network may be tried
	// Untrusted is why the configuration is not trusted, "" when it is. No service
	// is asked anything then.
	Untrusted string
	Environ   []string
	Getenv    func(string) string
	Now       func() time.Time
}

// Subject is the installation and the stack that are examined. What several
// checks need is gathered once, by the first that asks.
type Subject struct {
	Options
	Findings    config.Findings
	Config      *config.Config // nil when the configuration cannot be used
	ConfigError error          // why it cannot be used

	Status        func() (control.Status, error) // what the supervisor says
	Health        func() (control.Status, error) // Status, with the readiness of each service
	ActiveConfig  func() (policy.Active, error)  // the router's configuration as it was generated last
	PlannedConfig func() (policy.Active, error)  // the router's configuration as it would be generated now
	CLIProxyFile  func() (cliproxy.File, error)  // CLIProxyAPI's own configuration
	AskCLIProxy   func() (Answer, bool)          // its answer, and whether it is CLIProxyAPI's
	Accounts      func() ([]auth.Account, error)

	keyed   *http.Client // for requests with a key: to processes of this user only
	keyless *http.Client // for requests without a key: to any process
}

// New loads the configuration and returns the subject. Call Close when all
// checks have run. With the zero Options, which have no Getenv, the subject only
// serves to list checks.
func New(ctx context.Context, o Options) *Subject {
	s := &Subject{
		Options: o,
		keyless: loopback.Keyless(
			loopback.Options{MaxReply: maxReplyBytes},
		), keyed: loopback.New(loopback.Options{MaxReply: maxReplyBytes}),
	}
	if o.Getenv != nil {
		s.load()
	}
	s.Status = sync.OnceValues(func() (control.Status, error) { return askInTime(ctx, s.Config, supervisor.Query) })
	s.Health = sync.OnceValues(func() (control.Status, error) {
		if o.Untrusted != "" {
			return s.Status()
		}
		return askInTime(ctx, s.Config, supervisor.Health)
	})
	if o.Untrusted != "" {
		s.keyed.Transport = refuseAll{}
	}
	s.ActiveConfig = func() (policy.Active, error) { return policy.Load(s.Config) } // not once: -fix may write it
	s.PlannedConfig = sync.OnceValues(
		func() (policy.Active, error) { return policy.Build(s.Config, s.Profile(), s.Getenv) },
	)
	s.CLIProxyFile = sync.OnceValues(
		func() (cliproxy.File, error) { return cliproxy.ReadFile(s.Config.CLIProxyConfigFile) },
	)
	s.AskCLIProxy = sync.OnceValues(func() (Answer, bool) { return s.greetCLIProxy(ctx) })
	s.Accounts = sync.OnceValues(
		func() ([]auth.Account, error) { return auth.Accounts(ctx, s.Config, s.AuthEnvironment()) },
	)
	return s
}

// askInTime calls ask with less time than a check has, so that the check can still say
// who did not answer.
func askInTime(
	ctx context.Context,
	cfg *config.Config,
	ask func(context.Context, *config.Config) (control.Status, error),
) (control.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, Patience-Patience/10)
	defer cancel()
	return ask(ctx, cfg)
}

// Configuration returns the configuration in force, or the fault for which it
// cannot be used.
func Configuration(o Options) (*config.Config, error) {
	if o.ConfigFile == "" {
		return config.Default(o.Dir), nil
	}
	return config.Load(o.ConfigFile, o.Getenv)
}

// Once returns a func that calls f the first time, with the context of that
// call, and returns the same value from then on.
func Once[T any](f func(context.Context) T) func(context.Context) T {
	var once sync.Once
	var value T
	return func(ctx context.Context) T {
		once.Do(func() { value = f(ctx) })
		return value
	}
}

// load sets the configuration, or the error for which it cannot be used.
func (s *Subject) load() {
	if s.ConfigFile == "" {
		s.Config = config.Default(s.Dir)
		return
	}
	if s.Findings, s.ConfigError = config.Check(s.ConfigFile, s.Getenv); s.ConfigError == nil {
		s.Config, s.ConfigError = config.Load(s.ConfigFile, s.Getenv)
	}
}

// Close closes the connections that the checks left open.
func (s *Subject) Close() {
	s.keyed.CloseIdleConnections()
	s.keyless.CloseIdleConnections()
}

// Profile returns the name of the profile in force, or of the default one when none was
// chosen.
func (s *Subject) Profile() string { return policy.CurrentOrDefault(s.Config) }

// RunningService returns the status of a service whose process is alive under a
// supervisor.
func (s *Subject) RunningService(name string) (control.ServiceStatus, bool) {
	status, err := s.Status()
	if err != nil {
		return control.ServiceStatus{}, false
	}
	i := slices.IndexFunc(status.Services, func(svc control.ServiceStatus) bool { return svc.Name == name })
	if i < 0 || !status.Services[i].Live {
		return control.ServiceStatus{}, false
	}
	return status.Services[i], true
}

// WasStarted reports whether anything was ever started from this configuration.
func (s *Subject) WasStarted() bool { return Exists(s.Config.Paths.RuntimeDir) }

// CLIProxyService returns the upstream service, and whether it is CLIProxyAPI and not the
// echo upstream.
func (s *Subject) CLIProxyService() (config.Service, bool) {
	svc, ok := s.Config.Service(config.CLIProxy)
	return svc, ok && svc.Runtime != config.RuntimeEcho
}

// RouterIsLiteLLM reports whether the router is LiteLLM, as far as that is known: a
// command may be any program, and is LiteLLM in every old configuration.
func (s *Subject) RouterIsLiteLLM() bool {
	svc, ok := s.Config.Service(config.LiteLLM)
	return ok && svc.Runtime != config.RuntimeEmbedded
}

// AuthEnvironment returns the environment in which accounts are read.
func (s *Subject) AuthEnvironment() auth.Environment {
	return auth.Environment{Getenv: s.Getenv, Now: s.Now, GOOS: runtime.GOOS}
}

// CLIProxyConfig returns CLIProxyAPI's own configuration; false when CLIProxyAPI is not
// the upstream or its file is not known or not readable.
func (s *Subject) CLIProxyConfig() (cliproxy.File, bool) {
	if _, isCLIProxy := s.CLIProxyService(); !isCLIProxy || s.Config.CLIProxyConfigFile == "" {
		return cliproxy.File{}, false
	}
	f, err := s.CLIProxyFile()
	return f, err == nil
}

// Command returns what a service executes, or the fault for which it cannot be executed.
func (s *Subject) Command(svc config.Service) (runtimestore.Spec, error) {
	return runtimestore.Command(s.Config, svc, runtimestore.Environment{
		Self: s.Self, Version: version.String(), Cwd: s.Cwd, Environ: s.Environ, LookPath: exec.LookPath,
	})
}

// refuseAll refuses every request, since the examined configuration is not trusted.
type refuseAll struct{}

// RoundTrip implements http.RoundTripper.
func (refuseAll) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("the configuration is not trusted")
}
