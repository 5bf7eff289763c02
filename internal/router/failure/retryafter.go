package failure

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
	"github.com/flowgate-go/flowgate/internal/usage/quota"
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

// parseWait returns the wait that a header value means (quota.ReadMoment); 0 for a time in the past,
// and for a value that means none.
func parseWait(value string, now time.Time, unit time.Duration) time.Duration {
	at, ok := quota.ReadMoment(value, now, unit)
	if !ok {
		return 0
	}
	return max(0, at.Sub(now))
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
		if left == remainderNone {
			usedUp = max(usedUp, wait)
		}
	}
	if usedUp > 0 {
		return usedUp
	}
	return longest
}

// remainder says whether requests are left in a rate-limit window.
type remainder int

const (
	remainderUnknown remainder = iota
	remainderSome
	remainderNone
)

// readQuota returns what remains of the window whose end the header of that name gives. found
// is false when the header does not give the end of a window that may have refused the
// request.
func readQuota(h http.Header, name string) (left remainder, found bool) {
	lower := strings.ToLower(name)
	if window, ok := strings.CutPrefix(lower, "anthropic-ratelimit-"); ok {
		window, ok = strings.CutSuffix(window, "-reset")
		if !strings.HasPrefix(window, "unified") {
			return parseRemaining(h.Get("Anthropic-Ratelimit-" + window + "-Remaining")), ok
		}
		switch status := h.Get("Anthropic-Ratelimit-" + window + "-Status"); status {
		case "rejected":
			return remainderNone, ok
		case "":
			return remainderUnknown, ok && window == "unified"
		}
		return remainderSome, false // a subscription's window that allows more did not refuse the request
	}
	if window, ok := strings.CutPrefix(lower, "x-codex-"); ok {
		window, _, ok = strings.Cut(window, "-reset-") // -reset-at, -reset-after-seconds
		used, err := strconv.ParseFloat(h.Get("X-Codex-"+window+"-Used-Percent"), 64)
		return remainderNone, ok && err == nil && used >= 100
	}
	if strings.HasPrefix(strings.TrimPrefix(lower, "x-"), "ratelimit-reset") {
		return parseRemaining(h.Get(strings.Replace(lower, "ratelimit-reset", "ratelimit-remaining", 1))), true
	}
	return remainderUnknown, false
}

// parseRemaining returns what a header's number of remaining requests means.
func parseRemaining(value string) remainder {
	n, err := strconv.ParseFloat(value, 64)
	switch {
	case err != nil:
		return remainderUnknown
	case n <= 0:
		return remainderNone
	}
	return remainderSome
}
