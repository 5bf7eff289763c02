package signin

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/provider"
	"github.com/flowgate-go/flowgate/auth/signin/session"
	"github.com/flowgate-go/flowgate/auth/signin/wire"
	"github.com/flowgate-go/flowgate/auth/source"
	"github.com/flowgate-go/flowgate/auth/vault"
	"github.com/flowgate-go/flowgate/auth/vault/plan"
	"github.com/flowgate-go/flowgate/auth/vault/proof"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/printable"
)

// standardTimeout is how long a person may take: CLIProxyAPI's own browser
// flows wait as long.
const standardTimeout = 5 * time.Minute

// Options steer Login.
type Options = session.Options

// Terminal is how Login talks to the user.
type Terminal = session.Terminal

// Login signs in to a provider and returns when the credential is in its place
// and proven. Whatever ends it early leaves the folder as it was. An API key is
// named in flowgate.yaml, when the person agrees, or given to CLIProxyAPI. Faults:
// provider-unknown, method-unknown, method-unready, callback-port-taken,
// state-mismatch, login-denied, login-expired, login-timeout, login-failed,
// login-unproven, credential-input, those of the management API, and those of
// Import.
func Login(ctx context.Context, cfg *config.Config, env auth.Environment, name string, o session.Options) (auth.Change, error) {
	p, err := provider.Find(cfg, name)
	if err != nil {
		return auth.Change{}, err
	}
	if err := provider.CheckSettings(cfg, p); err != nil {
		return auth.Change{}, err
	}
	chosen, m, err := chooseMethod(p, o.Method)
	if err != nil {
		return auth.Change{}, err
	}
	s := &session.Session{Config: cfg, Env: env, Provider: p, Options: o}
	if why := m.ready(s); why != "" {
		return auth.Change{}, fault.New("method-unready", "%s cannot sign in with %s: %s", p.Name, chosen, why).WithHint("%s", suggestMethods(p, chosen))
	}
	if o.Timeout <= 0 {
		o.Timeout = standardTimeout
	}
	before, err := proof.Snapshot(auth.Folder(cfg, env))
	if err != nil {
		return auth.Change{}, err
	}
	limited, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	drafts, err := m.run(limited, s)
	if err != nil {
		return auth.Change{}, explainEnd(ctx, limited, s, o.Timeout, err)
	}
	if chosen == "api_key" && p.Settings.KeyList != "" && isRealServer(s) {
		return wire.AddToServer(ctx, s, drafts[0].APIKey)
	}
	if drafts == nil {
		return proof.AwaitFile(ctx, cfg, env, p, before)
	}
	for i := range drafts {
		if o.Label != "" {
			drafts[i].Label = o.Label
		}
		if err := source.Bind(cfg, &p, &drafts[i]); err != nil {
			return auth.Change{}, err
		}
	}
	c, err := vault.Install(ctx, cfg, env, drafts, vault.Options{Options: plan.Options{Force: o.Force, Share: o.Share}})
	if err == nil && chosen == "api_key" {
		err = wire.AddToConfig(s, &c)
	}
	return c, err
}

// isRealServer reports whether the upstream is a CLIProxyAPI.
func isRealServer(s *session.Session) bool {
	svc, ok := s.Config.Service(config.CLIProxy)
	return ok && svc.Runtime != config.RuntimeEcho
}

// explainEnd makes a clear fault of a sign-in that a clock or a signal ended.
func explainEnd(ctx, limited context.Context, s *session.Session, limit time.Duration, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(limited.Err(), context.DeadlineExceeded) && fault.HasCode(s.Lost, "management-unreachable"):
		return fmt.Errorf("signing in to %s was not finished within %s: %w", s.Provider.Name, limit, s.Lost)
	case errors.Is(limited.Err(), context.DeadlineExceeded):
		return withLost(s, fault.New("login-timeout", "signing in to %s was not finished within %s; nothing was changed", s.Provider.Name, limit).
			WithHint("run it again; -timeout=10m gives more time"))
	}
	return err
}

// withLost adds to a fault why the last question had no answer, if it had none.
func withLost(s *session.Session, f *fault.Error) *fault.Error {
	if s.Lost == nil {
		return f
	}
	why := s.Lost
	if u := (*url.Error)(nil); errors.As(why, &u) { // its address may hold a code
		why = u.Err
	}
	f.Message += "; the last question had no answer: " + printable.Excerpt(why.Error())
	return f
}
