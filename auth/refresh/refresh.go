// Package refresh renews access tokens at the provider itself (auth:refresh): Accounts
// does it. CLIProxyAPI renews its accounts on its own; this package is for providers
// whose token endpoint is configured.
package refresh

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/samber/lo"
	"golang.org/x/oauth2"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/auth/draft"
	"github.com/flowgate-go/flowgate/auth/grant"
	"github.com/flowgate-go/flowgate/auth/provider"
	"github.com/flowgate-go/flowgate/auth/signin/oauth"
	"github.com/flowgate-go/flowgate/auth/vault"
	"github.com/flowgate-go/flowgate/auth/vault/proof"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/privatefile"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// afterInterrupt is how long a renewal whose request was sent may continue after
// Ctrl-C: mage ends the process 5 s after it.
const afterInterrupt = 4 * time.Second

// Accounts renews the access tokens of the accounts that name means: all of a provider,
// or one account. It writes each file as soon as the answer is there. If ctx ends while
// a request is under way, it waits up to afterInterrupt for the answer and saves it,
// since a refresh token that can be used once would otherwise be lost; an answer that
// comes later is lost, and the fault says so. If some accounts cannot be renewed, it
// returns an error and a change that lists both kinds. A grant that the provider refuses
// is recorded, so that auth.Accounts shows it as dead. Faults: provider-unknown, account-unknown,
// refresh-unsupported, grant-dead, login-failed, write-failed, locked.
func Accounts(ctx context.Context, cfg *config.Config, env auth.Environment, name string) (auth.Change, error) {
	unlock, err := vault.Lock(ctx, auth.Folder(cfg, env))
	if err != nil {
		return auth.Change{}, err
	}
	defer unlock()
	p, accounts, err := findRenewable(ctx, cfg, env, name)
	if err != nil {
		return auth.Change{}, err
	}
	changes, failed, err := renewAll(ctx, cfg, env, p, accounts)
	if err = errors.Join(err, proof.StillInPlace(proof.All(ctx, cfg, env, changes))); err != nil {
		err = firstFault(err)
	}
	if len(changes) == 0 {
		return auth.Change{Warnings: []auth.Warning{}, Failed: failed}, err
	}
	first := changes[0]
	first.Others, first.Failed = changes[1:], failed
	return first, err
}

// renewAll renews the accounts one after the other. After ctx has ended it begins no
// further renewal.
func renewAll(ctx context.Context, cfg *config.Config, env auth.Environment, p provider.Provider,
	accounts []auth.Account) ([]auth.Change, []auth.Failure, error) {
	var changes []auth.Change
	var failed []auth.Failure
	var failures []error
	for _, a := range accounts {
		if ctx.Err() != nil {
			failures = append(failures, ctx.Err())
			failed = append(failed, auth.Failure{Account: a.Account, Code: "interrupted", Message: "its renewal was not begun"})
			continue
		}
		r := &renewer{cfg: cfg, client: &oauth.Client{Provider: p, Env: env}}
		c, err := r.renew(ctx, a)
		if err != nil {
			failures = append(failures, fmt.Errorf("renew %s: %w", a.Account, err))
			failed = append(failed, auth.Failure{Account: a.Account, Code: fault.From(err).Code, Message: err.Error()})
			continue
		}
		changes = append(changes, c)
	}
	return changes, failed, errors.Join(failures...)
}

// firstFault returns err with the code and the hint of the first fault in it.
func firstFault(err error) error {
	f := *fault.From(err)
	f.Message = strings.ReplaceAll(err.Error(), "\n", "; ")
	return &f
}

// findRenewable returns the provider that name means, and those of its accounts that can
// be renewed. If name means an account, these are its provider and that account alone.
func findRenewable(ctx context.Context, cfg *config.Config, env auth.Environment,
	name string) (provider.Provider, []auth.Account, error) {
	accounts, err := auth.Accounts(ctx, cfg, env)
	if err != nil {
		return provider.Provider{}, nil, err
	}
	p, err := provider.Find(cfg, name)
	if err != nil {
		a, unknown := auth.FindAccount(accounts, name)
		if unknown != nil {
			return p, nil, err
		}
		accounts = []auth.Account{a}
		if p, err = provider.Find(cfg, a.Provider); err != nil {
			return p, nil, err
		}
	}
	if p.Settings.TokenURL == "" {
		return p, nil, fault.New("refresh-unsupported",
			"only CLIProxyAPI renews credentials of %s, shortly before they expire", p.Name).
			WithHint("start it (mage start); or set token_url and client_id in auth.providers.%s", p.Name)
	}
	accounts = lo.Filter(accounts, func(a auth.Account, _ int) bool {
		return a.Provider == p.Name && a.Refreshable && !a.Disabled
	})
	if len(accounts) == 0 {
		return p, nil, fault.New("account-unknown", "%s has no account that can be renewed", p.Name).
			WithHint("mage auth:status %s lists its accounts", p.Name)
	}
	return p, accounts, nil
}

