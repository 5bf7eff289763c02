package settings

import (
	"github.com/flowgate-go/flowgate/internal/usage/price"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// prices is the table of prices that came with this program. The zero value has none.
type prices struct{ table *price.Table }

// read reads the table.
func (p *prices) read() {
	p.table, _ = price.Builtin() // a test of that package reads it
}

// complete gives a deployment the prices of the table, unless its entry has one. It is meant
// for CostBased, which compares the prices of one token. It may be called concurrently.
func (p *prices) complete(d *Deployment) {
	if p.table == nil || d.InputCost != nil || d.OutputCost != nil || d.Mock != nil {
		return
	}
	if m, ok := p.table.Find(d.Provider, d.Upstream); ok && m.HasPrice() {
		input, _ := m.Cost(record.Tokens{Known: true, Input: 1})
		output, _ := m.Cost(record.Tokens{Known: true, Output: 1})
		d.InputCost, d.OutputCost = &input, &output
	}
}
