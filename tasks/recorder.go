package tasks

import (
	"log/slog"

	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
	"github.com/flowgate-go/flowgate/internal/usage/ledger"
	"github.com/flowgate-go/flowgate/internal/usage/price"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// recorders get what was noted of each request, one after the other: the first one sets its cost.
type recorders []func(*record.Request)

// record hands a request to all.
func (all recorders) record(r *record.Request) {
	for _, one := range all {
		one(r)
	}
}

// usageLedger is where the router keeps its rows, and how many; an empty folder: nowhere.
type usageLedger struct {
	folder   string
	days     int
	maxBytes int64
}

// start begins to write the ledger.
func (u usageLedger) start(log *slog.Logger) *ledger.Writer {
	return ledger.Start(u.folder, ledger.Options{Logger: log, Days: u.days, MaxBytes: u.maxBytes, Redact: redact.Words})
}

// pricer returns what sets the costs of requests.
func (u usageLedger) pricer(s *settings.Settings, log *slog.Logger) *price.Pricer {
	return &price.Pricer{Folder: u.folder, Own: ownPrices(s), Logger: log}
}

// applyPrices has routing by cost compare the prices that usage:prices keeps.
func (u usageLedger) applyPrices(s *settings.Settings, log *slog.Logger) {
	if !s.ComparesPrices() {
		return
	}
	table, err := price.Open(u.folder)
	if err != nil {
		log.Error("the table of prices cannot be read; routing by cost uses the one of this program", "folder", u.folder,
			"error", err.Error())
		return
	}
	s.UsePrices(table)
}

// ownPrices returns the prices that deployments say themselves, by model_info.id.
func ownPrices(s *settings.Settings) map[string]price.Own {
	own := map[string]price.Own{}
	for _, d := range s.Deployments {
		if !d.PriceOfTable && (d.InputCost != nil || d.OutputCost != nil) {
			own[d.ID] = price.Own{Input: deref(d.InputCost), Output: deref(d.OutputCost)}
		}
	}
	return own
}
