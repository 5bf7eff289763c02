package auth

import (
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// The keys that CLIProxyAPI 7 reads an expiry and a last refresh from, in its
// order (sdk/cliproxy/auth/types.go there).
func expiryKeys() []string {
	return []string{"expired", "expire", "expires_at", "expiresAt", "expiry", "expires"}
}

func refreshedKeys() []string {
	return []string{"last_refresh", "lastRefresh", "last_refreshed_at", "lastRefreshedAt"}
}

// moment reads a point in time as leniently as CLIProxyAPI does: RFC 3339,
// "2006-01-02 15:04[:05]" (UTC), seconds since 1970, or milliseconds when the
// number is over 1e12. ok is false for what is none of them.
func moment(v gjson.Result) (at time.Time, ok bool) {
	switch v.Type {
	case gjson.Number:
		return unix(v.Num)
	case gjson.String:
		text := strings.TrimSpace(v.Str)
		for _, layout := range [...]string{time.RFC3339Nano, time.DateTime, "2006-01-02 15:04"} {
			if at, err := time.Parse(layout, text); err == nil {
				return at.UTC(), plausible(at)
			}
		}
		if n, err := strconv.ParseFloat(text, 64); err == nil {
			return unix(n)
		}
	}
	return time.Time{}, false
}

func unix(n float64) (time.Time, bool) {
	if !(n > 0 && n < 1e14) { // NaN too
		return time.Time{}, false
	}
	if n > 1e12 {
		n /= 1000
	}
	at := time.Unix(int64(n), 0).UTC()
	return at, plausible(at)
}

// plausible reports a year that JSON's RFC 3339 can write.
func plausible(at time.Time) bool { return at.Year() > 1970 && at.Year() < 9999 }

// firstMoment returns the time under the first of keys that holds one. given
// tells whether any of the keys holds a value at all.
func firstMoment(object map[string]gjson.Result, keys []string) (at time.Time, ok, given bool) {
	for _, key := range keys {
		v, there := object[key]
		if !there || v.Type == gjson.Null || v.Type == gjson.String && strings.TrimSpace(v.Str) == "" {
			continue
		}
		if at, ok := moment(v); ok {
			return at, true, true
		}
		given = true
	}
	return time.Time{}, false, given
}
