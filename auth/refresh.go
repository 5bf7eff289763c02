package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/samber/lo"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
	"golang.org/x/oauth2"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// afterInterrupt is how long a renewal that was sent may go on after Ctrl-C:
// mage ends the process 5 s after it.
const afterInterrupt = 4 * time.Second

// Refresh renews the access tokens of a provider's accounts, or of the one
// account that which names, at the provider itself, and writes each at once. A
// renewal that was sent is waited for and saved even when ctx ends: a refresh
// token that may be used once would be lost otherwise. When some accounts cannot
// be renewed, the change says which were and which were not, beside the error. A
// grant that the provider refuses is remembered, so that status can say so.
// Faults: provider-unknown, account-unknown, refresh-unsupported, grant-dead,
// login-failed, write-failed, locked.
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
	changes, failed, err := renewAll(ctx, cfg, env, p, accounts)
	d := desk{cfg: cfg, env: env}
	if err = errors.Join(err, placed(d.proveAll(ctx, changes))); err != nil {
		err = firstFault(err)
	}
	if len(changes) == 0 {
		return Change{Warnings: []Warning{}, Failed: failed}, err
	}
	first := changes[0]
	first.Others, first.Failed = changes[1:], failed
	return first, err
}

// renewAll renews one account after the other. After ctx has ended no further
// renewal is begun.
func renewAll(ctx context.Context, cfg *config.Config, env Environment, p Provider, accounts []Account) ([]Change, []Failure, error) {
	var changes []Change
	var failed []Failure
	var failures []error
	for _, a := range accounts {
		if ctx.Err() != nil {
			failures = append(failures, ctx.Err())
			failed = append(failed, Failure{a.Account, "interrupted", "it was not begun"})
			continue
		}
		s := &signIn{cfg: cfg, env: env, provider: p}
		c, err := s.renew(ctx, a)
		if err != nil {
			failures = append(failures, fmt.Errorf("renew %s: %w", a.Account, err))
			failed = append(failed, Failure{a.Account, fault.From(err).Code, err.Error()})
			continue
		}
		changes = append(changes, c)
	}
	return changes, failed, errors.Join(failures...)
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
	old, err := safefile.Read(a.File, maxFile)
	if err != nil {
		return none, unwritable(a.File, err)
	}
	pending, err := begin(a.File)
	if err != nil {
		return none, err
	}
	defer func() { _ = pending.Cleanup() }()
	token, err := s.exchangeGrant(ctx, conf, a.grant)
	if err != nil {
		err = refusal(s.provider.Name, err)
		if isCode(err, "grant-dead") {
			err = errors.Join(err, observe(s.cfg, a.File, a.grant, Dead, err.Error(), s.env.Now()))
		}
		return none, err
	}
	d := draft{provider: s.provider, fields: s.tokenFields(token)}
	content, err := d.content(withoutExpiry(old, token.Expiry))
	if err != nil {
		return none, err
	}
	if err := finish(pending, a.File, content); err != nil {
		return none, err
	}
	c := Change{Changed: true, Destination: a.File, Warnings: []Warning{}, Proof: "the provider gave a new access token"}
	for _, h := range foreign(context.WithoutCancel(ctx), []Provider{s.provider}, s.env) {
		if h.grant == a.grant && token.RefreshToken != a.grant {
			c.Warnings = append(c.Warnings, Warning{"grant-shared", fmt.Sprintf("%s had the same grant; %s is signed out there now", h.File, h.Account)})
		}
	}
	return c, nil
}

// withoutExpiry is a file without the expiry of its old access token. Under keys
// that the server may read besides expired, it gets the new one.
func withoutExpiry(file []byte, expires time.Time) []byte {
	for name, value := range object(gjson.ParseBytes(file)) {
		if !slices.Contains(expiryKeys(), name) {
			continue
		}
		var changed []byte
		var err error
		if value.Type == gjson.String && !expires.IsZero() {
			changed, err = sjson.SetBytes(file, name, stamp(expires))
		} else {
			changed, err = sjson.DeleteBytes(file, name)
		}
		if err == nil {
			file = changed
		}
	}
	return file
}

// exchangeGrant asks the provider for new tokens. From the moment that the
// request is sent the end of ctx only shortens the wait for the answer.
func (s *signIn) exchangeGrant(ctx context.Context, conf *oauth2.Config, grant string) (*oauth2.Token, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	going, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		if sleep(going, afterInterrupt) == nil {
			cancel()
		}
	})
	defer stop()
	expired := &oauth2.Token{RefreshToken: grant, Expiry: time.Unix(1, 0)}
	token, err := conf.TokenSource(s.withClient(going), expired).Token()
	if err != nil && ctx.Err() != nil && going.Err() != nil {
		return nil, fault.New("login-failed", "%s did not answer within %s of the interruption; it may have used up the refresh token", s.provider.Name, afterInterrupt).
			WithHint("mage auth:refresh %s tries again; if it is refused then, mage auth:login %s", s.provider.Name, s.provider.Name)
	}
	return token, err
}
