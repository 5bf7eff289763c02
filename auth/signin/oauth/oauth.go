// Package oauth speaks OAuth 2 with a provider's endpoints, for sign-ins and for
// renewals. The protocol itself is golang.org/x/oauth2's.
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
	OnLost   func(error) // called with each lost answer, and with nil after an answer; may be nil
}

// Config returns the provider's settings for x/oauth2. Fault: provider-invalid.
func (c *Client) Config(redirect string) (*oauth2.Config, error) {
	set := c.Provider.Settings
	for _, at := range [...]string{set.AuthURL, set.TokenURL, set.DeviceURL} {
		if err := retry.CheckAddress(c.Provider.Name, at); err != nil {
			return nil, err
		}
	}
	conf := &oauth2.Config{
		ClientID: set.ClientID, RedirectURL: redirect, Scopes: set.Scopes,
		Endpoint: oauth2.Endpoint{AuthURL: set.AuthURL, TokenURL: set.TokenURL, DeviceAuthURL: set.DeviceURL,
			AuthStyle: oauth2.AuthStyleInParams},
	}
	if set.ClientSecretEnv != "" {
		conf.ClientSecret = c.Env.Getenv(set.ClientSecretEnv)
	}
	return conf, nil
}

// Context returns a context with which x/oauth2 sends each request once, as the provider
// wants it.
func (c *Client) Context(ctx context.Context) context.Context {
	client := retry.NewClient()
	client.Transport = c.transport()
	return context.WithValue(ctx, oauth2.HTTPClient, client)
}

// RetryContext returns a context as Context does, for requests that may be repeated: they
// are sent at most tries times or, if tries is 0, until ctx ends. pause is the shortest
// wait before a repetition.
func (c *Client) RetryContext(ctx context.Context, pause time.Duration, tries int) context.Context {
	client := retry.NewClient()
	client.Timeout = 0 // the transport bounds each try
	client.Transport = &retry.Transport{Ctx: ctx, Base: c.transport(), Pause: pause,
		Sleep: c.Env.Wait, Tries: tries, Note: c.OnLost}
	return context.WithValue(ctx, oauth2.HTTPClient, client)
}

// transport returns the transport that encodes token requests as the provider wants.
func (c *Client) transport() http.RoundTripper {
	if c.Provider.Settings.TokenEncoding == "json" {
		return jsonBodies{}
	}
	return http.DefaultTransport
}

// jsonBodies sends a form as a JSON object. RFC 6749 requires a form, but Anthropic's
// token endpoint accepts JSON only.
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

// TokenFields returns the members of a credential file for a token.
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

// Refusal returns the fault for an error of a token endpoint: login-denied,
// login-expired, grant-dead or login-failed. It shows the endpoint's error code and
// description only, since the rest of the body may hold tokens.
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
	what := fmt.Sprintf("%s answered %s %s", provider, r.Response.Status,
		printable.Excerpt(strings.TrimSpace(r.ErrorCode+" "+r.ErrorDescription)))
	switch r.ErrorCode {
	case "access_denied":
		return fault.New("login-denied", "the sign-in was refused: %s", what).WithHint("run it again and allow it there")
	case "expired_token":
		return fault.New("login-expired", "the code was not entered in time: %s", what).
			WithHint("run it again for a new code")
	case "invalid_grant":
		return fault.New("grant-dead", "the grant is refused: %s", what).
			WithHint("sign in again: mage auth:login %s", provider)
	}
	return fault.New("login-failed", "%s", what).WithHint("run it again; is the clock of this machine right?")
}
