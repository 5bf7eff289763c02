// Package status shows accounts and providers (auth:status, auth:list): Read returns
// the accounts, the providers, shared grants, and with Live what the running server
// reports. It changes and renews nothing.
package status

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/auth/grant"
	"github.com/flowgate-go/flowgate/auth/management"
	"github.com/flowgate-go/flowgate/auth/provider"
	"github.com/flowgate-go/flowgate/internal/cliproxy"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/printable"
)

// Options steer Read.
type Options struct {
	Provider string        // "": all
	Live     bool          // ask the running server, too
	Within   time.Duration // over 0: a provider without a usable account after that time is an error
}

// Overview is the accounts and providers of an installation.
type Overview struct {
	Folder    string           `json:"folder"`           // where the credential files are: CLIProxyAPI's auth-dir
	Accounts  []auth.Account   `json:"accounts"`         // never nil
	Ending    []Ending         `json:"ending,omitempty"` // with -within: providers that will have no usable account
	Shared    []grant.Shared   `json:"shared_grants,omitempty"`
	Server    *ServerStatus    `json:"server,omitempty"` // with -live
	Providers []ProviderStatus `json:"providers"`
}

// ServerStatus is the state of CLIProxyAPI (-live).
type ServerStatus struct {
	URL     string `json:"url"`
	Answers bool   `json:"answers"`
	Version string `json:"version,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

// Ending is a provider that will have no usable account.
type Ending struct {
	Provider string   `json:"provider"`
	Reasons  []string `json:"reasons"` // one for each account
}

// maxLookups is the number of credentials whose models -live requests: each request
// takes the server 60 ms.
const maxLookups = 20

// Read returns the accounts and providers. Faults: provider-unknown, accounts-ending,
// those of auth.Accounts and, with Live, those of a management API that answers. The
// overview is also valid with accounts-ending.
func Read(ctx context.Context, cfg *config.Config, env auth.Environment, o Options) (Overview, error) {
	if o.Within < 0 {
		return Overview{}, fault.Usage("flag-invalid", "-within=%s lies in the past", o.Within).
			WithHint("-within=8h looks eight hours ahead")
	}
	if o.Provider != "" {
		if _, err := provider.Find(cfg, o.Provider); err != nil {
			return Overview{}, err
		}
	}
	accounts, err := auth.Accounts(ctx, cfg, env)
	if err != nil {
		return Overview{}, err
	}
	view := Overview{Folder: auth.Folder(cfg, env)}
	if view.Shared, err = grant.FindShared(ctx, cfg, env, accounts); err != nil {
		return view, err
	}
	view.Accounts = lo.Filter(accounts, func(a auth.Account, _ int) bool {
		return o.Provider == "" || a.Provider == o.Provider
	})
	if o.Live {
		if err := view.addLive(ctx, cfg, env); err != nil {
			return view, err
		}
	}
	if view.Providers, err = List(ctx, cfg, env, o.Provider); err != nil {
		return view, err
	}
	if o.Within > 0 {
		return view, view.findEnding(cfg, env.Now().Add(o.Within), o)
	}
	return view, nil
}

// findEnding sets Ending to the providers that will have no usable account at that time.
// It looks at the provider that o names, else at the configured ones, else at those with
// accounts. Fault: accounts-ending.
func (v *Overview) findEnding(cfg *config.Config, at time.Time, o Options) error {
	accountsOf := lo.GroupBy(v.Accounts, func(a auth.Account) string { return a.Provider })
	var names []string
	switch {
	case o.Provider != "":
		names = []string{o.Provider}
	case len(cfg.Providers) > 0:
		names = lo.Keys(cfg.Providers)
	default:
		names = lo.Keys(accountsOf)
	}
	for _, name := range slices.Sorted(slices.Values(names)) {
		if usable, reasons := isAnyUsable(accountsOf[name], at); !usable {
			v.Ending = append(v.Ending, Ending{Provider: name, Reasons: reasons})
		}
	}
	if len(v.Ending) == 0 && len(names) > 0 {
		return nil
	}
	if len(names) == 0 {
		return fault.New("accounts-ending", "no provider is configured and there is no account").
			WithHint("mage auth:list shows how to sign in")
	}
	first := v.Ending[0]
	return fault.New("accounts-ending", "%s will have no usable account at %s: %s",
		strings.Join(lo.Map(v.Ending, func(e Ending, _ int) string { return e.Provider }), ", "), credential.FormatTime(at),
		strings.Join(first.Reasons, "; ")).
		WithHint("mage auth:login %s", first.Provider)
}

// isAnyUsable reports whether one of a provider's accounts is usable at that time, and
// returns why the others are not.
func isAnyUsable(accounts []auth.Account, at time.Time) (usable bool, reasons []string) {
	reasons = []string{}
	for _, a := range accounts {
		ok, why := a.IsUsableAt(at)
		usable = usable || ok
		if !ok {
			reasons = append(reasons, a.Account+": "+why)
		}
	}
	if len(accounts) == 0 {
		reasons = append(reasons, "it has no account")
	}
	return usable, reasons
}

// addLive adds what the running server reports.
func (v *Overview) addLive(ctx context.Context, cfg *config.Config, env auth.Environment) error {
	s, err := management.Open(cfg, env)
	if errors.Is(err, management.ErrNoServer) {
		v.Server = &ServerStatus{Reason: err.Error()}
		return nil
	}
	if fault.HasCode(err, "management-key-missing") { // the accounts are shown without the server
		f := fault.From(err)
		v.Server = &ServerStatus{Reason: f.Message + "; " + f.Hint}
		return nil
	}
	if err != nil {
		return err
	}
	v.Server = &ServerStatus{URL: s.Base}
	files, err := s.ListFiles(ctx)
	if fault.HasCode(err, "management-unreachable") {
		v.Server.Reason = err.Error()
		v.setUnreachable(s, env)
		return nil
	}
	if err != nil {
		return err
	}
	v.Server.Answers, v.Server.Version = true, s.Version
	return v.addServerList(ctx, s, files, env.Now())
}

// addServerList adds the server's list to the accounts.
func (v *Overview) addServerList(ctx context.Context, s *management.Server, files []cliproxy.CredentialFile,
	now time.Time) error {
	listed := lo.KeyBy(files, func(f cliproxy.CredentialFile) string { return f.Name })
	for i := range v.Accounts {
		a := &v.Accounts[i]
		f, ok := listed[filepath.Base(a.File)]
		if !ok {
			a.Live = &auth.Live{Models: -1}
			continue
		}
		live := management.LiveState(f)
		if i < maxLookups {
			n, known, err := s.Models(ctx, f.Name)
			if err != nil {
				return err
			}
			if known {
				live.Models = n
			}
		}
		a.Live = &live
		applyLive(a, live, now)
	}
	return nil
}

// setUnreachable sets the state of all accounts that only the server knows.
func (v *Overview) setUnreachable(s *management.Server, env auth.Environment) {
	for i := range v.Accounts {
		a := &v.Accounts[i]
		if a.Method == "api_key" {
			continue // FlowGate keeps it
		}
		a.State, a.ObservedAt = auth.Unreachable, env.Now().UTC()
		a.Evidence = "CLIProxyAPI at " + s.Base + " does not answer; the file alone: " + a.Evidence
	}
}

// applyLive changes the state to what the server reports, since it has tried the
// credential.
func applyLive(a *auth.Account, live auth.Live, now time.Time) {
	message := strings.ToLower(live.Message)
	mentions := func(words ...string) bool {
		return lo.SomeBy(words, func(w string) bool { return strings.Contains(message, w) })
	}
	evidence := "the server reports: " + live.Status + ", " + printable.Excerpt(live.Message)
	switch {
	case mentions("invalid_grant", "refresh_token_reused", "refresh_token_revoked", "refresh_token_expired",
		"refresh_token_invalidated"):
		a.State, a.Evidence, a.ObservedAt = auth.Dead, evidence, now.UTC()
	case live.RetryAt != nil && live.RetryAt.After(now) && mentions("quota", "429", "rate limit", "rate_limit",
		"usage_limit", "usage limit", "exhausted"):
		a.State, a.Evidence, a.ObservedAt = auth.Parked, evidence+", until "+credential.FormatTime(*live.RetryAt), now.UTC()
	}
}
