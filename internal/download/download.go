// Package download fetches a file over HTTP and resumes after an interruption. Call
// Get.
//
// It never accepts a file whose digest is not the expected one, never joins parts
// of two different files, never sends credentials, and uses only https, except for
// addresses on this machine.
package download

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// Request says what to fetch and where to write it.
type Request struct {
	URL    string
	Path   string // the file; Get makes its folder; existing content is the beginning of an earlier download
	SHA256 string // 64 hexadecimal digits; "" accepts any content
	// default: http.DefaultClient, which knows the proxy variables; Guard is applied to it
	Client   *http.Client
	MaxBytes int64                   // default 1 GB
	Idle     time.Duration           // an attempt ends after this time without a byte; default 30 s
	Attempts int                     // default 4
	Progress func(done, total int64) // in bytes, at most ten times a second; total is 0 when unknown; may be nil
}

// Get fetches the file and returns its SHA-256 in hexadecimal. After an interruption it
// resumes, also in a later process, if the server still has the same file. Faults:
// address-insecure, store-unwritable, download-failed, download-too-large and
// checksum-mismatch; the last two leave no file.
func Get(ctx context.Context, r Request) (sum string, err error) {
	r = r.withDefaults()
	if err := RequireSecure(r.URL); err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(r.Path), 0o700); err != nil {
		return "", unwritableFault(r.Path, err)
	}
	for attempt := 1; ; attempt++ {
		from, err := r.fetchRest(ctx)
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		if err == nil {
			sum, err := safefile.SHA256(r.Path)
			if err != nil {
				err = unwritableFault(r.Path, err)
			}
			if err != nil || r.SHA256 == "" || strings.EqualFold(sum, r.SHA256) {
				_ = os.Remove(r.validatorPath())
				return sum, err
			}
			r.removePartial()
			if from == 0 || attempt >= r.Attempts { // from is 0: the whole file came in one attempt
				return "", fault.New("checksum-mismatch", "%s has SHA-256 %s, not %s", r.URL, sum, r.SHA256).
					WithHint("it was damaged in transit or replaced; nothing was installed. Try again; " +
						"do not use it if this happens again")
			}
			continue
		}
		var temporary transientError
		if !errors.As(err, &temporary) || attempt >= r.Attempts {
			return "", downloadFault(r.URL, err)
		}
		if err := waitBeforeRetry(ctx, time.Duration(attempt*attempt)*100*time.Millisecond); err != nil {
			return "", err
		}
	}
}

// withDefaults returns r with its defaults filled in.
func (r Request) withDefaults() Request {
	r.Client = Guard(r.Client)
	if r.MaxBytes == 0 {
		r.MaxBytes = 1 << 30
	}
	if r.Idle == 0 {
		r.Idle = 30 * time.Second
	}
	if r.Attempts == 0 {
		r.Attempts = 4
	}
	if r.Progress == nil {
		r.Progress = func(int64, int64) {}
	}
	return r
}

// transientError is an error after which another attempt may succeed.
type transientError struct{ error }

// Unwrap returns the error itself.
func (t transientError) Unwrap() error { return t.error }

// fetchRest makes one attempt to fetch what is missing of the file; from is the number of
// bytes that it had before.
func (r Request) fetchRest(ctx context.Context) (from int64, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	idle := time.AfterFunc(r.Idle, func() { cancel(fmt.Errorf("the server sent nothing for %v", r.Idle)) })
	defer idle.Stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL, nil)
	if err != nil {
		return 0, err
	}
	from = r.requestRest(req)
	res, err := r.Client.Do(req)
	var insecure *fault.Error
	if errors.As(err, &insecure) { // a redirect to an address that is not secure
		return from, insecure
	}
	if err != nil {
		return from, transientError{contextCause(ctx, err)}
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		return from, r.checkComplete(res, from)
	case res.StatusCode == http.StatusOK:
		from = 0
	case res.StatusCode != http.StatusPartialContent:
		return from, statusError(res)
	case !startsAt(res, from):
		r.removePartial()
		return from, transientError{fmt.Errorf("the server sent another part (%q) than the one asked for",
			res.Header.Get("Content-Range"))}
	}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		return from, errors.New("the server sent a web page, not a file; a proxy or a sign-in page may have answered instead")
	}
	return from, r.receive(ctx, res, from, idle)
}

// receive appends the reply's body to the file.
func (r Request) receive(ctx context.Context, res *http.Response, from int64, idle *time.Timer) error {
	flags := os.O_WRONLY | os.O_CREATE | os.O_APPEND | syscall.O_NOFOLLOW
	if from == 0 {
		flags |= os.O_TRUNC
	}
	out, err := os.OpenFile(r.Path, flags, 0o600)
	if err != nil {
		return unwritableFault(r.Path, err)
	}
	defer out.Close()
	total := int64(0)
	if res.ContentLength > 0 {
		total = from + res.ContentLength
	}
	if total > r.MaxBytes {
		return r.rejectTooLarge()
	}
	if from == 0 {
		r.saveValidator(res)
	}
	return r.copyBody(ctx, res.Body, out, from, total, idle)
}

// copyBody appends the body to the file, which has done bytes already, and syncs and
// closes the file. total is its expected size in bytes, 0 if unknown.
func (r Request) copyBody(
	ctx context.Context, body io.Reader, out *os.File, done, total int64, idle *time.Timer,
) error {
	reported := time.Time{}
	buffer := make([]byte, 128<<10)
	for {
		n, err := body.Read(buffer)
		idle.Reset(r.Idle)
		if n > 0 {
			if _, err := out.Write(buffer[:n]); err != nil {
				return unwritableFault(r.Path, err)
			}
			if done += int64(n); done > r.MaxBytes {
				return r.rejectTooLarge()
			}
		}
		if now := time.Now(); now.Sub(reported) > 100*time.Millisecond || err != nil {
			reported = now
			r.Progress(done, total)
		}
		if errors.Is(err, io.EOF) {
			return errors.Join(out.Sync(), out.Close())
		}
		if err != nil {
			return transientError{contextCause(ctx, err)}
		}
	}
}

// statusError returns the error for a reply with an unexpected status.
func statusError(res *http.Response) error {
	err := fmt.Errorf("the server answered %s", res.Status)
	if res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests {
		return transientError{err}
	}
	return err
}

// contextCause returns why a context ended an attempt, or else err.
func contextCause(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// downloadFault returns err as the fault download-failed, unless it is a fault already.
func downloadFault(url string, err error) error {
	var f *fault.Error
	if errors.As(err, &f) {
		return f
	}
	return fault.New("download-failed", "fetch %s: %w", url, fault.WithoutURL(err)).
		WithHint("check the network and HTTPS_PROXY; what was fetched is kept and the next try continues after it. " +
			"-from=FILE takes a file that you fetched")
}

// rejectTooLarge removes what was fetched and returns the fault download-too-large.
func (r Request) rejectTooLarge() error {
	r.removePartial()
	return fault.New("download-too-large", "%s is larger than %d MB", r.URL, r.MaxBytes>>20).
		WithHint("an honest release is far below it; nothing was installed")
}

// unwritableFault returns the fault store-unwritable for a failed write.
func unwritableFault(path string, err error) error {
	return fault.Unwritable("store-unwritable", path, err, "nothing was installed")
}

// waitBeforeRetry waits, or returns the cause of ctx when that ends first.
func waitBeforeRetry(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
