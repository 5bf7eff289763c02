package auth

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// standardTimeout is how long a person may take: CLIProxyAPI's own browser
// flows wait as long.
const standardTimeout = 5 * time.Minute

// LoginOptions steer Login. A secret comes from Stdin, Env or File and never
// from an argument.
type LoginOptions struct {
	Method  string        // "": the provider's default
	Timeout time.Duration // 0: 5 min
	Paste   bool          // the browser is on another machine: its last address is pasted here
	Stdin   bool          // the secret is the first line of In
	Env     string        // the secret is in this variable
	File    string        // the secret is in this file
	Label   string        // names the account where the provider does not
	Project string        // Google Cloud project, where the provider wants one
	Force   bool
	Share   bool
	Wire    bool // an API key is written into the configuration that uses it, unasked
	Person  Person
}

// Login signs in to a provider and returns when the credential is in its place
// and proven. Whatever ends it early leaves the folder as it was. An API key is
// named in flowgate.yaml, when the person agrees, or given to CLIProxyAPI. Faults:
// provider-unknown, method-unknown, method-unready, callback-port-taken,
// state-mismatch, login-denied, login-expired, login-timeout, login-failed,
// login-unproven, credential-input, those of the management API, and those of
// Import.
func Login(ctx context.Context, cfg *config.Config, env Environment, provider string, o LoginOptions) (Change, error) {
	p, err := Find(cfg, provider)
	if err != nil {
		return Change{}, err
	}
	if err := usable(cfg, p); err != nil {
		return Change{}, err
	}
	name, m, err := chooseMethod(p, o.Method)
	if err != nil {
		return Change{}, err
	}
	s := &signIn{cfg: cfg, env: env, provider: p, o: o}
	if why := m.ready(s); why != "" {
		return Change{}, fault.New("method-unready", "%s cannot sign in with %s: %s", p.Name, name, why).WithHint("%s", otherwise(p, name))
	}
	if o.Timeout <= 0 {
		o.Timeout = standardTimeout
	}
	before, err := snapshot(Folder(cfg, env))
	if err != nil {
		return Change{}, err
	}
	limited, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	drafts, err := m.run(limited, s)
	if err != nil {
		return Change{}, s.ended(ctx, limited, o.Timeout, err)
	}
	if name == "api_key" && p.Settings.KeyList != "" && s.isRealServer() {
		return s.giveKey(ctx, drafts[0].key)
	}
	d := desk{cfg: cfg, env: env, force: o.Force, share: o.Share}
	if drafts == nil {
		return d.observed(ctx, p, before)
	}
	for i := range drafts {
		if o.Label != "" {
			drafts[i].label = o.Label
		}
		if err := (intake{cfg: cfg, provider: &p}).bind(&drafts[i]); err != nil {
			return Change{}, err
		}
	}
	c, err := d.settle(ctx, drafts)
	if err == nil && name == "api_key" {
		err = s.wireKey(&c)
	}
	return c, err
}

// isRealServer reports whether the upstream is a CLIProxyAPI.
func (s *signIn) isRealServer() bool {
	svc, ok := s.cfg.Service(config.CLIProxy)
	return ok && svc.Runtime != config.RuntimeEcho
}

// ended makes a clear fault of a sign-in that a clock or a signal ended.
func (s *signIn) ended(ctx, limited context.Context, limit time.Duration, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(limited.Err(), context.DeadlineExceeded) && isCode(s.lost, "management-unreachable"):
		return fmt.Errorf("signing in to %s was not finished within %s: %w", s.provider.Name, limit, s.lost)
	case errors.Is(limited.Err(), context.DeadlineExceeded):
		return s.withLost(fault.New("login-timeout", "signing in to %s was not finished within %s; nothing was changed", s.provider.Name, limit).
			WithHint("run it again; -timeout=10m gives more time"))
	}
	return err
}

// withLost adds to a fault why the last question had no answer, if it had none.
func (s *signIn) withLost(f *fault.Error) *fault.Error {
	if s.lost == nil {
		return f
	}
	why := s.lost
	if u := (*url.Error)(nil); errors.As(why, &u) { // its address may hold a code
		why = u.Err
	}
	f.Message += "; the last question had no answer: " + shown(why.Error())
	return f
}
