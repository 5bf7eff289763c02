package price

import (
	"errors"
	"io/fs"
	"log/slog"
	"math"
	"path/filepath"
	"sync"
	"weak"

	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// FileName is the name of the table that usage:prices keeps in the folder of the usage ledger.
const FileName = "prices.gz"

// Open returns the table in a folder, when there is one and it has one, else the one that came with
// this program. Its error is about a table that is there and cannot be read.
func Open(folder string) (*Table, error) {
	packed, err := readPacked(folder)
	if err != nil {
		return nil, err
	}
	return unpack(packed)
}

// readPacked returns the file of the table in a folder, else the one that came with this program.
func readPacked(folder string) ([]byte, error) {
	if folder == "" {
		return builtin, nil
	}
	f, err := safefile.Open(filepath.Join(folder, FileName))
	if errors.Is(err, fs.ErrNotExist) {
		return builtin, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return readAll(f)
}

// Own is what a deployment's configuration says that its tokens cost, in dollars.
type Own struct{ Input, Output float64 }

// Pricer says what requests cost. It reads the table at the first request, and holds it as the file has
// it: unpacked it takes twenty times the memory, and is needed once for each model. It is safe for concurrent use.
type Pricer struct {
	Folder string         // of a newer table
	Own    map[string]Own // by model_info.id: they take precedence over the table
	Logger *slog.Logger

	mu     sync.Mutex
	packed []byte              // nil: not read yet
	table  weak.Pointer[Table] // unpacked, until the next garbage collection
	found  map[name]*Model     // the models that were looked up; nil: not in the table

	last struct { // what was looked up last: most requests are for the model of the one before
		name  name
		model *Model
	}
}

// Price sets the cost of a request. One that is no finite number is unknown: prices are what somebody wrote, and
// neither JSON nor a budget has a place for it.
func (p *Pricer) Price(r *record.Request) {
	p.price(r)
	if math.IsNaN(r.Cost) || math.IsInf(r.Cost, 0) {
		r.Cost, r.CostKnown = 0, false
	}
}

// price sets the cost of a request as its prices say.
func (p *Pricer) price(r *record.Request) {
	if !r.Tokens.Known || r.Deployment == "" {
		return
	}
	if own, ok := p.Own[r.Deployment]; ok {
		r.Cost = float64(r.Tokens.Input)*own.Input + float64(r.Tokens.Output)*own.Output
		r.CostKnown = true
		return
	}
	if m := p.find(name{r.Provider, r.Model}); m != nil {
		r.Cost, r.CostKnown = m.Cost(r.Tokens)
	}
}

// find returns a model; nil when the table does not have it.
func (p *Pricer) find(key name) *Model {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last.model != nil && p.last.name == key {
		return p.last.model
	}
	m, isFound := p.found[key]
	if !isFound {
		m = p.look(key)
	}
	p.last.name, p.last.model = key, m
	return m
}

// look looks a model up in the table. The caller holds mu.
func (p *Pricer) look(key name) (m *Model) {
	table := p.open()
	if table == nil {
		return nil
	}
	if model, ok := table.Find(key.provider, key.model); ok {
		m = &model
	}
	if p.found == nil || len(p.found) >= maxFound {
		p.found = map[name]*Model{}
	}
	p.found[key] = m
	return m
}

// open returns the table, the one that came with this program in place of one that is damaged. The
// caller holds mu.
func (p *Pricer) open() *Table {
	if table := p.table.Value(); table != nil {
		return table
	}
	var err error
	if p.packed == nil {
		p.packed, err = readPacked(p.Folder)
	}
	var table *Table
	if err == nil {
		table, err = unpack(p.packed)
	}
	if err != nil {
		p.Logger.Error("the table of prices cannot be read; the one of this program is used", "folder", p.Folder,
			"error", err.Error())
		p.packed = builtin
		table, _ = Builtin() // a test reads it
	}
	p.table = weak.Make(table)
	return table
}
