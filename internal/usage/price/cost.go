package price

import "github.com/flowgate-go/flowgate/internal/usage/record"

// Cost returns what tokens cost in dollars, as LiteLLM's completion_cost counts. known is false
// when the model has no price for tokens.
func (m *Model) Cost(t record.Tokens) (dollars float64, known bool) {
	if !m.HasPrice() {
		return 0, false
	}
	price := m.priceOf(t.Input)
	read := price[input]
	if m.Provider == "fireworks_ai" { // its own rule where it publishes no other price
		read /= 2
	}
	if has(price, cacheRead) {
		read = price[cacheRead]
	}
	first := func(keys ...string) float64 {
		for _, key := range keys {
			if has(price, key) {
				return price[key]
			}
		}
		return 0
	}
	plain, written := t.Input-t.Cached-t.CacheWrite, t.CacheWrite-t.CacheWriteHour
	dollars = float64(max(0, plain))*first(input) + float64(t.Cached)*read +
		float64(max(0, written))*first(cacheWrite, input) + float64(t.CacheWriteHour)*first(hourWrite, cacheWrite, input) +
		float64(max(0, t.Output-t.Reasoning))*first(output) + float64(t.Reasoning)*first(reasoning, output)
	return dollars, true
}

// priceOf returns the prices of a request with that many input tokens.
func (m *Model) priceOf(tokens int) map[string]float64 {
	for i := range m.tiers {
		if i == len(m.tiers)-1 || float64(tokens) <= m.tiers[i].upTo {
			return m.tiers[i].price
		}
	}
	price := m.rates[0].price
	for _, r := range m.rates[1:] {
		if tokens > r.above || r.inclusive && tokens == r.above {
			price = r.price
		}
	}
	return price
}
