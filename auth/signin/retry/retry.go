// Package retry repeats requests of a sign-in over an unreliable network: Poll repeats
// a question until it has an answer, Transport one HTTP request. Both tell apart lost
// answers, which are repeated, answers of another program (a captive portal), which
// are repeated a few times, and refusals, which end the sign-in.
package retry

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/samber/lo"
	"github.com/tidwall/gjson"

	"github.com/flowgate-go/flowgate/auth/credential"
	"github.com/flowgate-go/flowgate/internal/cliproxy"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/printable"
)

const (
	// MaxPause is the longest wait between two requests about a sign-in.
	MaxPause = 30 * time.Second
	// TryTimeout bounds one request to a provider; after it the request is repeated.
	TryTimeout = 15 * time.Second
	// SlowDown is added to the pause after slow_down (RFC 8628, section 3.5).
	SlowDown = 5 * time.Second
	// StartTries is how often a request that begins a sign-in is sent.
	StartTries = 3
	// maxForeign is how many foreign answers in a row end a sign-in: a captive portal
	// goes away soon, a wrong address does not.
	maxForeign = 5
)

// TransientError is a failure of the network or of a server that is overloaded
// or restarting: the same request may succeed the next time.
type TransientError struct {
	Err     error
	After   time.Duration // the Retry-After of the reply; 0: none
	Foreign bool          // another program answered: the request is repeated a few times only
}

// Error returns the text of Err.
func (e *TransientError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *TransientError) Unwrap() error { return e.Err }

// LostAnswer returns a failure of the network as a transient error. A certificate
// that cannot be verified is not transient: the fault login-failed.
func LostAnswer(err error) error {
	if bad := (*tls.CertificateVerificationError)(nil); errors.As(err, &bad) {
		return Unreachable("the server", err)
	}
	return &TransientError{Err: err}
}

// ForeignAnswer returns the error for an answer of another program, such as the page
// of a captive portal. The request is sent at most maxForeign times.
func ForeignAnswer(from string, res *http.Response) error {
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	return &TransientError{Foreign: true, Err: fmt.Errorf("%s answered %s with %s, and not as expected", from, res.Status,
		lo.CoalesceOrEmpty(printable.Excerpt(kind), "no content type"))}
}

// IsForeign reports whether another program than the server answered.
func IsForeign(err error) bool {
	var lost *TransientError
	return errors.As(err, &lost) && lost.Foreign || fault.HasCode(err, "management-failed") || isRedirect(err)
}

// IsTransientStatus reports whether a request with that HTTP status may succeed later.
func IsTransientStatus(status int) bool {
	return status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout ||
		status == http.StatusTooEarly
}

// IsTransient reports whether the same request may succeed the next time.
func IsTransient(err error) bool {
	var lost *TransientError
	var reply *cliproxy.ReplyError
	switch {
	case errors.As(err, &lost):
		return true
	case errors.As(err, &reply):
		return IsTransientStatus(reply.Status) || isRedirect(err)
	}
	return fault.HasCode(err, "management-unreachable") || fault.HasCode(err, "management-failed")
}

// isRedirect reports whether the management API's reply is a redirect, which
// CLIProxyAPI never sends.
func isRedirect(err error) bool {
	var reply *cliproxy.ReplyError
	return errors.As(err, &reply) && reply.Status >= 300 && reply.Status < 400
}

// ReadRetryAfter returns how long a reply asks to wait: its Retry-After in
// seconds, or as a date after now. It returns 0 without a readable one.
func ReadRetryAfter(header http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(header.Get("Retry-After"))
	if seconds, err := strconv.ParseFloat(value, 64); err == nil && seconds > 0 && seconds < 1e6 {
		return time.Duration(seconds * float64(time.Second))
	}
	if at, err := http.ParseTime(value); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}

// Sleep waits for d. It returns the error of ctx if ctx ends first.
type Sleep = func(ctx context.Context, d time.Duration) error

