package quota

import (
	"net/http"
	"strings"
	"time"
)

// The smallest numbers that are a Unix time in seconds (in 2001), a Unix time in
// milliseconds (in 1973), and neither (in the year 3000).
const (
	epochSeconds = 1e9
	epochMillis  = 1e11
	epochEnd     = 32503680000e3
)

// ReadMoment returns the moment that the value of a header about a reset or a wait means, however far
// from now it is; false when it means none. A value is a number of units from now, or a Unix time in
// seconds or milliseconds; a duration such as 1m30s; a date of HTTP or of RFC 3339.
func ReadMoment(value string, now time.Time, unit time.Duration) (time.Time, bool) {
	value = strings.TrimSpace(value)
	if value == "" {
		return time.Time{}, false
	}
	if n, ok := parseNumber(value); ok {
		return readMomentNumber(n, now, unit)
	}
	if wait, err := time.ParseDuration(strings.ReplaceAll(value, " ", "")); err == nil {
		return now.Add(wait), wait >= 0
	}
	at, err := http.ParseTime(value)
	if err != nil {
		at, err = time.Parse(time.RFC3339, value)
	}
	return at, err == nil
}

// readMomentNumber returns the moment that a number means.
func readMomentNumber(n float64, now time.Time, unit time.Duration) (time.Time, bool) {
	switch {
	case n >= epochEnd:
		return time.Time{}, false
	case n >= epochMillis:
		return time.UnixMilli(int64(n)), true
	case n >= epochSeconds:
		return time.UnixMilli(int64(n * 1000)), true
	}
	return now.Add(time.Duration(n * float64(unit))), true // at most 1e9 s: 32 years
}
