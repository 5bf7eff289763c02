package settings

import (
	"github.com/flowgate-go/flowgate/internal/usage/price"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// prices is a table of prices: the one that came with this program, until UsePrices. The zero value has
// none.
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
		d.InputCost, d.OutputCost, d.PriceOfTable = &input, &output, true
	}
}

// ComparesPrices reports whether CostBased compares prices of the table in some group.
func (s *Settings) ComparesPrices() bool { return s.prices.table != nil }

// UsePrices has CostBased compare the prices of a newer table. Prices that entries say stay; what the
// newer table does not have any more has no price. Warnings are those of the table that came with this
// program, so that what is said of a configuration does not depend on the machine. It must be called
// before the settings are used.
func (s *Settings) UsePrices(newer *price.Table) {
	if !s.ComparesPrices() {
		return
	}
	s.prices.table = newer
	for _, d := range s.Deployments {
		if d.PriceOfTable {
			d.InputCost, d.OutputCost, d.PriceOfTable = nil, nil, false
		}
		if s.balancingOf(d.Group).Strategy == CostBased {
			s.prices.complete(d)
		}
	}
}