// Poll calls ask until it reports the end, fails with an error that is not transient,
// or ctx ends. After a transient error it waits for a pause that doubles up to
// MaxPause, or as long as the reply's Retry-After asks, at most twice MaxPause; after
// maxForeign foreign answers in a row it gives up. pause is the time
// between two calls, and ask may change it. Poll calls note with each transient error, and
// with nil after an answer.
func Poll(ctx context.Context, sleep Sleep, pause *time.Duration, note func(error),
	ask func() (done bool, err error)) error {
	lost, foreign := 0, 0
	for {
		done, err := ask()
		wait := *pause
		switch {
		case err == nil && done:
			return nil
		case err == nil:
			lost, foreign = 0, 0
			note(nil)
		case ctx.Err() != nil:
			return ctx.Err()
		case !IsTransient(err):
			return err
		case IsForeign(err) && foreign+1 == maxForeign:
			return UnexpectedAnswer(err)
		default:
			foreign = lo.Ternary(IsForeign(err), foreign+1, 0)
			note(err)
			wait = pauseAfter(err, *pause, lost)
			lost++
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// UnexpectedAnswer returns the fault for a server whose answers are foreign every
// time: err itself if it is management-failed, else login-failed.
func UnexpectedAnswer(err error) error {
	if fault.HasCode(err, "management-failed") {
		return err
	}
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = fmt.Errorf("%s: %w", strings.TrimSuffix(err.Error(), ": "+u.Error()), u.Err)
	}
	return fault.New("login-failed", "%w", err).
		WithHint("is the address right? a captive portal or a proxy may answer in place of the server")
}

// pauseAfter returns the wait after the n-th failure in a row (from 0).
func pauseAfter(err error, pause time.Duration, n int) time.Duration {
	var lost *TransientError
	if errors.As(err, &lost) && lost.After > 0 {
		return max(pause, min(lost.After, 2*MaxPause))
	}
	return max(pause, min(pause<<min(n, 5), MaxPause))
}

// Transport repeats a request whose answer was lost or whose server could not answer.
// It reads each reply whole (at most 1 MB), so that a reply that breaks off counts as
// lost, too.
type Transport struct {
	Ctx   context.Context //nolint:containedctx // x/oauth2 makes its device request without one
	Base  http.RoundTripper
	Pause time.Duration
	Sleep Sleep
	Tries int         // how often a request is sent; 0: until Ctx ends
	Note  func(error) // called with each lost answer, and with nil after an answer
}

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(t.Ctx)
	defer cancel()
	defer context.AfterFunc(req.Context(), cancel)()
	foreign := 0
	for n := 0; ; n++ {
		res, err := t.try(ctx, req)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		t.Note(err)
		if err == nil {
			return res, nil
		}
		if !IsTransient(err) {
			return nil, err
		}
		foreign = lo.Ternary(IsForeign(err), foreign+1, 0)
		if n+1 == t.Tries || foreign == maxForeign {
			if res != nil {
				return res, nil
			}
			return nil, err
		}
		if err := t.Sleep(ctx, pauseAfter(err, t.Pause, n)); err != nil {
			return nil, err
		}
	}
}

// try sends req once. It returns a reply whose status may change later together with a
// transient error.
func (t *Transport) try(ctx context.Context, req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, TryTimeout)
	defer cancel()
	next := req.Clone(ctx)
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, err
		}
		next.Body = body
	}
	res, err := t.Base.RoundTrip(next)
	if err != nil {
		return nil, LostAnswer(err)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, credential.MaxSize))
	_ = res.Body.Close()
	if err != nil {
		return nil, LostAnswer(err)
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	switch {
	case len(body) == 0 && res.StatusCode == http.StatusOK || isJSON(res, body) && cliproxy.IsCutShort(body):
		return nil, &TransientError{Err: io.ErrUnexpectedEOF}
	case isForeignAnswer(res, body):
		return nil, ForeignAnswer("it", res)
	}
	if IsTransientStatus(res.StatusCode) && !isDeviceAnswer(body) {
		return res, &TransientError{Err: fmt.Errorf("it answered %s", res.Status),
			After: ReadRetryAfter(res.Header, time.Now())}
	}
	return res, nil
}

// isJSON reports whether a reply is declared as JSON or begins as an object.
func isJSON(res *http.Response, body []byte) bool {
	return strings.Contains(res.Header.Get("Content-Type"), "json") || bytes.HasPrefix(bytes.TrimSpace(body), []byte("{"))
}

// isForeignAnswer reports whether a reply is not one of a token endpoint: a
// redirection, a page, or JSON that is not an object. Forms are answers too:
// GitHub gives them.
func isForeignAnswer(res *http.Response, body []byte) bool {
	if res.StatusCode >= 300 && res.StatusCode < 400 {
		return true
	}
	if res.StatusCode != http.StatusOK {
		return false
	}
	text := bytes.TrimSpace(body)
	return bytes.HasPrefix(text, []byte("<")) || gjson.ValidBytes(text) && !bytes.HasPrefix(text, []byte("{"))
}

// isDeviceAnswer reports whether a reply is one of the answers of RFC 8628,
// which x/oauth2 handles: some servers send them with status 429 or 5xx.
func isDeviceAnswer(body []byte) bool {
	switch gjson.GetBytes(body, "error").Str {
	case "authorization_pending", "slow_down", "access_denied", "expired_token":
		return gjson.ValidBytes(body)
	}
	return false
}

// MinPause is the shortest time between two requests about a sign-in. CLIProxyAPI asks
// the provider no more often, and remembers a success for a minute.
const MinPause = 1500 * time.Millisecond
