package price

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// Model is what the table says of a model. Numbers that it does not say are 0; the prices that
// it does not say are in no list.
type Model struct {
	Name      string // the key in the table
	Provider  string // LiteLLM's name of the provider
	Mode      string // chat, responses, embedding, …
	MaxInput  int    // tokens
	MaxOutput int    // tokens

	Abilities       []string // such as vision, for supports_vision
	DeprecationDate string   // YYYY-MM-DD; empty when none is known

	rates []rate // by ascending limits; the first one has the limit 0
	tiers []tier // where they stand in place of rates
}

// rate is the prices in dollars a token of requests with more input tokens than above.
type rate struct {
	above     int
	inclusive bool // requests with exactly that many tokens, too
	prices
}

// tier is the prices of requests of up to upTo input tokens.
type tier struct {
	upTo float64
	prices
}

// kind says what a price is for.
type kind int

// The kinds of prices; a name that begins like another one comes before it.
const (
	hourWrite kind = iota
	cacheWrite
	cacheRead
	reasoning
	output
	input
	kinds
)

// kindNames are LiteLLM's names of the kinds.
var kindNames = [kinds]string{
	hourWrite:  "cache_creation_input_token_cost_above_1hr",
	cacheWrite: "cache_creation_input_token_cost",
	cacheRead:  "cache_read_input_token_cost",
	reasoning:  "output_cost_per_reasoning_token",
	output:     "output_cost_per_token",
	input:      "input_cost_per_token",
}

// prices has those that are known, which may be 0: every request asks for several, so it is no map.
type prices struct {
	dollars [kinds]float64
	isKnown [kinds]bool
}

// set sets a price.
func (p *prices) set(k kind, dollars float64) { p.dollars[k], p.isKnown[k] = dollars, true }

// first returns the price of the first kind that has one; 0 when none has.
func (p *prices) first(of ...kind) float64 {
	for _, k := range of {
		if p.isKnown[k] {
			return p.dollars[k]
		}
	}
	return 0
}

// HasPrice reports whether the table has a price for the model's tokens.
func (m *Model) HasPrice() bool {
	return len(m.tiers) > 0 || len(m.rates) > 0 && (m.rates[0].isKnown[input] || m.rates[0].isKnown[output])
}

// UnmarshalJSON reads an object of LiteLLM's table.
func (m *Model) UnmarshalJSON(object []byte) error {
	var named struct {
		Provider  string `json:"litellm_provider"`
		Mode      string `json:"mode"`
		MaxInput  number `json:"max_input_tokens"`
		MaxOutput number `json:"max_output_tokens"`
		MaxTokens number `json:"max_tokens"`
		Date      string `json:"deprecation_date"`
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(object, &all); err != nil {
		return err
	}
	_ = json.Unmarshal(object, &named) // a member of another type is absent
	m.Provider, m.Mode, m.DeprecationDate = named.Provider, named.Mode, named.Date
	m.MaxInput, m.MaxOutput = int(named.MaxInput), int(named.MaxOutput)
	if m.MaxOutput == 0 {
		m.MaxOutput = int(named.MaxTokens)
	}
	m.readRates(all)
	m.readTiers(all["tiered_pricing"])
	for key, value := range all {
		if ability, ok := strings.CutPrefix(key, "supports_"); ok && string(value) == "true" {
			m.Abilities = append(m.Abilities, ability)
		}
	}
	slices.Sort(m.Abilities)
	return nil
}

// number is a number of tokens, which the table has as a number or as a text.
type number int

// UnmarshalJSON reads a number, and takes anything else for 0.
func (n *number) UnmarshalJSON(value []byte) error {
	f, err := strconv.ParseFloat(strings.Trim(string(value), `"`), 64)
	if err == nil && f > 0 && f < 1<<31 {
		*n = number(f)
	}
	return nil
}

// readRates reads the prices, and those that hold above a number of input tokens.
func (m *Model) readRates(all map[string]json.RawMessage) {
	m.rates = []rate{{}}
	for key, value := range all {
		kind, above, ok := parseRateKey(key)
		price, isPrice := parsePrice(value)
		if !ok || !isPrice {
			continue
		}
		i := slices.IndexFunc(m.rates, func(r rate) bool { return r.above == above })
		if i < 0 {
			i = len(m.rates)
			m.rates = append(m.rates, rate{above: above, inclusive: m.Provider == "xai"})
		}
		m.rates[i].set(kind, price)
	}
	slices.SortFunc(m.rates, func(a, b rate) int { return a.above - b.above })
	for i := range m.rates[1:] { // what a limit does not change stays as it was
		for k := range kinds {
			if next := &m.rates[i+1]; m.rates[i].isKnown[k] && !next.isKnown[k] {
				next.set(k, m.rates[i].dollars[k])
			}
		}
	}
}

// parseRateKey returns the price that a key names and the number of input tokens above which
// it holds: input_cost_per_token_above_200k_tokens. ok is false for another key.
func parseRateKey(key string) (k kind, above int, ok bool) {
	for k, name := range kindNames {
		rest, isRate := strings.CutPrefix(key, name)
		if !isRate {
			continue
		}
		if rest == "" {
			return kind(k), 0, true
		}
		count, isAbove := strings.CutPrefix(rest, "_above_")
		count, isTokens := strings.CutSuffix(count, "_tokens")
		thousands, isThousands := strings.CutSuffix(count, "k")
		n, err := strconv.Atoi(thousands)
		if isThousands {
			n *= 1000
		}
		return kind(k), n, isAbove && isTokens && err == nil && n > 0
	}
	return 0, 0, false
}

// readTiers reads tiered_pricing: a request's input tokens choose one tier for all its tokens.
func (m *Model) readTiers(list json.RawMessage) {
	var tiers []map[string]json.RawMessage
	if json.Unmarshal(list, &tiers) != nil {
		return
	}
	for _, one := range tiers {
		var limits [2]float64
		if json.Unmarshal(one["range"], &limits) != nil || one[kindNames[input]] == nil {
			continue
		}
		of := tier{upTo: limits[1]}
		for k, name := range kindNames {
			if p, ok := parsePrice(one[name]); ok {
				of.set(kind(k), p)
			}
		}
		if m.rates[0].isKnown[output] && !of.isKnown[output] {
			of.set(output, m.rates[0].dollars[output])
		}
		m.tiers = append(m.tiers, of)
	}
	slices.SortFunc(m.tiers, func(a, b tier) int { return int(a.upTo - b.upTo) })
}

// parsePrice returns a price in dollars, which the table has as a number or as a text.
func parsePrice(value json.RawMessage) (dollars float64, ok bool) {
	dollars, err := strconv.ParseFloat(strings.Trim(string(value), `"`), 64)
	return dollars, err == nil && dollars >= 0 && dollars < 1e6
}
