package clientkey

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// Open returns the store of an installation's keys. Fault: keys-elsewhere when its router is
// not the embedded one, so that nothing here would be enforced.
func Open(cfg *config.Config) (Store, error) {
	service, routed := cfg.Service(config.LiteLLM)
	switch {
	case !routed:
		return Store{}, fault.Usage("keys-elsewhere", "named keys are the router's, and this configuration has no router")
	case service.Runtime != config.RuntimeEmbedded:
		return Store{}, fault.Usage("keys-elsewhere", "the router is not the embedded one (runtime: %s): its keys are its "+
			"own business", service.Runtime).WithHint("LiteLLM makes keys with POST /key/generate and a database")
	}
	return Store{Folder: cfg.Paths.Secrets()}, nil
}

// Wishes are limits as people type them.
type Wishes struct {
	Models      string // separated by commas
	Routes      string // separated by commas
	RPM, TPM    *int   // nil: no limit
	MaxParallel *int   // nil: no limit
	Budget      string // dollars; a $ before them is allowed
	Period      string // as Limits.BudgetDuration
	Expires     string // a time (RFC 3339), a day, or a length of time from now on: 30d, 12h
}

// Parse returns the limits that are wished for at a time. Fault: key-invalid.
func (w Wishes) Parse(now time.Time) (Limits, error) {
	l := Limits{Models: splitList(w.Models), AllowedRoutes: splitList(w.Routes), RPM: widen(w.RPM), TPM: widen(w.TPM),
		MaxParallel: widen(w.MaxParallel), BudgetDuration: w.Period}
	if w.Budget != "" {
		dollars, err := strconv.ParseFloat(strings.TrimPrefix(w.Budget, "$"), 64)
		if err != nil {
			return l, fault.Usage("key-invalid", "-budget=%s is not a number of dollars", w.Budget)
		}
		l.MaxBudget = &dollars
	}
	if w.Expires != "" {
		at, err := parseExpiry(w.Expires, now)
		if err != nil {
			return l, fault.Usage("key-invalid", "-expires=%s: %w", w.Expires, err)
		}
		l.Expires = &at
	}
	if err := l.check(flagNames); err != nil {
		return l, fault.Usage("key-invalid", "%w", err).WithHint("mage help key:create explains each limit")
	}
	return l, nil
}

// parseExpiry returns the time that a text names, or that is so long after now.
func parseExpiry(text string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	if text == "1mo" {
		return now.UTC().AddDate(0, 1, 0), nil
	}
	for unit, days := range map[string]int{"d": 1, "w": 7} {
		if number, found := strings.CutSuffix(text, unit); found {
			n, err := strconv.Atoi(number)
			if err == nil && 0 < n && n*days <= int(maxPeriod/(24*time.Hour)) {
				return now.UTC().AddDate(0, 0, n*days), nil
			}
		}
	}
	if length, err := time.ParseDuration(text); err == nil {
		return now.UTC().Add(length), nil
	}
	return time.Time{}, errors.New("expected a time such as 2027-01-31 or 2027-01-31T18:00:00Z, or a length such as 30d " +
		"or 12h")
}

// splitList returns the parts of a list with commas, without empty ones; never nil.
func splitList(text string) []string {
	parts := []string{}
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// widen returns a limit as the file has it.
func widen(n *int) *int64 {
	if n == nil {
		return nil
	}
	wide := int64(*n)
	return &wide
}
