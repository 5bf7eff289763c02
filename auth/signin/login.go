// Package signin signs in to providers (auth:login): Login runs one method, proves the
// credential, and puts an API key where it is used. Each method is a file method_*.go
// and a line in methods.
//
// A secret comes from stdin, a variable, a file or a prompt, never from an argument.
//
// The package is over 700 lines because it holds the files of all methods but
// oauth_poll.
package signin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/draft"
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

// defaultTimeout is how long the user may take: CLIProxyAPI's own browser flows wait
// as long.
const defaultTimeout = 5 * time.Minute

// Options steer Login.
type Options = session.Options

// Terminal is how Login talks to the user.
type Terminal = session.Terminal

// Login signs in to a provider and returns when the credential is written and proven.
// If it fails, the credential folder is as it was before, except after the methods
// whose credential another program writes (management, oauth_poll, command): a file
// that this program wrote stays, even if its proof fails. An API key is also entered
// into flowgate.yaml, if the user agrees, or given to CLIProxyAPI. Faults:
// provider-unknown, method-unknown, method-unready, callback-port-taken,
// state-mismatch, login-denied, login-expired, login-timeout, login-failed,
// login-unproven, credential-input, those of the management API, and those of
// vault.Install.
func Login(ctx context.Context, cfg *config.Config, env auth.Environment, name string,
	o session.Options) (auth.Change, error) {
	s, methodName, m, err := newSession(cfg, env, name, o)
	if err != nil {
		return auth.Change{}, err
	}
	before, err := proof.Snapshot(auth.Folder(cfg, env))
	if err != nil {
		return auth.Change{}, err
	}
	limited, cancel := context.WithTimeout(ctx, s.Options.Timeout)
	defer cancel()
	drafts, err := m.run(limited, s)
	if err != nil {
		return auth.Change{}, explainEnd(ctx, limited, s, s.Options.Timeout, err)
	}
	if methodName == "api_key" && s.Provider.Settings.KeyList != "" && hasCLIProxyAPI(s) {
		return wire.AddToServer(ctx, s, drafts[0].APIKey)
	}
	if drafts == nil {
		return proof.AwaitFile(ctx, cfg, env, s.Provider, before)
	}
	c, err := installDrafts(ctx, s, drafts)
	if err == nil && methodName == "api_key" {
		err = wire.AddToConfig(s, &c)
	}
	return c, err
}

// installDrafts labels the drafts of a sign-in, binds them to its provider and installs
// them in the credential folder.
func installDrafts(ctx context.Context, s *session.Session, drafts []draft.Draft) (auth.Change, error) {
	for i := range drafts {
		if s.Options.Label != "" {
			drafts[i].Label = s.Options.Label
		}
		if err := source.Bind(s.Config, &s.Provider, &drafts[i]); err != nil {
			return auth.Change{}, err
		}
	}
	return vault.Install(ctx, s.Config, s.Env, drafts,
		vault.Options{Options: plan.Options{Force: s.Options.Force, Share: s.Options.Share}})
}

// newSession returns the session of a sign-in, and the name and the method that were asked
// for, or the provider's default. Faults: provider-unknown, method-unknown, method-unready.
func newSession(cfg *config.Config, env auth.Environment, name string,
	o session.Options) (*session.Session, string, method, error) {
	p, err := provider.Find(cfg, name)
	if err != nil {
		return nil, "", method{}, err
	}
	if err := provider.CheckSettings(cfg, p); err != nil {
		return nil, "", method{}, err
	}
	methodName, m, err := chooseMethod(p, o.Method)
	if err != nil {
		return nil, "", method{}, err
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	s := &session.Session{Config: cfg, Env: env, Provider: p, Options: o}
	if why := m.notReady(s); why != "" {
		return nil, "", method{}, fault.New("method-unready", "%s cannot sign in with %s: %s", p.Name, methodName, why).
			WithHint("%s", suggestMethods(p, methodName))
	}
	return s, methodName, m, nil
}

// hasCLIProxyAPI reports whether the upstream is a CLIProxyAPI, not the echo.
func hasCLIProxyAPI(s *session.Session) bool {
	svc, ok := s.Config.Service(config.CLIProxy)
	return ok && svc.Runtime != config.RuntimeEcho
}

// explainEnd returns the fault for a sign-in that the time limit or a signal ended. It
// returns other errors as they are.
func explainEnd(ctx, limited context.Context, s *session.Session, limit time.Duration, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(limited.Err(), context.DeadlineExceeded) && fault.HasCode(s.Lost, "management-unreachable"):
		return fmt.Errorf("signing in to %s was not finished within %s: %w", s.Provider.Name, limit, s.Lost)
	case errors.Is(limited.Err(), context.DeadlineExceeded):
		return addLostReason(s, fault.New("login-timeout", "signing in to %s was not finished within %s; nothing was changed",
			s.Provider.Name, limit).
			WithHint("run it again; -timeout=10m gives more time"))
	}
	return err
}

// addLostReason adds to a fault the reason why the last request had no answer, if it had
// none.
func addLostReason(s *session.Session, f *fault.Error) *fault.Error {
	if s.Lost == nil {
		return f
	}
	why := fault.WithoutURL(s.Lost) // the query may hold a code
	f.Message += "; the last request had no answer: " + printable.Excerpt(why.Error())
	return f
}
