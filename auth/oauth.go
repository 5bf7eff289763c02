package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/flowgate-go/flowgate/internal/fault"
)

// oauth is the provider as an OAuth 2 client sees it. Fault: provider-invalid.
func (s *signIn) oauth(redirect string) (*oauth2.Config, error) {
	set := s.provider.Settings
	for _, at := range [...]string{set.AuthURL, set.TokenURL, set.DeviceURL} {
		if err := secure(s.provider.Name, at); err != nil {
			return nil, err
		}
	}
	c := &oauth2.Config{
		ClientID: set.ClientID, RedirectURL: redirect, Scopes: set.Scopes,
		Endpoint: oauth2.Endpoint{AuthURL: set.AuthURL, TokenURL: set.TokenURL, DeviceAuthURL: set.DeviceURL, AuthStyle: oauth2.AuthStyleInParams},
	}
	if set.ClientSecretEnv != "" {
		c.ClientSecret = s.env.Getenv(set.ClientSecretEnv)
	}
	return c, nil
}

// secure refuses to send tokens in the clear to another machine.
func secure(provider, address string) error {
	if address == "" {
		return nil
	}
	at, err := url.Parse(address)
	if err == nil && at.Host != "" && (at.Scheme == "https" || at.Scheme == "http" && isThisMachine(at.Hostname())) {
		return nil
	}
	return fault.Usage("provider-invalid", "auth.providers.%s: %q is not an https address", provider, withoutSecrets(address)).
		WithHint("keys and tokens are sent over https only, or over http to this machine")
}

// isThisMachine reports whether host is the loopback interface.
func isThisMachine(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.Unmap().IsLoopback()
}

// withoutSecrets is an address without what may be secret in it: the user and
// the query.
func withoutSecrets(address string) string {
	at, err := url.Parse(address)
	if err != nil {
		return "…"
	}
	at.User, at.RawQuery, at.Fragment = nil, "", ""
	return at.String()
}

// providerClient speaks to providers, through the proxy of the environment. It
// follows no redirects: a token endpoint has none.
func providerClient() *http.Client {
	return &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// withClient makes x/oauth2 use that client, and JSON where the provider wants it.
func (s *signIn) withClient(ctx context.Context) context.Context {
	c := providerClient()
	c.Transport = s.encoding()
	return context.WithValue(ctx, oauth2.HTTPClient, c)
}

// withRetries is withClient for requests that may be sent again: tries times,
// or, when that is 0, until ctx ends.
func (s *signIn) withRetries(ctx context.Context, pause time.Duration, tries int) context.Context {
	c := providerClient()
	c.Timeout = 0 // the transport bounds each try
	c.Transport = &retryTransport{ctx: ctx, base: s.encoding(), pause: pause, tries: tries, note: func(err error) { s.lost = err }}
	return context.WithValue(ctx, oauth2.HTTPClient, c)
}

// encoding is how the provider wants the bodies of token requests.
func (s *signIn) encoding() http.RoundTripper {
	if s.provider.Settings.TokenEncoding == "json" {
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

// tokenFields are a token as CLIProxyAPI's files have it.
func (s *signIn) tokenFields(t *oauth2.Token) map[string]any {
	fields := map[string]any{"access_token": t.AccessToken, "last_refresh": stamp(s.env.Now())}
	if t.RefreshToken != "" {
		fields["refresh_token"] = t.RefreshToken
	}
	if !t.Expiry.IsZero() {
		fields["expired"] = stamp(t.Expiry)
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
	claims, _ := readClaims(id)
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
		claims.Email = firstOf(claims.Email, email)
	}
	for key, value := range map[string]string{"email": claims.Email, "account_id": claims.Account, "sub": claims.Subject} {
		if value != "" {
			fields[key] = value
		}
	}
	return fields
}

// refusal makes a clear fault of what a token endpoint said. Its body is not
// shown whole: it may hold tokens.
func refusal(provider string, err error) error {
	var r *oauth2.RetrieveError
	if !errors.As(err, &r) {
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		if isOdd(err) {
			return unexpected(fmt.Errorf("the token endpoint of %s: %w", provider, err))
		}
		return network(provider, err)
	}
	what := fmt.Sprintf("%s answered %s %s", provider, r.Response.Status, shown(strings.TrimSpace(r.ErrorCode+" "+r.ErrorDescription)))
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

// network is a failure on the way, without the URL, whose query may hold a code.
// Without a URL there was an answer, which could not be read.
func network(what string, err error) error {
	var u *url.Error
	var lost *transientError
	switch {
	case errors.As(err, &u):
		err = u.Err
	case !errors.As(err, &lost):
		return fault.New("login-failed", "%s did not answer as expected: %w", what, err).WithHint("is the address right, and no portal or proxy in the way?")
	}
	return fault.New("login-failed", "%s cannot be reached: %w", what, err).WithHint("is the network up, and HTTPS_PROXY right?")
}
