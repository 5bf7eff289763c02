package page

// Usage is what the ledger knows of the last hours.
type Usage struct {
	Series  Series // of the last hour, by the minute
	Clients []Row  // of the last day, the dearest first
	Models  []Row  // of the last day, the dearest first
	Reason  string // why there is none
}

// Series are numbers by the minute, the oldest first, all of the same length.
type Series struct {
	At        []int64    `json:"at"`         // Unix seconds at which the minute begins
	Requests  []float64  `json:"requests"`   // a second
	Errors    []float64  `json:"errors"`     // a second
	LatencyMS []*float64 `json:"latency_ms"` // mean time to the reply; null: no request
}

// Row is the usage of one client or model.
type Row struct {
	Name     string
	Requests int64
	Errors   int64
	Input    int64 // tokens
	Output   int64 // tokens
	Cost     float64
	Unpriced int64 // requests of models without a known price
}
