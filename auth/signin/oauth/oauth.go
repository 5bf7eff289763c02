package oauth

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/flowgate-go/flowgate/auth"
	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/auth/provider"
	"github.com/flowgate-go/flowgate/auth/signin/retry"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/printable"
)

// Client talks to a provider's OAuth endpoints.
type Client struct {
	Provider provider.Provider
	Env      auth.Environment
	OnLost   func(error) // told of each answer that was lost, and nil once one arrived; nil when nothing is repeated
}

// Config is the provider as an OAuth 2 client sees it. Fault: provider-invalid.
func (c *Client) Config(redirect string) (*oauth2.Config, error) {
	set := c.Provider.Settings
	for _, at := range [...]string{set.AuthURL, set.TokenURL, set.DeviceURL} {
		if err := retry.CheckAddress(c.Provider.Name, at); err != nil {
			return nil, err
		}
	}
	conf := &oauth2.Config{
		ClientID: set.ClientID, RedirectURL: redirect, Scopes: set.Scopes,
		Endpoint: oauth2.Endpoint{AuthURL: set.AuthURL, TokenURL: set.TokenURL, DeviceAuthURL: set.DeviceURL, AuthStyle: oauth2.AuthStyleInParams},
	}
	if set.ClientSecretEnv != "" {
		conf.ClientSecret = c.Env.Getenv(set.ClientSecretEnv)
	}
	return conf, nil
}

// Context makes x/oauth2 use that client, and JSON where the provider wants it.
func (c *Client) Context(ctx context.Context) context.Context {
	client := retry.NewClient()
	client.Transport = c.transport()
	return context.WithValue(ctx, oauth2.HTTPClient, client)
}

// RetryContext is withClient for requests that may be sent again: tries times,
// or, when that is 0, until ctx ends.
func (c *Client) RetryContext(ctx context.Context, pause time.Duration, tries int) context.Context {
	client := retry.NewClient()
	client.Timeout = 0 // the transport bounds each try
	client.Transport = &retry.Transport{Ctx: ctx, Base: c.transport(), Pause: pause, Tries: tries, Note: c.OnLost}
	return context.WithValue(ctx, oauth2.HTTPClient, client)
}

// transport is how the provider wants the bodies of token requests.
func (c *Client) transport() http.RoundTripper {
	if c.Provider.Settings.TokenEncoding == "json" {
		return jsonBodies{}
	}
	return http.DefaultTransport
}

// jsonBodies sends a form as a JSON object. RFC 6749 wants a form; Anthropic's
// token endpoint takes JSON only.
type jsonBodies struct{}

// RoundTrip implements http.RoundTripper.
func (jsonBodies) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body == nil || !strings.HasPrefix(req.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return http.DefaultTransport.RoundTrip(req)
	}
	text, err := io.ReadAll(req.Body)
	_ = req.Body.Close()
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, err
	}
	object := map[string]string{}
	for name := range form {
		object[name] = form.Get(name)
	}
	body, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	next := req.Clone(req.Context())
	next.Header.Set("Content-Type", "application/json")
	next.Body, next.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return http.DefaultTransport.RoundTrip(next)
}

// TokenFields are a token as CLIProxyAPI's files have it.
func (c *Client) TokenFields(t *oauth2.Token) map[string]any {
	fields := map[string]any{"access_token": t.AccessToken, "last_refresh": credential.FormatTime(c.Env.Now())}
	if t.RefreshToken != "" {
		fields["refresh_token"] = t.RefreshToken
	}
	if !t.Expiry.IsZero() {
		fields["expired"] = credential.FormatTime(t.Expiry)
	}
	if t.TokenType != "" {
		fields["token_type"] = t.TokenType
	}
	for _, key := range [...]string{"id_token", "scope", "resource_url"} {
		if value, ok := t.Extra(key).(string); ok && value != "" {
			fields[key] = value
		}
	}
	id, _ := fields["id_token"].(string)
	claims, _ := credential.ReadClaims(id)
	account, _ := t.Extra("account").(map[string]any) // Anthropic's reply names both
	organization, _ := t.Extra("organization").(map[string]any)
	for key, value := range map[string]any{
		"account_uuid": account["uuid"], "organization_uuid": organization["uuid"], "organization_name": organization["name"],
	} {
		if text, ok := value.(string); ok && text != "" {
			fields[key] = text
		}
	}
	if email, ok := account["email_address"].(string); ok {
		claims.Email = cmp.Or(claims.Email, email)
	}
	for key, value := range map[string]string{"email": claims.Email, "account_id": claims.Account, "sub": claims.Subject} {
		if value != "" {
			fields[key] = value
		}
	}
	return fields
}

// Refusal makes a clear fault of what a token endpoint said. Its body is not
// shown whole: it may hold tokens.
func Refusal(provider string, err error) error {
	var r *oauth2.RetrieveError
	if !errors.As(err, &r) {
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		if retry.IsForeign(err) {
			return retry.UnexpectedAnswer(fmt.Errorf("the token endpoint of %s: %w", provider, err))
		}
		return retry.Unreachable(provider, err)
	}
	what := fmt.Sprintf("%s answered %s %s", provider, r.Response.Status, printable.Excerpt(strings.TrimSpace(r.ErrorCode+" "+r.ErrorDescription)))
	switch r.ErrorCode {
	case "access_denied":
		return fault.New("login-denied", "the sign-in was refused: %s", what).WithHint("run it again and allow it there")
	case "expired_token":
		return fault.New("login-expired", "the code was not typed in time: %s", what).WithHint("run it again for a new code")
	case "invalid_grant":
		return fault.New("grant-dead", "the grant is refused: %s", what).WithHint("sign in again: mage auth:login %s", provider)
	}
	return fault.New("login-failed", "%s", what).WithHint("run it again; is the clock of this machine right?")
}
