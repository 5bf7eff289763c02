package price

import "github.com/flowgate-go/flowgate/internal/usage/record"

// Cost returns what tokens cost in dollars, as LiteLLM's completion_cost counts. known is false
// when the model has no price for tokens.
func (m *Model) Cost(t record.Tokens) (dollars float64, known bool) {
	if !m.HasPrice() {
		return 0, false
	}
	price := m.pricesOf(t.Input)
	read := price.first(cacheRead, input)
	if m.Provider == "fireworks_ai" && !price.isKnown[cacheRead] { // its own rule where it publishes no other price
		read /= 2
	}
	plain, written := t.Input-t.Cached-t.CacheWrite, t.CacheWrite-t.CacheWriteHour
	dollars = float64(max(0, plain))*price.first(input) + float64(t.Cached)*read +
		float64(max(0, written))*price.first(cacheWrite, input) +
		float64(t.CacheWriteHour)*price.first(hourWrite, cacheWrite, input) +
		float64(max(0, t.Output-t.Reasoning))*price.first(output) + float64(t.Reasoning)*price.first(reasoning, output)
	return dollars, true
}

// pricesOf returns the prices of a request with that many input tokens.
func (m *Model) pricesOf(tokens int) *prices {
	for i := range m.tiers {
		if i == len(m.tiers)-1 || float64(tokens) <= m.tiers[i].upTo {
			return &m.tiers[i].prices
		}
	}
	last := &m.rates[0]
	for i := range m.rates {
		if r := &m.rates[i]; tokens > r.above || r.inclusive && tokens == r.above {
			last = r
		}
	}
	return &last.prices
}
