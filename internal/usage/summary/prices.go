package summary

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/download"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/privatefile"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
	"github.com/flowgate-go/flowgate/internal/terminal"
	"github.com/flowgate-go/flowgate/internal/usage/price"
)

// Prices is the table of prices in force.
type Prices struct {
	Changed bool       `json:"changed"`
	File    string     `json:"file,omitempty"` // empty: the table that came with this program
	Table   price.Info `json:"table"`
}

// Print implements report.Printed: it says how many models have a price, and where from.
func (r *Prices) Print(p *terminal.Printer) {
	p.Field("source", r.Table.Source)
	if r.Table.Date != "" {
		p.Field("fetched", r.Table.Date)
	}
	p.Field("models", terminal.Count(r.Table.Models, "model")+", "+terminal.Count(r.Table.Priced, "price"))
	if r.Changed {
		p.Note(terminal.Plain, "the router uses the new prices after its next start")
	}
}

// maxDocument is the longest table of LiteLLM's in bytes.
const maxDocument = 32 << 20

// ShowPrices returns which table is in force.
func ShowPrices(cfg *config.Config) (*Prices, error) {
	r := &Prices{}
	file := filepath.Join(cfg.Paths.Usage(), price.FileName)
	if _, err := os.Stat(file); err == nil {
		r.File = file
	}
	table, err := price.Open(cfg.Paths.Usage())
	if err != nil {
		return nil, fault.New("prices-invalid", "%s: %w", file, err).
			WithHint("fetch it again with usage:prices -from=…, or remove it")
	}
	r.Table = table.Info
	return r, nil
}

// UpdatePrices replaces the table by LiteLLM's model_prices_and_context_window.json at from, a
// file or an https address. Faults: prices-invalid, prices-unreadable, write-failed and those of
// download.Get.
func UpdatePrices(ctx context.Context, cfg *config.Config, from string, now time.Time) (*Prices, error) {
	document, source, err := readDocument(ctx, cfg, from)
	if err != nil {
		return nil, err
	}
	table, err := price.Convert(document, source, now.UTC().Format(time.RFC3339))
	if err != nil {
		return nil, fault.New("prices-invalid", "%s: %w", source, err).
			WithHint("it has to be LiteLLM's model_prices_and_context_window.json")
	}
	var file bytes.Buffer
	if err := table.Write(&file); err != nil {
		return nil, err
	}
	r := &Prices{Changed: true, File: filepath.Join(cfg.Paths.Usage(), price.FileName), Table: table.Info}
	if err := os.MkdirAll(cfg.Paths.Usage(), 0o700); err != nil {
		return nil, fault.New("write-failed", "make the folder of prices: %w", err)
	}
	return r, privatefile.Write(r.File, file.Bytes())
}

// readDocument reads a table from a file or from the network.
func readDocument(ctx context.Context, cfg *config.Config, from string) (document []byte, source string, err error) {
	path, source := from, from
	if strings.Contains(from, "://") {
		source = redact.URL(from)
		path = filepath.Join(cfg.Paths.Usage(), "prices.download")
		defer func() { _ = os.Remove(path) }()
		if _, err := download.Get(ctx, download.Request{URL: from, Path: path, MaxBytes: maxDocument}); err != nil {
			return nil, "", err
		}
	}
	document, err = safefile.Read(path, maxDocument)
	if err != nil {
		return nil, "", fault.New("prices-unreadable", "read the table of prices: %w", err)
	}
	return document, source, nil
}