// renewer renews the accounts of one provider.
type renewer struct {
	cfg    *config.Config
	client *oauth.Client
}

// renew renews one account. It prepares the file before it sends the request: after
// the answer the old refresh token may be invalid.
func (r *renewer) renew(ctx context.Context, a auth.Account) (auth.Change, error) {
	none := auth.Change{}
	conf, err := r.client.Config("")
	if err != nil {
		return none, err
	}
	old, err := safefile.Read(a.File, credential.MaxSize)
	if err != nil {
		return none, privatefile.Unwritable(a.File, err)
	}
	replacement, err := vault.Prepare(a.File)
	if err != nil {
		return none, err
	}
	defer replacement.Discard()
	token, err := r.exchangeGrant(ctx, conf, a.Credential().RefreshToken)
	if err != nil {
		return none, r.recordRefusal(a, oauth.Refusal(r.client.Provider.Name, err))
	}
	d := draft.Draft{Provider: r.client.Provider, Fields: r.client.TokenFields(token)}
	content, err := d.Text(withoutExpiry(old, token.Expiry))
	if err != nil {
		return none, err
	}
	if err := replacement.Write(content); err != nil {
		return none, err
	}
	return auth.Change{Changed: true, Destination: a.File, Proof: "the provider gave a new access token",
		Warnings: r.warnSignedOut(context.WithoutCancel(ctx), a.Credential().RefreshToken, token.RefreshToken)}, nil
}

// recordRefusal records that the grant is dead if the provider said so, and returns the
// refusal.
func (r *renewer) recordRefusal(a auth.Account, refusal error) error {
	if !fault.HasCode(refusal, "grant-dead") {
		return refusal
	}
	return errors.Join(refusal, auth.RecordState(r.cfg, a.File, a.Credential().RefreshToken, auth.Dead, refusal.Error(),
		r.client.Env.Now()))
}

// warnSignedOut returns one warning for each tool that held the old refresh token, if
// the provider replaced it.
func (r *renewer) warnSignedOut(ctx context.Context, old, renewed string) []auth.Warning {
	warnings := []auth.Warning{}
	if old == renewed {
		return warnings
	}
	for _, h := range grant.ToolHolders(ctx, []provider.Provider{r.client.Provider}, r.client.Env) {
		if h.Holds(old) {
			warnings = append(warnings, auth.Warning{Code: "grant-shared",
				Message: fmt.Sprintf("%s had the same grant; %s is now signed out there", h.File, h.Account)})
		}
	}
	return warnings
}

// withoutExpiry returns a credential file without the expiry of its old access token.
// Other keys than "expired" that the server may read get the new expiry.
func withoutExpiry(file []byte, expires time.Time) []byte {
	var members map[string]json.RawMessage
	if json.Unmarshal(file, &members) != nil {
		return file // Draft.Text replaces what is not an object
	}
	for _, name := range credential.ExpiryKeys() {
		old, ok := members[name]
		switch {
		case !ok:
		case bytes.HasPrefix(old, []byte(`"`)) && !expires.IsZero():
			members[name] = json.RawMessage(`"` + credential.FormatTime(expires) + `"`)
		default:
			delete(members, name)
		}
	}
	text, _ := json.Marshal(members) // parts of valid JSON
	return text
}

// exchangeGrant exchanges the refresh token for new tokens. Once the request is sent,
// the end of ctx only shortens the wait for the answer.
func (r *renewer) exchangeGrant(ctx context.Context, conf *oauth2.Config, grant string) (*oauth2.Token, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	exchange, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		if r.client.Env.Wait(exchange, afterInterrupt) == nil {
			cancel()
		}
	})
	defer stop()
	expired := &oauth2.Token{RefreshToken: grant, Expiry: time.Unix(1, 0)}
	token, err := conf.TokenSource(r.client.Context(exchange), expired).Token()
	if err != nil && ctx.Err() != nil && exchange.Err() != nil {
		return nil, fault.New("login-failed",
			"%s did not answer within %s of the interruption; it may have used up the refresh token", r.client.Provider.Name,
			afterInterrupt).
			WithHint("mage auth:refresh %s tries again; if it is refused then, mage auth:login %s", r.client.Provider.Name,
				r.client.Provider.Name)
	}
	return token, err
}
