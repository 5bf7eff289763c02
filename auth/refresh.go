package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/samber/lo"
	"golang.org/x/oauth2"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/regular"
)

// Refresh renews the access tokens of a provider's accounts, or of the one
// account that which names, at the provider itself, and writes each at once: a
// refresh token that may be used once must not be lost. A grant that the provider
// refuses is remembered, so that status can say so. Faults: provider-unknown,
// account-unknown, refresh-unsupported, grant-dead, login-failed, write-failed, locked.
func Refresh(ctx context.Context, cfg *config.Config, env Environment, which string) (Change, error) {
	unlock, err := lock(ctx, Folder(cfg, env))
	if err != nil {
		return Change{}, err
	}
	defer unlock()
	p, accounts, err := renewable(ctx, cfg, env, which)
	if err != nil {
		return Change{}, err
	}
	s := &signIn{cfg: cfg, env: env, provider: p}
	var changes []Change
	var failures []error
	for _, a := range accounts {
		c, err := s.renew(ctx, a)
		if err != nil {
			failures = append(failures, fmt.Errorf("renew %s: %w", a.Account, err))
			continue
		}
		changes = append(changes, c)
	}
	d := desk{cfg: cfg, env: env}
	if err := errors.Join(append(failures, d.proveAll(ctx, changes))...); err != nil {
		return Change{}, firstFault(err)
	}
	first := changes[0]
	first.Others = changes[1:]
	return first, nil
}

// firstFault is err with the code and the hint of the first fault in it.
func firstFault(err error) error {
	f := *fault.From(err)
	f.Message = strings.ReplaceAll(err.Error(), "\n", "; ")
	return &f
}

// renewable finds the provider and those of its accounts that can be renewed.
func renewable(ctx context.Context, cfg *config.Config, env Environment, which string) (Provider, []Account, error) {
	accounts, err := Accounts(ctx, cfg, env)
	if err != nil {
		return Provider{}, nil, err
	}
	p, err := Find(cfg, which)
	if err != nil {
		a, unknown := pick(accounts, which)
		if unknown != nil {
			return p, nil, err
		}
		accounts = []Account{a}
		if p, err = Find(cfg, a.Provider); err != nil {
			return p, nil, err
		}
	}
	if p.Settings.TokenURL == "" {
		return p, nil, fault.New("refresh-unsupported", "credentials of %s are renewed by CLIProxyAPI alone, when they come near their end", p.Name).
			WithHint("let it run (mage start); or set token_url and client_id in auth.providers.%s", p.Name)
	}
	accounts = lo.Filter(accounts, func(a Account, _ int) bool { return a.Provider == p.Name && a.Refreshable && !a.Disabled })
	if len(accounts) == 0 {
		return p, nil, fault.New("account-unknown", "there is no account of %s that can be renewed", p.Name).WithHint("mage auth:status %s shows what there is", p.Name)
	}
	return p, accounts, nil
}

// renew renews one account. The temporary file is there before the provider is
// asked: once it has answered the old refresh token may be worth nothing.
func (s *signIn) renew(ctx context.Context, a Account) (Change, error) {
	none := Change{}
	conf, err := s.oauth("")
	if err != nil {
		return none, err
	}
	old, err := regular.Read(a.File)
	if err != nil {
		return none, unwritable(a.File, err)
	}
	pending, err := begin(a.File)
	if err != nil {
		return none, err
	}
	defer func() { _ = pending.Cleanup() }()
	expired := &oauth2.Token{RefreshToken: a.grant, Expiry: time.Unix(1, 0)}
	token, err := conf.TokenSource(s.withClient(ctx), expired).Token()
	if err != nil {
		err = refusal(s.provider.Name, err)
		if isCode(err, "grant-dead") {
			err = errors.Join(err, observe(s.cfg, a.File, a.grant, Dead, err.Error(), s.env.Now()))
		}
		return none, err
	}
	d := draft{provider: s.provider, fields: s.tokenFields(token)}
	content, err := d.content(old)
	if err != nil {
		return none, err
	}
	if err := finish(pending, a.File, content); err != nil {
		return none, err
	}
	c := Change{Changed: true, Destination: a.File, Warnings: []Warning{}, Proof: "the provider gave a new access token"}
	for _, h := range foreign(ctx, []Provider{s.provider}, s.env) {
		if h.grant == a.grant && token.RefreshToken != a.grant {
			c.Warnings = append(c.Warnings, Warning{"grant-shared", fmt.Sprintf("%s had the same grant; %s is signed out there now", h.File, h.Account)})
		}
	}
	return c, nil
}
