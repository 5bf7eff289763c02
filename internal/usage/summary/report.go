// Package summary makes what commands say of the usage ledger: reports, exports, limits that
// are held against it, and the table of the last requests. Call Read, Gate, Export, Last,
// Follow or Forget with the configuration.
//
// It never writes the ledger, except for Forget. It is larger than other packages because each of
// these has a table for people beside its data.
package summary

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/trust"
	"github.com/flowgate-go/flowgate/internal/usage/ledger"
)

// Report is what was used in a span of time.
type Report struct {
	By       ledger.By         `json:"by"`
	Since    *time.Time        `json:"since"`   // null: from the first row on
	Until    *time.Time        `json:"until"`   // null: up to the last row
	Ledgers  int               `json:"ledgers"` // how many were read: 1, or those of -ledgers
	Total    ledger.Sum        `json:"total"`
	Lines    []ledger.Line     `json:"lines"`
	Unpriced []ledger.Unpriced `json:"unpriced_models"` // models without a price: their cost is in no sum
	Gaps     []ledger.Gap      `json:"gaps"`            // spans in which rows were lost
}

// Read reads the ledger, or those that the query names, and sums what the query asks for. An empty by means
// by client. Faults: flag-invalid, usage-not-kept, and those of ledger.Open.
func Read(cfg *config.Config, q Query, by string, now time.Time) (*Report, error) {
	r := &Report{By: ledger.By(lo.CoalesceOrEmpty(by, string(ledger.ByClient)))}
	if !slices.Contains(ledger.AllBy, r.By) {
		return nil, fault.Usage("flag-invalid", "-by=%s is not something that a report can have lines of", by).
			WithHint("one of %s", strings.Join(lo.Map(ledger.AllBy, func(b ledger.By, _ int) string { return string(b) }), ", "))
	}
	f, err := q.Filter(now)
	if err != nil {
		return nil, err
	}
	return r, withLedgers(cfg, q.Ledgers, func(readers []*ledger.Reader) error { return r.read(readers, f, now) })
}

// read fills the report in.
func (r *Report) read(readers []*ledger.Reader, f ledger.Filter, now time.Time) error {
	if !f.Since.IsZero() {
		r.Since = new(f.Since.UTC())
	}
	if !f.Until.IsZero() {
		r.Until = new(f.Until.UTC())
	}
	sums, gaps, err := ledger.SummarizeAll(readers, f, now.Location(), r.By)
	r.Ledgers, r.Total, r.Lines, r.Unpriced, r.Gaps = len(readers), sums.Total, sums.Lines[r.By], sums.Unpriced, gaps
	return err
}

// withLedger opens the ledger of an installation for do. Faults: usage-not-kept, not-yours, and
// those of ledger.Open.
func withLedger(cfg *config.Config, do func(*ledger.Reader) error) error {
	if err := CheckKept(cfg); err != nil {
		return err
	}
	reader, err := ledger.Open(cfg.Paths.Usage())
	if err != nil {
		return err
	}
	defer func() { _ = reader.Close() }() // it was only read
	return do(reader)
}

// LastSeen returns when each client and user agent sent its newest request. It returns nothing
// where no ledger is kept, or where it cannot be read: usage:report says why.
func LastSeen(cfg *config.Config) []ledger.Seen {
	var all []ledger.Seen
	err := withLedger(cfg, func(reader *ledger.Reader) (err error) {
		all, err = reader.LastSeen()
		return err
	})
	if err != nil {
		return nil
	}
	return all
}

