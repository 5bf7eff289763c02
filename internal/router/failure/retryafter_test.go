package failure_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/failure"
)

func TestWaitsOfUpstreamsAreReadInAllTheirForms(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	at := func(d time.Duration) string { return strconv.FormatInt(now.Add(d).Unix(), 10) }
	for lines, want := range map[string]struct {
		wait   time.Duration
		window bool
	}{
		"":                                   {},
		"Retry-After: 7":                     {7 * time.Second, false},
		"Retry-After: 1.5":                   {1500 * time.Millisecond, false},
		"Retry-After: 0":                     {},
		"Retry-After: -3":                    {},
		"Retry-After: NaN":                   {},
		"Retry-After: Inf":                   {},
		"Retry-After: 1e300":                 {},
		"Retry-After: soon":                  {},
		"Retry-After: 30s":                   {30 * time.Second, false},
		"Retry-After: 3600":                  {time.Hour, false},
		"Retry-After: 3601":                  {time.Hour, false},
		"Retry-After: 999999999":             {time.Hour, false},
		"Retry-After: 1000000001":            {},                 // an epoch of 2001
		"Retry-After: 99999999999":           {time.Hour, false}, // an epoch in seconds
		"Retry-After: " + at(90*time.Second): {90 * time.Second, false},
		// in milliseconds
		"Retry-After: " + at(90*time.Second) + "500": {90500 * time.Millisecond, false},
		"Retry-After: " + at(-time.Second):           {},
		"Retry-After: " + now.Add(time.Minute).Format(http.TimeFormat): {time.Minute,
			false},
		"Retry-After: " + now.Add(10*365*24*time.Hour).Format(http.TimeFormat): {time.Hour,
			false},
		"Retry-After: " + now.Add(-time.Minute).Format(http.TimeFormat): {},
		"Retry-After-Ms: 1500":               {1500 * time.Millisecond, false},
		"Retry-After-Ms: -1, Retry-After: 3": {3 * time.Second, false},
		"Retry-After-Ms: 250, Retry-After: 1": {time.Second,
			false},
		"Anthropic-Ratelimit-Unified-Reset: " + at(2*time.Hour): {2 * time.Hour,
			true},
		"Anthropic-Ratelimit-Unified-Reset: " + at(2*time.Hour) +
			", Retry-After: 30": {30 * time.Second, false},
		"Anthropic-Ratelimit-Unified-Reset: " + at(2*time.Hour) + ", Retry-After: 7200": {2 * time.Hour,
			true},
		"Anthropic-Ratelimit-Unified-Reset: " + at(2*time.Hour) + ", Retry-After: 99999": {2 * time.Hour,
			true},
		"Anthropic-Ratelimit-Unified-Reset: " +
			at(60*24*time.Hour): {31 * 24 * time.Hour, true},
		"Anthropic-Ratelimit-Unified-Status: rejected, Anthropic-Ratelimit-Unified-Reset: " + at(3*time.Hour): {3 * time.Hour,
			true},
		"Anthropic-Ratelimit-Unified-Status: allowed, Anthropic-Ratelimit-Unified-Reset: " + at(3*time.Hour): {},
		"Anthropic-Ratelimit-Unified-5h-Status: allowed, Anthropic-Ratelimit-Unified-5h-Reset: " + at(time.Hour) +
			", Anthropic-Ratelimit-Unified-7d-Status: rejected, Anthropic-Ratelimit-Unified-7d-Reset: " +
			at(50*time.Hour): {50 * time.Hour, true},
		"Anthropic-Ratelimit-Requests-Reset: " + now.Add(40*time.Second).Format(time.RFC3339): {40 * time.Second, true},
		"Anthropic-Ratelimit-Tokens-Remaining: 0, Anthropic-Ratelimit-Tokens-Reset: " +
			now.Add(9*time.Second).Format(time.RFC3339) +
			", Anthropic-Ratelimit-Requests-Remaining: 5, Anthropic-Ratelimit-Requests-Reset: " +
			now.Add(time.Minute).Format(time.RFC3339): {9 * time.Second, true},
		"X-Ratelimit-Reset-Requests: 6ms":                                  {6 * time.Millisecond, true},
		"X-Ratelimit-Reset-Tokens: 1m30s":                                  {90 * time.Second, true},
		"X-Ratelimit-Reset-Requests: 6ms, X-Ratelimit-Reset-Tokens: 1m30s": {90 * time.Second, true},
		"X-Ratelimit-Remaining-Requests: 0, X-Ratelimit-Reset-Requests: 8.64s, X-Ratelimit-Remaining-Tokens: 99, " +
			"X-Ratelimit-Reset-Tokens: 6m0s": {8640 * time.Millisecond, true},
		"X-Ratelimit-Reset: " + at(5*time.Minute) + "000":                                     {5 * time.Minute, true},
		"Ratelimit-Reset: 20":                                                                 {20 * time.Second, true},
		"X-Ratelimit-Reset-Tokens: -5s":                                                       {},
		"X-Codex-Primary-Used-Percent: 100, X-Codex-Primary-Reset-After-Seconds: 4000":        {4000 * time.Second, true},
		"X-Codex-Primary-Used-Percent: 60, X-Codex-Primary-Reset-After-Seconds: 4000":         {},
		"X-Codex-Secondary-Used-Percent: 100.0, X-Codex-Secondary-Reset-At: " + at(time.Hour): {time.Hour, true},
	} {
		h := http.Header{}
		for _, line := range strings.Split(lines, ", ") {
			if name, value, ok := strings.Cut(line, ": "); ok {
				h.Set(name, value)
			}
		}
		if strings.Contains(lines, "GMT") { // a date holds the separator itself
			h = http.Header{"Retry-After": {strings.TrimPrefix(lines, "Retry-After: ")}}
		}
		if wait, window := failure.ReadRetryAfter(h, 429, now); wait != want.wait || window != want.window {
			t.Errorf("%q: %v %v, want %v %v", lines, wait, window, want.wait, want.window)
		}
		if wait, window := failure.ReadRetryAfter(h, 500, now); window || want.window && wait > time.Hour {
			t.Errorf("%q on 500: %v %v; its windows say nothing", lines, wait, window)
		}
	}
}

func FuzzWaitsOfUpstreams(f *testing.F) {
	for _, seed := range []string{"7", "-1", "NaN", "1e309", "1767323045", "1767323045000", "1m30s", "6ms", "-9999999h",
		"2562047h47m16.854775807s",
		"2026-01-02T03:04:05Z", "Fri, 02 Jan 2026 03:05:05 GMT", "0x1p-2", " 5 "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, name := range []string{"Retry-After", "Retry-After-Ms", "X-Ratelimit-Reset-Tokens",
			"Anthropic-Ratelimit-Unified-Reset"} {
			wait, window := failure.ReadRetryAfter(http.Header{name: {value}}, 429, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
			if wait < 0 || wait > 31*24*time.Hour || !window && wait > time.Hour {
				t.Errorf("%s: %q is %v", name, value, wait)
			}
		}
	})
}
