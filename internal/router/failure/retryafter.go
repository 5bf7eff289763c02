package failure

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
)

// Limits of the wait that an upstream may ask for.
const (
	maxRetryAfter    = time.Hour           // without a rate-limit header
	maxRateLimitWait = 31 * 24 * time.Hour // with one: quotas are counted by the month at most
)

// ReadRetryAfter returns the wait that an upstream asks for with an error, or 0 when it
// asks for none. fromRateLimit reports whether the wait comes from a rate-limit header;
// only then it may exceed an hour.
func ReadRetryAfter(h http.Header, status int, now time.Time) (wait time.Duration, fromRateLimit bool) {
	asked := max(parseWait(h.Get("Retry-After-Ms"), now, time.Millisecond),
		parseWait(h.Get("Retry-After"), now, time.Second))
	if asked > 0 && asked <= maxRetryAfter {
		return asked, false
	}
	var window time.Duration // until the rate-limit window ends
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable ||
		status == dialect.StatusOverloaded {
		window = min(longestWindow(h, now), maxRateLimitWait)
	}
	switch {
	case asked == 0:
		return window, window > 0
	case window > maxRetryAfter:
		return min(asked, window), true
	}
	return maxRetryAfter, false
}

// parseWait returns the wait that a header value means: a number (of units, or a Unix time
// from a billion on), a date of HTTP or RFC 3339, or a duration such as 1m30s. It returns 0
// for any other value and for a time in the past.
func parseWait(value string, now time.Time, unit time.Duration) time.Duration {
	value = strings.TrimSpace(value)
	if value == "" {
		return 0
	}
	if n, err := strconv.ParseFloat(value, 64); err == nil {
		return parseWaitNumber(n, now, unit)
	}
	if d, err := time.ParseDuration(strings.ReplaceAll(value, " ", "")); err == nil {
		return max(0, d)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		at, err = time.Parse(time.RFC3339, value)
	}
	if err != nil {
		return 0
	}
	return max(0, at.Sub(now))
}

// The smallest numbers that are a Unix time in seconds (in 2001), a Unix time in
// milliseconds (in 1973), and neither (in the year 3000).
const (
	epochSeconds = 1e9
	epochMillis  = 1e11
	epochEnd     = 32503680000e3
)

// parseWaitNumber returns the wait that a number means: n units, or the time until a Unix
// time in seconds or milliseconds.
func parseWaitNumber(n float64, now time.Time, unit time.Duration) time.Duration {
	switch {
	case math.IsNaN(n), n <= 0, n >= epochEnd:
		return 0
	case n >= epochMillis:
		return max(0, time.UnixMilli(int64(n)).Sub(now))
	case n >= epochSeconds:
		return max(0, time.UnixMilli(int64(n*1000)).Sub(now))
	}
	return time.Duration(n * float64(unit)) // at most 1e9 s: 32 years
}

// longestWindow returns the time until the rate-limit window ends because of which the
// request was refused: the longest of the windows that are used up, or of all windows when
// no header says that one is used up.
func longestWindow(h http.Header, now time.Time) time.Duration {
	var usedUp, longest time.Duration
	for name := range h {
		left, found := readQuota(h, name)
		if !found {
			continue
		}
		wait := parseWait(h.Get(name), now, time.Second)
		longest = max(longest, wait)
		if left == quotaNone {
			usedUp = max(usedUp, wait)
		}
	}
	if usedUp > 0 {
		return usedUp
	}
	return longest
}

// quota says whether requests are left in a rate-limit window.
type quota int

const (
	quotaUnknown quota = iota
	quotaSome
	quotaNone
)

// readQuota returns the quota of the window whose end the header of that name gives. found
// is false when the header does not give the end of a window that may have refused the
// request.
func readQuota(h http.Header, name string) (left quota, found bool) {
	lower := strings.ToLower(name)
	if window, ok := strings.CutPrefix(lower, "anthropic-ratelimit-"); ok {
		window, ok = strings.CutSuffix(window, "-reset")
		if !strings.HasPrefix(window, "unified") {
			return parseRemaining(h.Get("Anthropic-Ratelimit-" + window + "-Remaining")), ok
		}
		switch status := h.Get("Anthropic-Ratelimit-" + window + "-Status"); status {
		case "rejected":
			return quotaNone, ok
		case "":
			return quotaUnknown, ok && window == "unified"
		}
		return quotaSome, false // a subscription's window that allows more did not refuse the request
	}
	if window, ok := strings.CutPrefix(lower, "x-codex-"); ok {
		window, _, ok = strings.Cut(window, "-reset-") // -reset-at, -reset-after-seconds
		used, err := strconv.ParseFloat(h.Get("X-Codex-"+window+"-Used-Percent"), 64)
		return quotaNone, ok && err == nil && used >= 100
	}
	if strings.HasPrefix(strings.TrimPrefix(lower, "x-"), "ratelimit-reset") {
		return parseRemaining(h.Get(strings.Replace(lower, "ratelimit-reset", "ratelimit-remaining", 1))), true
	}
	return quotaUnknown, false
}

// parseRemaining returns the quota that a header's number of remaining requests means.
func parseRemaining(value string) quota {
	n, err := strconv.ParseFloat(value, 64)
	switch {
	case err != nil:
		return quotaUnknown
	case n <= 0:
		return quotaNone
	}
	return quotaSome
}