// CheckKept returns a fault when the router of the configuration keeps no ledger, or when
// others may have written it. Faults: usage-not-kept, not-yours.
func CheckKept(cfg *config.Config) error {
	svc, ok := cfg.Service(config.LiteLLM)
	switch {
	case !ok:
		return fault.New("usage-not-kept", "this configuration has no router, so that no usage is kept")
	case svc.Runtime != config.RuntimeEmbedded:
		return fault.New("usage-not-kept", "the router is LiteLLM: usage, keys and metrics are its own business").
			WithHint("LiteLLM keeps spend in its database (general_settings.database_url); " +
				"services.litellm.runtime: embedded keeps a ledger here")
	case !cfg.Usage.Ledger:
		return fault.New("usage-not-kept", "the configuration says usage.ledger: false, so that no usage is kept").
			WithHint("remove the line, and restart the router")
	}
	if err := trust.CheckOwnIfPresent(cfg.Paths.Usage()); err != nil {
		return err
	}
	return trust.CheckOwnIfPresent(ledger.File(cfg.Paths.Usage()))
}

// Limits are what a gate allows within a span of time; nil: no limit.
type Limits struct {
	Cost   *float64 // in dollars
	Tokens *int64
	Within time.Duration
}

// Gate is what was used, and what was allowed.
type Gate struct {
	Since     time.Time         `json:"since"`
	Cost      float64           `json:"cost"` // in dollars
	MaxCost   *float64          `json:"max_cost"`
	Tokens    int64             `json:"tokens"`
	MaxTokens *int64            `json:"max_tokens"`
	Unpriced  []ledger.Unpriced `json:"unpriced_models"` // their cost is unknown
	Gaps      []ledger.Gap      `json:"gaps"`
}

// HoldAgainst holds limits against what the query's client used, or all clients together; its span of time
// is that of the limits. Faults: usage-limit-exceeded with the Gate, usage-not-kept, and those of ledger.Open.
func HoldAgainst(cfg *config.Config, limits Limits, q Query, now time.Time) (*Gate, error) {
	g := &Gate{Since: now.Add(-limits.Within).UTC(), MaxCost: limits.Cost, MaxTokens: limits.Tokens}
	err := withLedgers(cfg, q.Ledgers, func(readers []*ledger.Reader) error {
		sums, gaps, err := ledger.SummarizeAll(readers, ledger.Filter{Client: q.Client, Since: g.Since}, time.UTC)
		g.Cost, g.Tokens, g.Unpriced, g.Gaps = sums.Total.Cost, sums.Total.Total(), sums.Unpriced, gaps
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case limits.Cost != nil && g.Cost > *limits.Cost:
		return g, limitFault("$%.4f were spent since %s, more than $%g", g.Cost, stamp(g.Since), *limits.Cost)
	case limits.Tokens != nil && g.Tokens > *limits.Tokens:
		return g, limitFault("%d tokens were used since %s, more than %d", g.Tokens, stamp(g.Since), *limits.Tokens)
	}
	return g, nil
}

// limitFault returns the fault for a limit that was exceeded.
func limitFault(format string, args ...any) error {
	return fault.New("usage-limit-exceeded", format, args...).
		WithHint("mage usage:report -by=client shows who, -by=model what")
}

// stamp returns a moment in a message.
func stamp(t time.Time) string { return t.Format(time.RFC3339) }

// Forgotten is what was deleted from the ledger.
type Forgotten struct {
	Changed bool  `json:"changed"`
	Rows    int64 `json:"rows"`
}

// Forget deletes what the query asks for, which must name something. Faults:
// argument-missing, flag-invalid, usage-not-kept, and those of ledger.Forget.
func Forget(cfg *config.Config, q Query, now time.Time) (*Forgotten, error) {
	if q == (Query{}) {
		return nil, fault.Usage("argument-missing", "usage:forget needs what to forget").
			WithHint("-client=NAME, -session=ID, -since=…, -until=…; -until=now is everything")
	}
	f, err := q.Filter(now)
	if err != nil {
		return nil, err
	}
	if err := CheckKept(cfg); err != nil {
		return nil, err
	}
	rows, err := ledger.Forget(cfg.Paths.Usage(), f)
	if err != nil {
		return nil, fmt.Errorf("forget rows: %w", err)
	}
	return &Forgotten{Changed: rows > 0, Rows: rows}, nil
}
