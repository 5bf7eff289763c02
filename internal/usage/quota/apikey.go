package quota

import (
	"math"
	"net/http"
	"strings"
	"time"
)

// appendAPIKey appends the rate limits of an API key. Anthropic writes
// anthropic-ratelimit-WHAT-limit and times of RFC 3339, the others x-ratelimit-limit-WHAT
// and durations (6ms, 1m30s) or seconds. WHAT is requests, tokens, input-tokens and the like.
func appendAPIKey(all []Window, h http.Header, now time.Time, prefix, provider string) []Window {
	field := func(what, name string) string { return prefix + name + "-" + what }
	if provider == Anthropic {
		field = func(what, name string) string { return prefix + what + "-" + name }
	}
	for name := range h {
		rest, ok := strings.CutPrefix(name, prefix)
		if !ok {
			continue
		}
		what, ok := strings.CutPrefix(rest, "Remaining-")
		if provider == Anthropic {
			what, ok = strings.CutSuffix(rest, "-Remaining")
		}
		word := parseWord(strings.ToLower(what))
		if !ok || word == "" {
			continue
		}
		w := Window{Provider: provider, Name: word, Limit: parseCount(h.Get(field(what, "Limit"))),
			Remaining: parseCount(h.Get(name)), ResetsAt: parseReset(h.Get(field(what, "Reset")), now)}
		if w.Remaining == nil {
			continue
		}
		if w.Limit != nil && *w.Limit > 0 {
			w.UsedShare = new(max(0, 1-float64(*w.Remaining)/float64(*w.Limit)))
		}
		all = append(all, w)
	}
	return all
}

// parseCount returns a number of requests or tokens; nil when value is no such number. A
// fraction is cut off.
func parseCount(value string) *int64 {
	n, ok := parseNumber(value)
	if !ok || n > math.MaxInt64/1024 {
		return nil
	}
	return new(int64(n))
}

// parseReset returns the moment that the value of a reset header means; nil when it means none.
func parseReset(value string, now time.Time) *time.Time {
	at, ok := ReadMoment(value, now, time.Second)
	if !ok {
		return nil
	}
	return checkReset(at, now)
}
