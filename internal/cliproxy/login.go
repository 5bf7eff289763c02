package cliproxy

import (
	"context"
	"errors"
	"net/http"
	"net/url"
)

// Login is a sign-in that the server has begun.
type Login struct {
	URL       string `json:"url"`
	State     string `json:"state"`
	Flow      string `json:"flow"`      // "device", or "" for a browser flow
	Method    string `json:"method"`    // Plus 6, kiro: "device_code" or "social"; URL and code come with Progress
	UserCode  string `json:"user_code"` // device flows
	ExpiresIn int    `json:"expires_in"`
}

// Begin starts a sign-in. word is the provider's name in
// /v0/management/WORD-auth-url. It returns ErrUnsupported if the server does not know
// that name.
func (c *Client) Begin(ctx context.Context, word string, query map[string]string) (Login, error) {
	var l Login
	values := url.Values{}
	for name, value := range query {
		values.Set(name, value)
	}
	err := c.call(ctx, http.MethodGet, url.PathEscape(word)+"-auth-url", values, nil, &l)
	return l, err
}

// The values of Progress.Status.
const (
	Waiting    = "wait"
	Done       = "ok" // Plus 6 also reports it for a state that it does not know: look for a file
	Failed     = "error"
	DeviceCode = "device_code" // Plus 6: show the code
	AuthURL    = "auth_url"    // Plus 6: show the URL
)

// Progress is the state of a sign-in.
type Progress struct {
	Status          string `json:"status"`
	Error           string `json:"error"`
	URL             string `json:"url"`
	VerificationURL string `json:"verification_url"`
	UserCode        string `json:"user_code"`
}

// Progress returns the state of the sign-in with that state parameter.
func (c *Client) Progress(ctx context.Context, state string) (Progress, error) {
	var p Progress
	err := c.call(ctx, http.MethodGet, "get-auth-status", url.Values{"state": {state}}, nil, &p)
	return p, err
}

// Deliver passes on the browser's answer. Generation 7 takes it by POST and refuses an
// unknown state; the older one takes it at /WORD/callback and accepts anything, so that
// nil is not a proof there.
func (c *Client) Deliver(ctx context.Context, word string, answer url.Values) error {
	in := map[string]string{"state": answer.Get("state"), "code": answer.Get("code"), "error": answer.Get("error")}
	err := c.call(ctx, http.MethodPost, "oauth-callback", nil, in, nil)
	if !errors.Is(err, ErrUnsupported) {
		return err
	}
	key := c.Key
	c.Key = "" // this route needs none
	defer func() { c.Key = key }()
	_, status, err := c.send(ctx, http.MethodGet, "/"+url.PathEscape(word)+"/callback", answer, nil)
	if err == nil && status >= http.StatusBadRequest {
		return &ReplyError{Status: status, Reason: "its callback page refused the answer"}
	}
	return err
}

// Cancel ends a sign-in. The older generation cannot; its sign-ins time out.
func (c *Client) Cancel(ctx context.Context, state string) error {
	err := c.call(ctx, http.MethodDelete, "oauth-session", url.Values{"state": {state}}, nil, nil)
	if errors.Is(err, ErrUnsupported) {
		return nil
	}
	return err
}
