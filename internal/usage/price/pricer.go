package price

import (
	"errors"
	"io/fs"
	"log/slog"
	"path/filepath"
	"sync"

	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// FileName is the name of the table that usage:prices keeps in the folder of the usage ledger.
const FileName = "prices.gz"

// Open returns the table in a folder, else the one that came with this program. Its error is
// about a table that is there and cannot be read.
func Open(folder string) (*Table, error) {
	f, err := safefile.Open(filepath.Join(folder, FileName))
	if errors.Is(err, fs.ErrNotExist) {
		return Builtin()
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return Read(f)
}

// Own is what a deployment's configuration says that its tokens cost, in dollars.
type Own struct{ Input, Output float64 }

// Pricer says what requests cost. It reads the table when it needs it.
type Pricer struct {
	Folder string         // of a newer table
	Own    map[string]Own // by model_info.id: they take precedence over the table
	Logger *slog.Logger

	once  sync.Once
	table *Table
}

// Price sets the cost of a request.
func (p *Pricer) Price(r *record.Request) {
	if !r.Tokens.Known || r.Deployment == "" {
		return
	}
	if own, ok := p.Own[r.Deployment]; ok {
		r.Cost = float64(r.Tokens.Input)*own.Input + float64(r.Tokens.Output)*own.Output
		r.CostKnown = true
		return
	}
	p.once.Do(p.read)
	if p.table != nil {
		r.Cost, r.CostKnown = p.table.Cost(r.Provider, r.Model, r.Tokens)
	}
}

// read reads the table; the one that came with this program in place of one that is damaged.
func (p *Pricer) read() {
	table, err := Open(p.Folder)
	if err != nil {
		p.Logger.Error("the table of prices cannot be read; the one of this program is used", "folder", p.Folder,
			"error", err.Error())
		table, err = Builtin()
	}
	if err == nil {
		p.table = table
	}
}
