package auth

import (
	"time"

	"github.com/flowgate-go/flowgate/auth/credential"
)

// State is the condition of a credential, as far as there is evidence.
type State string

// The states. Without evidence a state is Unknown.
const (
	Fresh   State = "fresh"                // the access token has not expired
	Stale   State = "stale-but-renewable"  // the access token has expired; there is a refresh token
	Lasting State = "no-refresh-by-design" // it does not expire: an API key, a GitHub token
	// Dead: the provider refused to renew it, or it has expired without a refresh token.
	Dead        State = "grant-dead"
	Parked      State = "quota-parked" // the server waits until the quota is reset
	Unreachable State = "unreachable"  // CLIProxyAPI did not answer
	Unknown     State = "unknown"      // there is no evidence for another state
)

// Account is one credential as reports show it. It holds no secret.
type Account struct {
	Provider     string     `json:"provider"`
	Method       string     `json:"method"`  // the provider's default way to sign in
	Account      string     `json:"account"` // the argument of logout and export: the file name without .json
	Email        string     `json:"email"`   // "" when the credential does not name it
	Plan         string     `json:"plan,omitempty"`
	Organization string     `json:"organization,omitempty"` // its name, where the credential has one
	File         string     `json:"file"`                   // absolute
	Mode         string     `json:"mode"`                   // permissions, "0600"
	State        State      `json:"state"`
	Evidence     string     `json:"evidence"`    // the observation that State is based on
	ObservedAt   time.Time  `json:"observed_at"` // the time of that observation
	ExpiresAt    *time.Time `json:"expires_at"`  // of the access token; nil when unknown
	ExpiresInS   *float64   `json:"expires_in_s"`
	LastRefresh  *time.Time `json:"last_refresh"`
	Refreshable  bool       `json:"refreshable"` // it holds a refresh token
	Disabled     bool       `json:"disabled"`    // its file says so: the server does not use it
	Problems     []Problem  `json:"problems"`    // never nil
	Live         *Live      `json:"live,omitempty"`

	content credential.Content // of the file; holds secrets
}

// Credential returns the content of the account's file. It holds secrets: the
// packages that compare and renew credentials use it, and it is never shown.
func (a Account) Credential() credential.Content { return a.content }

// Problem is a defect of a credential that the user should correct.
type Problem struct {
	Code    string `json:"code"`    // stable kebab-case word
	Message string `json:"message"` // one line; no secret
}

// Codes of problems.
const (
	ProblemUnreadable = "unreadable"        // the file cannot be opened or read
	ProblemInvalid    = "invalid"           // not a JSON object: empty, truncated, binary
	ProblemTooLarge   = "too-large"         // over 1 MB: nothing was read
	ProblemNoType     = "type-missing"      // CLIProxyAPI ignores such a file
	ProblemNoToken    = "token-missing"     // there is neither an access token nor a refresh token
	ProblemMode       = "mode-open"         // other users may read or write it
	ProblemOwner      = "owner-foreign"     // the file belongs to another user
	ProblemSymlink    = "symlink"           // it is a symbolic link: writing it changes a file elsewhere
	ProblemTime       = "time-invalid"      // the expiry cannot be read
	ProblemTwice      = "account-twice"     // another file holds the same account
	ProblemNoRefresh  = "refresh-missing"   // it expires and cannot be renewed
	ProblemType       = "type-unknown"      // no known provider has files of this type
	ProblemClock      = "refresh-in-future" // last refreshed in the future: a clock is wrong
)

// addProblem adds a problem to the account.
func (a *Account) addProblem(code, message string) {
	a.Problems = append(a.Problems, Problem{code, message})
}

// Live is what a running CLIProxyAPI reports about a credential (auth:status -live).
type Live struct {
	Listed    bool       `json:"listed"`
	Status    string     `json:"status"` // as the server reports it; "active" does not mean that the credential works
	Message   string     `json:"message"`
	RetryAt   *time.Time `json:"retry_at"`
	Models    int        `json:"models"` // number of models; -1 when the server does not report it
	Available bool       `json:"available"`
}
