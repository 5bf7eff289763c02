package clientkey

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// maxPeriod is the longest period of a budget.
const maxPeriod = 10 * 366 * 24 * time.Hour

// errPeriod says what a period may be.
var errPeriod = errors.New("a period is a number with s, m, h, d or w, 1mo, or hourly, daily, weekly or monthly")

// period is the length of a budget's period.
type period struct {
	months int
	days   int
	within time.Duration // shorter than a day, or in hours
}

// parsePeriod reads a period in LiteLLM's form (litellm_core_utils/duration_parser.py).
func parsePeriod(text string) (period, error) {
	switch text {
	case "hourly":
		text = "1h"
	case "daily":
		text = "1d"
	case "weekly":
		text = "7d"
	case "monthly", "1mo", "30d":
		return period{months: 1}, nil
	}
	digits := strings.TrimRight(text, "smhdw")
	n, err := strconv.Atoi(digits)
	unit := text[len(digits):]
	lengths := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour,
		"w": 7 * 24 * time.Hour}
	length := lengths[unit]
	if err != nil || length == 0 || n < 1 || n > int(maxPeriod/length) {
		return period{}, errPeriod
	}
	switch unit {
	case "d":
		return period{days: n}, nil
	case "w":
		return period{days: 7 * n}, nil
	}
	return period{within: time.Duration(n) * length}, nil
}

// next returns when the period that now is in ends, as LiteLLM's get_next_standardized_reset_time
// does: days end at midnight UTC, 7 days on a Monday, 30 days and a month on the first.
func (p period) next(now time.Time) time.Time {
	now = now.UTC()
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	switch {
	case p.months > 0:
		return time.Date(now.Year(), now.Month()+1, 1, 0, 0, 0, 0, time.UTC)
	case p.days == 7:
		return midnight.AddDate(0, 0, 7-(int(now.Weekday())+6)%7)
	case p.days > 0:
		return midnight.AddDate(0, 0, p.days)
	}
	return midnight.Add((now.Sub(midnight)/p.within + 1) * p.within)
}

// NextReset returns when the period of the budget that now is in ends; zero when the budget is
// never renewed.
func (l Limits) NextReset(now time.Time) time.Time {
	if l.BudgetDuration == "" {
		return time.Time{}
	}
	p, err := parsePeriod(l.BudgetDuration)
	if err != nil {
		return time.Time{}
	}
	return p.next(now)
}
