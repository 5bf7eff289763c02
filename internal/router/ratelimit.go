package router

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Limits of what an upstream may ask for.
const (
	maxAskedWait = time.Hour           // without a rate-limit header
	maxWindow    = 31 * 24 * time.Hour // with one: quotas are counted by the month at most
)

// readWait returns how long a refusing upstream asks to be left alone, 0 when
// it does not say. window reports that a rate-limit header names that time:
// then it may exceed an hour.
func readWait(h http.Header, status int, now time.Time) (wait time.Duration, window bool) {
	asked := max(parseWait(h.Get("Retry-After-Ms"), now, time.Millisecond), parseWait(h.Get("Retry-After"), now, time.Second))
	if asked > 0 && asked <= maxAskedWait {
		return asked, false
	}
	var end time.Duration
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable || status == statusOverloaded {
		end = min(readReset(h, now), maxWindow)
	}
	switch {
	case asked == 0:
		return end, end > 0
	case end > maxAskedWait:
		return min(asked, end), true
	}
	return maxAskedWait, false
}

// parseWait reads a time to wait or the moment when it ends: a number (in
// unit, or an epoch when it is over a billion), a date of HTTP or RFC 3339, or
// a duration such as 1m30s. It returns 0 for everything else and for what is over.
func parseWait(value string, now time.Time, unit time.Duration) time.Duration {
	value = strings.TrimSpace(value)
	if value == "" {
		return 0
	}
	if n, err := strconv.ParseFloat(value, 64); err == nil {
		return waitOf(n, now, unit)
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

// Numbers from which a wait is an epoch: in seconds since 2001, in
// milliseconds, and no time of this millennium any more.
const (
	epochSeconds = 1e9
	epochMillis  = 1e11
	epochEnd     = 32503680000e3
)

// waitOf reads a number: n units, or an epoch in seconds or milliseconds.
func waitOf(n float64, now time.Time, unit time.Duration) time.Duration {
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

// readReset returns how long the rate-limit window lasts that refused the
// request: the longest of the windows that are used up; if none is said to be,
// the longest of all.
func readReset(h http.Header, now time.Time) time.Duration {
	var usedUp, any time.Duration
	for name := range h {
		left, found := quotaLeft(h, name)
		if !found {
			continue
		}
		wait := parseWait(h.Get(name), now, time.Second)
		any = max(any, wait)
		if left == quotaNone {
			usedUp = max(usedUp, wait)
		}
	}
	if usedUp > 0 {
		return usedUp
	}
	return any
}

// quota is what rate-limit headers say of a window beside its end.
type quota int

const (
	quotaUnknown quota = iota
	quotaSome
	quotaNone
)

// quotaLeft reports whether the header of that name says when a window ends,
// and what the headers beside it say of the window.
func quotaLeft(h http.Header, name string) (left quota, found bool) {
	lower := strings.ToLower(name)
	if window, ok := strings.CutPrefix(lower, "anthropic-ratelimit-"); ok {
		window, ok = strings.CutSuffix(window, "-reset")
		if !strings.HasPrefix(window, "unified") {
			return remaining(h.Get("Anthropic-Ratelimit-" + window + "-Remaining")), ok
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
		return remaining(h.Get(strings.Replace(lower, "ratelimit-reset", "ratelimit-remaining", 1))), true
	}
	return quotaUnknown, false
}

// remaining reads how much of a window is left.
func remaining(value string) quota {
	n, err := strconv.ParseFloat(value, 64)
	switch {
	case err != nil:
		return quotaUnknown
	case n <= 0:
		return quotaNone
	}
	return quotaSome
}
