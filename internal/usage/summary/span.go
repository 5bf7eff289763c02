package summary

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/usage/ledger"
)

// Query is what a command line asks for.
type Query struct {
	Since, Until    string // a moment, or how long ago: 24h, 7d, 2026-11-30, 2026-11-30T09:00:00Z; empty: no bound
	Client, Session string // empty: all
	Ledgers         string // paths of ledgers, separated by commas; empty: the one of the installation
}

// Filter returns the query as the ledger takes it; days begin in the time zone of now. Fault:
// flag-invalid.
func (q Query) Filter(now time.Time) (ledger.Filter, error) {
	f := ledger.Filter{Client: q.Client, Session: q.Session}
	var err error
	if f.Since, err = parseMoment("since", q.Since, now); err != nil {
		return f, err
	}
	if f.Until, err = parseMoment("until", q.Until, now); err != nil {
		return f, err
	}
	if !f.Since.IsZero() && !f.Until.IsZero() && !f.Since.Before(f.Until) {
		return f, fault.Usage("flag-invalid", "-since=%s is not before -until=%s", q.Since, q.Until)
	}
	return f, nil
}

// parseMoment reads a moment, or how long ago it was. An empty text is the zero time.
func parseMoment(flag, text string, now time.Time) (time.Time, error) {
	switch text {
	case "":
		return time.Time{}, nil
	case "now":
		return now, nil
	}
	if ago, err := ParseSpan(text); err == nil {
		return now.Add(-ago), nil
	}
	for _, layout := range [...]string{time.RFC3339, "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fault.Usage("flag-invalid", "-%s=%s is not a time", flag, text).
		WithHint("write how long ago it was (90m, 24h, 7d), or a moment (2026-11-30, 2026-11-30T09:00)")
}

// maxSpan is the longest span of time that is understood.
const maxSpan = 100 * 366 * 24 * time.Hour

// ParseSpan reads a span of time that is longer than zero, such as 90m, 24h or 7d. Fault:
// flag-invalid.
func ParseSpan(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if count, ok := strings.CutSuffix(text, "d"); ok {
		var days int
		if days, err = strconv.Atoi(count); days > int(maxSpan/(24*time.Hour)) {
			days = -1
		}
		d = time.Duration(days) * 24 * time.Hour
	}
	if err != nil || d <= 0 || d > maxSpan {
		return 0, fault.Usage("flag-invalid", "%q is not a span of time", text).WithHint("write one such as 90m, 24h or 7d")
	}
	return d, nil
}

// ParseLimits reads the limits of a gate: dollars, tokens, and the span of time in which they
// count. Faults: argument-missing, flag-invalid.
func ParseLimits(cost, tokens, within string) (l Limits, err error) {
	if cost == "" && tokens == "" || within == "" {
		return l, fault.Usage("argument-missing", "usage:gate needs -within and -max-cost or -max-tokens").
			WithHint("for example -max-cost=20 -within=24h")
	}
	if l.Within, err = ParseSpan(within); err != nil {
		return l, err
	}
	if cost != "" {
		dollars, err := strconv.ParseFloat(strings.TrimPrefix(cost, "$"), 64)
		if err != nil || !(dollars >= 0) || math.IsInf(dollars, 0) {
			return l, fault.Usage("flag-invalid", "-max-cost=%s is not a number of dollars", cost)
		}
		l.Cost = &dollars
	}
	if tokens != "" {
		n, err := strconv.ParseInt(strings.ReplaceAll(tokens, "_", ""), 10, 64)
		if err != nil || n < 0 {
			return l, fault.Usage("flag-invalid", "-max-tokens=%s is not a number of tokens", tokens)
		}
		l.Tokens = &n
	}
	return l, nil
}
