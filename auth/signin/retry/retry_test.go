package retry_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/auth/signin/retry"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// poll asks until answers are used up, and returns the waits between the questions.
func poll(t *testing.T, pause time.Duration, answers ...error) (waits []time.Duration, err error) {
	t.Helper()
	sleep := func(ctx context.Context, d time.Duration) error {
		waits = append(waits, d)
		return ctx.Err()
	}
	err = retry.Poll(t.Context(), sleep, &pause, func(error) {}, func() (bool, error) {
		if len(answers) == 0 {
			return true, nil
		}
		next := answers[0]
		answers = answers[1:]
		return false, next
	})
	return waits, err
}

func TestTheWaitDoublesAfterEachLostAnswerUpToItsLimit(t *testing.T) {
	t.Parallel()
	const s = time.Second
	lost := &retry.TransientError{Err: errors.New("lost")}
	waits, err := poll(t, 1500*time.Millisecond, lost, lost, lost, lost, lost, lost, lost)
	if want := []time.Duration{1500 * time.Millisecond, 3 * s, 6 * s, 12 * s, 24 * s, 30 * s, 30 * s}; err != nil ||
		!slices.Equal(waits, want) {
		t.Errorf("waited %v, want %v: %v", waits, want, err)
	}
}

func TestAnAnswerEndsTheBackoff(t *testing.T) {
	t.Parallel()
	lost := &retry.TransientError{Err: errors.New("lost")}
	waits, err := poll(t, time.Second, lost, lost, nil, lost)
	if want := []time.Duration{time.Second, 2 * time.Second, time.Second, time.Second}; err != nil || !slices.Equal(waits, want) {
		t.Errorf("waited %v, want %v: %v", waits, want, err)
	}
}

func TestARetryAfterIsWaitedForUpToAMinute(t *testing.T) {
	t.Parallel()
	after := func(d time.Duration) error { return &retry.TransientError{Err: errors.New("busy"), After: d} }
	waits, err := poll(t, 5*time.Second, after(20*time.Second), after(time.Second), after(time.Hour))
	if want := []time.Duration{20 * time.Second, 5 * time.Second, time.Minute}; err != nil || !slices.Equal(waits, want) {
		t.Errorf("waited %v, want %v: %v", waits, want, err)
	}
}

func TestFiveForeignAnswersInARowEndThePolling(t *testing.T) {
	t.Parallel()
	foreign := &retry.TransientError{Foreign: true, Err: errors.New("a page")}
	four := []error{foreign, foreign, foreign, foreign}
	if waits, err := poll(t, time.Second, append(append(four, nil), four...)...); err != nil || len(waits) != 9 {
		t.Errorf("four in a row, twice: %d waits, %v", len(waits), err)
	}
	if waits, err := poll(t, time.Second, append(four, foreign)...); !fault.HasCode(err, "login-failed") || len(waits) != 4 {
		t.Errorf("five: %d waits, %v", len(waits), err)
	}
}

func TestARefusalEndsThePollingAtOnce(t *testing.T) {
	t.Parallel()
	refused := errors.New("denied")
	if waits, err := poll(t, time.Second, refused); !errors.Is(err, refused) || len(waits) != 0 {
		t.Errorf("%v after %v", err, waits)
	}
}

func TestRetryAfterIsReadInBothForms(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, " 1.5 ": 1500 * time.Millisecond, "-3": 0, "soon": 0, "1e9": 0,
		"Fri, 02 Jan 2026 03:04:35 GMT": 30 * time.Second, "Fri, 02 Jan 2026 03:04:00 GMT": 0,
	} {
		if got := retry.ReadRetryAfter(http.Header{"Retry-After": {value}}, now); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
}

func TestTokensAreSentOverHTTPSOrToThisMachineOnly(t *testing.T) {
	t.Parallel()
	for address, allowed := range map[string]bool{
		"": true, "https://a.example/t": true, "http://127.0.0.1:1/t": true, "http://[::1]/t": true, "http://localhost/t": true,
		"http://a.example/t": false, "http://127.0.0.1.nip.io/t": false, "http://localhost.evil.example/": false,
		"ftp://127.0.0.1/": false, "https://": false, "/t": false,
	} {
		if err := retry.CheckAddress("acme", address); (err == nil) != allowed || err != nil && !fault.HasCode(err, "provider-invalid") {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestAnAddressIsShownWithoutWhatMayBeSecret(t *testing.T) {
	t.Parallel()
	if got := retry.HideQuery("https://me:pw@a.example/t?code=x#token"); got != "https://a.example/t" {
		t.Error(got)
	}
}
