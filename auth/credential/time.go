package credential

import (
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// ExpiryKeys returns the keys that CLIProxyAPI 7 reads an expiry from, in its order
// (sdk/cliproxy/auth/types.go there).
func ExpiryKeys() []string {
	return []string{"expired", "expire", "expires_at", "expiresAt", "expiry", "expires"}
}

// refreshKeys returns the keys that CLIProxyAPI 7 reads the last refresh from.
func refreshKeys() []string {
	return []string{"last_refresh", "lastRefresh", "last_refreshed_at", "lastRefreshedAt"}
}

// ReadTime reads a point in time as leniently as CLIProxyAPI does: RFC 3339,
// "2006-01-02 15:04[:05]" (UTC), seconds since 1970, or milliseconds when the
// number is over 1e12. ok is false for every other value, and for an implausible time.
func ReadTime(v gjson.Result) (at time.Time, ok bool) {
	switch v.Type {
	case gjson.Number:
		return readUnixTime(v.Num)
	case gjson.String:
		text := strings.TrimSpace(v.Str)
		for _, layout := range [...]string{time.RFC3339Nano, time.DateTime, "2006-01-02 15:04"} {
			if at, err := time.Parse(layout, text); err == nil {
				return at.UTC(), isPlausible(at)
			}
		}
		if n, err := strconv.ParseFloat(text, 64); err == nil {
			return readUnixTime(n)
		}
	}
	return time.Time{}, false
}

// readUnixTime reads seconds or milliseconds since 1970.
func readUnixTime(n float64) (time.Time, bool) {
	if !(n > 0 && n < 1e14) { // NaN too
		return time.Time{}, false
	}
	if n > 1e12 {
		n /= 1000
	}
	at := time.Unix(int64(n), 0).UTC()
	return at, isPlausible(at)
}

// isPlausible reports whether the year is between 1971 and 9998, so that RFC 3339 can
// express the time in every zone.
func isPlausible(at time.Time) bool { return at.Year() > 1970 && at.Year() < 9999 }

// readFirstTime returns the time under the first of keys that has a readable one.
// given reports whether any of the keys has a value at all.
func readFirstTime(object map[string]gjson.Result, keys []string) (at time.Time, ok, given bool) {
	for _, key := range keys {
		v, there := object[key]
		if !there || v.Type == gjson.Null || v.Type == gjson.String && strings.TrimSpace(v.Str) == "" {
			continue
		}
		if at, ok := ReadTime(v); ok {
			return at, true, true
		}
		given = true
	}
	return time.Time{}, false, given
}

// FormatTime returns t in the form that CLIProxyAPI writes: RFC 3339, UTC.
func FormatTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// IsNewer reports whether a was issued after b, judged by expiry, then by last
// refresh.
func IsNewer(a, b Content) bool {
	if !a.ExpiresAt.IsZero() && !b.ExpiresAt.IsZero() && !a.ExpiresAt.Equal(b.ExpiresAt) {
		return a.ExpiresAt.After(b.ExpiresAt)
	}
	return !a.RefreshedAt.IsZero() && !b.RefreshedAt.IsZero() && a.RefreshedAt.After(b.RefreshedAt)
}
