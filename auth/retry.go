package auth

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

	"github.com/flowgate-go/flowgate/internal/cliproxy"
	"github.com/flowgate-go/flowgate/internal/fault"
)

const (
	// maxPollPause is the longest wait between two questions about a sign-in.
	maxPollPause = 30 * time.Second
	// oneTry bounds one question to a provider; one that hangs is asked again.
	oneTry = 15 * time.Second
	// slowDown is what slow_down adds to the pause (RFC 8628, section 3.5).
	slowDown = 5 * time.Second
	// startTries is how often a request that begins something is sent.
	startTries = 3
	// oddTries is how many foreign answers in a row end a sign-in: a portal or a
	// proxy on the way is gone soon, a wrong address is not.
	oddTries = 5
)

// transientError is a failure of the network or of a server that is overloaded
// or restarting: the same question may be answered the next time.
type transientError struct {
	err   error
	after time.Duration // what Retry-After asked for; 0 when it said nothing
	odd   bool          // something answered, but not as the server does: it is asked again a few times only
}

func (e *transientError) Error() string { return e.err.Error() }
func (e *transientError) Unwrap() error { return e.err }

// lostAnswer is a failure of the network as a transient error. A certificate
// that does not fit is not one: it will not fit the next time either.
func lostAnswer(err error) error {
	if bad := (*tls.CertificateVerificationError)(nil); errors.As(err, &bad) {
		return network("the server", err)
	}
	return &transientError{err: err}
}

// foreignAnswer is the error of an answer that another program on the way gave,
// as the page of a network's portal. It is asked again up to oddTries times.
func foreignAnswer(who string, res *http.Response) error {
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	return &transientError{odd: true, err: fmt.Errorf("%s answered %s with %s, and not as expected", who, res.Status, lo.CoalesceOrEmpty(shown(kind), "no content type"))}
}

// isOdd reports whether something else than the server answered.
func isOdd(err error) bool {
	var lost *transientError
	return errors.As(err, &lost) && lost.odd || isCode(err, "management-failed")
}

// isTransientStatus reports whether an HTTP status says "ask again".
func isTransientStatus(status int) bool {
	return status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status == http.StatusTooEarly
}

// isTransient reports whether the same question may be answered the next time.
func isTransient(err error) bool {
	var lost *transientError
	var reply *cliproxy.ReplyError
	switch {
	case errors.As(err, &lost):
		return true
	case errors.As(err, &reply):
		return isTransientStatus(reply.Status)
	}
	return isCode(err, "management-unreachable") || isCode(err, "management-failed")
}

// readRetryAfter returns how long a reply asks to wait: its Retry-After in
// seconds, or as a date after now. 0 when it has none that can be read.
func readRetryAfter(header http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(header.Get("Retry-After"))
	if seconds, err := strconv.ParseFloat(value, 64); err == nil && seconds > 0 && seconds < 1e6 {
		return time.Duration(seconds * float64(time.Second))
	}
	if at, err := http.ParseTime(value); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}

// poll asks until ask reports the end, fails for good, or ctx ends. A transient
// failure is noted and asked again after a pause that doubles up to
// maxPollPause, an odd one at most oddTries times in a row; ask may change
// pause, which is the time between two questions.
func (s *signIn) poll(ctx context.Context, pause *time.Duration, ask func() (done bool, err error)) error {
	lost, odd := 0, 0
	for {
		done, err := ask()
		wait := *pause
		switch {
		case err == nil && done:
			return nil
		case err == nil:
			lost, odd, s.lost = 0, 0, nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !isTransient(err):
			return err
		case isOdd(err) && odd+1 == oddTries:
			return unexpected(err)
		default:
			odd = lo.Ternary(isOdd(err), odd+1, 0)
			s.lost = err
			wait = pauseAfter(err, *pause, lost)
			lost++
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// unexpected is the fault of a server that went on to answer as another program.
func unexpected(err error) error {
	if isCode(err, "management-failed") {
		return err
	}
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = fmt.Errorf("%s: %w", strings.TrimSuffix(err.Error(), ": "+u.Error()), u.Err)
	}
	return fault.New("login-failed", "%w", err).WithHint("is the address right, and no portal or proxy in the way?")
}

// pauseAfter is the wait after the n-th failure in a row (from 0).
func pauseAfter(err error, pause time.Duration, n int) time.Duration {
	var lost *transientError
	if errors.As(err, &lost) && lost.after > 0 {
		return max(pause, min(lost.after, 2*maxPollPause))
	}
	return max(pause, min(pause<<min(n, 5), maxPollPause))
}

// sleep waits; its error is that of ctx when that ends first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// retryTransport sends a request again when its answer was lost on the way or
// the server could not answer now. It reads each reply whole (at most 1 MB), so
// that a connection that ends in the middle of one counts as lost too.
type retryTransport struct {
	ctx   context.Context //nolint:containedctx // x/oauth2 makes its device request without one
	base  http.RoundTripper
	pause time.Duration
	tries int         // how often a request is sent; 0: until ctx ends
	note  func(error) // told of each lost answer, and nil once one arrived
}

// RoundTrip implements http.RoundTripper.
func (t *retryTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(t.ctx)
	defer cancel()
	defer context.AfterFunc(req.Context(), cancel)()
	odd := 0
	for n := 0; ; n++ {
		res, err := t.try(ctx, req)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		t.note(err)
		if err == nil {
			return res, nil
		}
		if !isTransient(err) {
			return nil, err
		}
		odd = lo.Ternary(isOdd(err), odd+1, 0)
		if n+1 == t.tries || odd == oddTries {
			if res != nil {
				return res, nil
			}
			return nil, err
		}
		if err := sleep(ctx, pauseAfter(err, t.pause, n)); err != nil {
			return nil, err
		}
	}
}

// try sends req once. A reply that says "ask again" comes with a transient error.
func (t *retryTransport) try(ctx context.Context, req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, oneTry)
	defer cancel()
	next := req.Clone(ctx)
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, err
		}
		next.Body = body
	}
	res, err := t.base.RoundTrip(next)
	if err != nil {
		return nil, lostAnswer(err)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxFile))
	_ = res.Body.Close()
	if err != nil {
		return nil, lostAnswer(err)
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	switch {
	case len(body) == 0 && res.StatusCode == http.StatusOK || isJSON(res, body) && isCutShort(body):
		return nil, &transientError{err: io.ErrUnexpectedEOF}
	case isForeignAnswer(res, body):
		return nil, foreignAnswer("it", res)
	}
	if isTransientStatus(res.StatusCode) && !isDeviceAnswer(body) {
		return res, &transientError{err: fmt.Errorf("it answered %s", res.Status), after: readRetryAfter(res.Header, time.Now())}
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
