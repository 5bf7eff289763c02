package auth

import "github.com/flowgate-go/flowgate/internal/config"

// Change says what a sign-in, an import, a renewal or a removal did.
type Change struct {
	Changed     bool           `json:"changed"`
	Account     *Account       `json:"account"`         // as it is now; null when it is gone
	Source      string         `json:"source"`          // where it came from; "" for a sign-in
	Destination string         `json:"destination"`     // where it is now
	Warnings    []Warning      `json:"warnings"`        // never nil
	Proof       string         `json:"proof"`           // what shows that it worked
	Wired       *config.Wiring `json:"wired,omitempty"` // what was added to flowgate.yaml, so that the router uses a key
	Others      []Change       `json:"others,omitempty"`
	Failed      []Failure      `json:"failed,omitempty"` // what could not be done, beside what was
}

// Failure is one account with which it did not work.
type Failure struct {
	Account string `json:"account"`
	Code    string `json:"code"` // of the error
	Message string `json:"message"`
}

// AllProviders stands for every provider where a source holds several.
const AllProviders = "all"

// Warning is something that was done though somebody should know about it.
type Warning struct {
	Code    string `json:"code"` // stable kebab-case word
	Message string `json:"message"`
}
