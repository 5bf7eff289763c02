package auth

import (
	"github.com/flowgate-go/flowgate/internal/config/rewrite"
)

// Change is the result of a sign-in, an import, a renewal or a removal.
type Change struct {
	Changed     bool            `json:"changed"`
	Account     *Account        `json:"account"`          // as it is now; null when it was removed
	Source      string          `json:"source"`           // the file that it came from; "" for a sign-in
	Destination string          `json:"destination"`      // the file that it is in now
	Warnings    []Warning       `json:"warnings"`         // never nil
	Proof       string          `json:"proof"`            // the evidence that it worked
	Wired       *rewrite.Wiring `json:"wired,omitempty"`  // what was added to flowgate.yaml so that the router uses a key
	Others      []Change        `json:"others,omitempty"` // the changes of further accounts
	Failed      []Failure       `json:"failed,omitempty"` // the accounts that failed while others succeeded
}

// Failure is an account for which the command failed.
type Failure struct {
	Account string `json:"account"`
	Code    string `json:"code"` // of the error
	Message string `json:"message"`
}

// AllProviders is the argument that means every provider, of an import or export.
const AllProviders = "all"

// Warning is a consequence of a change that the user should know.
type Warning struct {
	Code    string `json:"code"` // stable kebab-case word
	Message string `json:"message"`
}
