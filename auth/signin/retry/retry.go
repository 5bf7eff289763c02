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
	// MaxPause is the longest wait between two questions about a sign-in.
	MaxPause = 30 * time.Second
	// TryTimeout bounds one question to a provider; one that hangs is asked again.
	TryTimeout = 15 * time.Second
	// SlowDown is what slow_down adds to the pause (RFC 8628, section 3.5).
	SlowDown = 5 * time.Second
	// StartTries is how often a request that begins something is sent.
	StartTries = 3
	// maxForeign is how many foreign answers in a row end a sign-in: a portal or a
	// proxy on the way is gone soon, a wrong address is not.
	maxForeign = 5
)

// TransientError is a failure of the network or of a server that is overloaded
// or restarting: the same question may be answered the next time.
type TransientError struct {
	Err     error
	After   time.Duration // what Retry-After asked for; 0 when it said nothing
	Foreign bool          // something answered, but not as the server does: it is asked again a few times only
}

func (e *TransientError) Error() string { return e.Err.Error() }
func (e *TransientError) Unwrap() error { return e.Err }

// LostAnswer is a failure of the network as a transient error. A certificate
// that does not fit is not one: it will not fit the next time either.
func LostAnswer(err error) error {
	if bad := (*tls.CertificateVerificationError)(nil); errors.As(err, &bad) {
		return Unreachable("the server", err)
	}
	return &TransientError{Err: err}
}

// ForeignAnswer is the error of an answer that another program on the way gave,
// as the page of a network's portal. It is asked again up to oddTries times.
func ForeignAnswer(who string, res *http.Response) error {
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	return &TransientError{Foreign: true, Err: fmt.Errorf("%s answered %s with %s, and not as expected", who, res.Status, lo.CoalesceOrEmpty(printable.Excerpt(kind), "no content type"))}
}

// IsForeign reports whether something else than the server answered.
func IsForeign(err error) bool {
	var lost *TransientError
	return errors.As(err, &lost) && lost.Foreign || fault.HasCode(err, "management-failed")
}

// IsTransientStatus reports whether an HTTP status says "ask again".
func IsTransientStatus(status int) bool {
	return status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status == http.StatusTooEarly
}

// IsTransient reports whether the same question may be answered the next time.
func IsTransient(err error) bool {
	var lost *TransientError
	var reply *cliproxy.ReplyError
	switch {
	case errors.As(err, &lost):
		return true
	case errors.As(err, &reply):
		return IsTransientStatus(reply.Status)
	}
	return fault.HasCode(err, "management-unreachable") || fault.HasCode(err, "management-failed")
}

// ReadRetryAfter returns how long a reply asks to wait: its Retry-After in
// seconds, or as a date after now. 0 when it has none that can be read.
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

// Poll asks until ask reports the end, fails for good, or ctx ends. A transient
// failure is noted and asked again after a pause that doubles up to
// maxPollPause, an odd one at most oddTries times in a row; ask may change
// pause, which is the time between two questions.
func Poll(ctx context.Context, pause *time.Duration, note func(error), ask func() (done bool, err error)) error {
	lost, odd := 0, 0
	for {
		done, err := ask()
		wait := *pause
		switch {
		case err == nil && done:
			return nil
		case err == nil:
			lost, odd = 0, 0
			note(nil)
		case ctx.Err() != nil:
			return ctx.Err()
		case !IsTransient(err):
			return err
		case IsForeign(err) && odd+1 == maxForeign:
			return UnexpectedAnswer(err)
		default:
			odd = lo.Ternary(IsForeign(err), odd+1, 0)
			note(err)
			wait = pauseAfter(err, *pause, lost)
			lost++
		}
		if err := Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// UnexpectedAnswer is the fault of a server that went on to answer as another program.
func UnexpectedAnswer(err error) error {
	if fault.HasCode(err, "management-failed") {
		return err
	}
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = fmt.Errorf("%s: %w", strings.TrimSuffix(err.Error(), ": "+u.Error()), u.Err)
	}
	return fault.New("login-failed", "%w", err).WithHint("is the address right, and no portal or proxy in the way?")
}

// pauseAfter is the wait after the n-th failure in a row (from 0).
func pauseAfter(err error, pause time.Duration, n int) time.Duration {
	var lost *TransientError
	if errors.As(err, &lost) && lost.After > 0 {
		return max(pause, min(lost.After, 2*MaxPause))
	}
	return max(pause, min(pause<<min(n, 5), MaxPause))
}

// Sleep waits; its error is that of ctx when that ends first.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Transport sends a request again when its answer was lost on the way or
// the server could not answer now. It reads each reply whole (at most 1 MB), so
// that a connection that ends in the middle of one counts as lost too.
type Transport struct {
	Ctx   context.Context //nolint:containedctx // x/oauth2 makes its device request without one
	Base  http.RoundTripper
	Pause time.Duration
	Tries int         // how often a request is sent; 0: until ctx ends
	Note  func(error) // told of each lost answer, and nil once one arrived
}

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(t.Ctx)
	defer cancel()
	defer context.AfterFunc(req.Context(), cancel)()
	odd := 0
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
		odd = lo.Ternary(IsForeign(err), odd+1, 0)
		if n+1 == t.Tries || odd == maxForeign {
			if res != nil {
				return res, nil
			}
			return nil, err
		}
		if err := Sleep(ctx, pauseAfter(err, t.Pause, n)); err != nil {
			return nil, err
		}
	}
}

// try sends req once. A reply that says "ask again" comes with a transient error.
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
	case len(body) == 0 && res.StatusCode == http.StatusOK || isJSON(res, body) && IsCutShort(body):
		return nil, &TransientError{Err: io.ErrUnexpectedEOF}
	case isForeignAnswer(res, body):
		return nil, ForeignAnswer("it", res)
	}
	if IsTransientStatus(res.StatusCode) && !isDeviceAnswer(body) {
		return res, &TransientError{Err: fmt.Errorf("it answered %s", res.Status), After: ReadRetryAfter(res.Header, time.Now())}
	}
	return res, nil
}

// isJSON reports whether a reply means to be JSON.
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

// MinPause is the time between two questions to the server. It keeps a success
// for a minute, and asks the provider no more often than this.
const MinPause = 1500 * time.Millisecond
