// Package window shows how much of each account's quota is used: Read gathers the windows
// that the router has seen in its upstreams' replies, from the ledger where it does not run,
// and names their accounts.
//
// It asks no provider.
package window

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/program"
	"github.com/flowgate-go/flowgate/internal/usage/ledger"
	"github.com/flowgate-go/flowgate/internal/usage/quota"
	"github.com/flowgate-go/flowgate/supervisor"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// Overview is the windows of all accounts.
type Overview struct {
	ObservedAt time.Time `json:"observed_at"`      // when the router was asked
	Source     string    `json:"source"`           // router, or ledger when the router has seen none; empty: none
	Windows    []Window  `json:"windows"`          // by provider, account and length; never nil
	Reason     string    `json:"reason,omitempty"` // why there are none
}

// Window is one window of an account.
type Window struct {
	AccountName string `json:"account_name"` // the file of the account without .json; empty: not known
	quota.Seen
	ResetsInS  *float64 `json:"resets_in_s"`   // until the reset; null: not known
	RunsOutInS *float64 `json:"runs_out_in_s"` // until it is used up at this pace; null: not before the reset
	UsedUp     bool     `json:"used_up"`       // the provider refuses requests until the reset
}

// Read asks the router for the windows that it has seen. An untrusted configuration's
// router is not asked. Faults: those of supervisor.Query.
func Read(ctx context.Context, cfg *config.Config, env auth.Environment) (Overview, error) {
	query := supervisor.QueryWithDeployments
	if env.Untrusted {
		query = supervisor.Query
	}
	status, err := query(ctx, cfg)
	if err != nil {
		return Overview{ObservedAt: env.Now().UTC(), Windows: []Window{}}, err
	}
	return FromStatus(ctx, cfg, env, status), nil
}

// FromStatus returns the windows that a status holds.
func FromStatus(ctx context.Context, cfg *config.Config, env auth.Environment, status control.Status) Overview {
	o := Overview{ObservedAt: env.Now().UTC(), Windows: []Window{}, Reason: whyNone(cfg, env, status)}
	var seen []quota.Seen
	for _, svc := range status.Services {
		if svc.Router != nil {
			seen = append(seen, svc.Router.Quota...)
		}
	}
	o.Source = "router"
	if len(seen) == 0 {
		o.Source, seen = "ledger", readLedger(cfg, env)
	}
	if len(seen) == 0 {
		o.Source = ""
		return o
	}
	names := accountNames(ctx, cfg, env)
	for _, s := range seen {
		o.Windows = append(o.Windows, describe(s, names[s.Account], env.Now()))
	}
	o.Reason = ""
	return o
}

// FromRouter returns the windows that a router has seen that runs elsewhere; its accounts have no names here.
func FromRouter(seen []quota.Seen, now time.Time) Overview {
	o := Overview{ObservedAt: now.UTC(), Source: "router", Windows: []Window{}}
	for _, s := range seen {
		o.Windows = append(o.Windows, describe(s, "", now))
	}
	if len(seen) == 0 {
		o.Source, o.Reason = "", "the router has seen no quota windows in replies yet"
	}
	return o
}

// readLedger returns the windows that earlier routers have seen; none where the ledger cannot be
// read, of which usage:report says why.
func readLedger(cfg *config.Config, env auth.Environment) []quota.Seen {
	svc, ok := cfg.Service(config.LiteLLM)
	if env.Untrusted || !ok || svc.Runtime != config.RuntimeEmbedded {
		return nil
	}
	r, err := ledger.Open(cfg.Paths.Usage())
	if err != nil {
		return nil
	}
	defer func() { _ = r.Close() }()
	seen, err := r.Quota(env.Now())
	if err != nil {
		return nil
	}
	for i, s := range seen {
		if s.SharePerHour == nil {
			seen[i] = s.WithMeanPace()
		}
	}
	return seen
}

// describe returns a window as reports show it.
func describe(s quota.Seen, name string, now time.Time) Window {
	w := Window{AccountName: name, Seen: s, UsedUp: s.IsUsedUp()}
	if s.ResetsAt != nil {
		w.ResetsInS = new(s.ResetsAt.Sub(now).Round(time.Second).Seconds())
	}
	if s.RunsOutAt != nil {
		w.RunsOutInS = new(max(0, s.RunsOutAt.Sub(now)).Round(time.Second).Seconds())
	}
	return w
}

// whyNone returns why no window is known, when none is.
func whyNone(cfg *config.Config, env auth.Environment, status control.Status) string {
	svc, ok := cfg.Service(config.LiteLLM)
	switch {
	case !ok:
		return "this configuration has no router"
	case svc.Runtime != config.RuntimeEmbedded:
		return "the router is LiteLLM, which keeps no quota windows (services.litellm.runtime: embedded does)"
	case env.Untrusted:
		return program.Text("the configuration is not trusted, so the router was not asked (mage trust)")
	}
	for _, s := range status.Services {
		if s.Name == config.LiteLLM && s.Live && s.Ready {
			return "no reply has named a quota since the router started; CLIProxyAPI passes them on with " +
				"passthrough-headers: true"
		}
	}
	return program.Text("the router does not run (mage start)")
}

// accountNames returns the accounts by CLIProxyAPI's auth_index. What cannot be read has no
// name.
func accountNames(ctx context.Context, cfg *config.Config, env auth.Environment) map[string]string {
	accounts, err := auth.Accounts(ctx, cfg, env)
	if err != nil {
		return nil
	}
	names := map[string]string{}
	for _, a := range accounts {
		names[AuthIndex(a.Credential().Type, a.File)] = a.Account
	}
	return names
}

// AuthIndex returns the auth_index that CLIProxyAPI 7 gives to a credential: the beginning
// of the SHA-256 of its type and its file's absolute path (sdk/cliproxy/auth/types.go,
// indexSeed and stableAuthIndex, version 7.2.99).
func AuthIndex(credentialType, file string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(strings.TrimSpace(credentialType)) + ":" + file))
	return hex.EncodeToString(sum[:8])
}
