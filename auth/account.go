package auth

import (
	"time"

	"github.com/flowgate-go/flowgate/auth/credential"
)

// State says how a credential stands, as far as was seen.
type State string

// The states. None is concluded from absence of evidence.
const (
	Fresh       State = "fresh"                // its access token has not expired
	Stale       State = "stale-but-renewable"  // it has, and a refresh token is there
	Lasting     State = "no-refresh-by-design" // it has no end of its own: an API key, a GitHub token
	Dead        State = "grant-dead"           // the provider refused to renew it, or it expired and cannot be renewed
	Parked      State = "quota-parked"         // the server waits for the quota to return
	Unreachable State = "unreachable"          // the server that should know did not answer
	Unknown     State = "unknown"              // nothing seen says more
)

// Account is one credential as reports show it. It holds no secret.
type Account struct {
	Provider    string     `json:"provider"`
	Method      string     `json:"method"`  // how it can be signed in again; the provider's default
	Account     string     `json:"account"` // what logout and export take: the file's name without .json
	Email       string     `json:"email"`   // "" when the credential does not say
	Plan        string     `json:"plan,omitempty"`
	Team        string     `json:"organization,omitempty"` // the organisation's name, where the credential says it
	File        string     `json:"file"`                   // absolute
	Mode        string     `json:"mode"`                   // permissions, "0600"
	State       State      `json:"state"`
	Evidence    string     `json:"evidence"`    // what State follows from
	ObservedAt  time.Time  `json:"observed_at"` // when that was seen
	ExpiresAt   *time.Time `json:"expires_at"`  // of the access token; nil when the file does not say
	ExpiresInS  *float64   `json:"expires_in_s"`
	LastRefresh *time.Time `json:"last_refresh"`
	Refreshable bool       `json:"refreshable"` // it holds a refresh token
	Disabled    bool       `json:"disabled"`    // by its own file: the server leaves it alone
	Problems    []Problem  `json:"problems"`    // never nil
	Live        *Live      `json:"live,omitempty"`

	content credential.Content // what the file holds
}

// Credential returns what the account's file holds. It has secrets: it is for the
// packages below this one, which compare and renew credentials, and is never shown.
func (a Account) Credential() credential.Content { return a.content }

// Problem is something about a credential that somebody should look at.
type Problem struct {
	Code    string `json:"code"`    // stable kebab-case word
	Message string `json:"message"` // one line; no secret
}

// Codes of problems.
const (
	ProblemUnreadable = "unreadable"        // the file cannot be opened or read
	ProblemInvalid    = "invalid"           // it is no JSON object: empty, truncated, binary
	ProblemTooLarge   = "too-large"         // over 1 MB: nothing was read
	ProblemNoType     = "type-missing"      // CLIProxyAPI ignores such a file
	ProblemNoToken    = "token-missing"     // nothing in it can be presented to a provider
	ProblemMode       = "mode-open"         // others than the owner may read or write it
	ProblemOwner      = "owner-foreign"     // the file belongs to another user
	ProblemSymlink    = "symlink"           // it is a link: a rewrite changes what is elsewhere
	ProblemTime       = "time-invalid"      // the expiry is written in no known form
	ProblemTwice      = "account-twice"     // another file holds the same account
	ProblemNoRefresh  = "refresh-missing"   // it will end and cannot be renewed
	ProblemType       = "type-unknown"      // no provider of the configuration has files of this type
	ProblemClock      = "refresh-in-future" // last refreshed in the future: a clock is wrong
)

func (a *Account) addProblem(code, message string) {
	a.Problems = append(a.Problems, Problem{code, message})
}

// Live is what the running server says about a credential (auth:status -live).
type Live struct {
	Listed    bool       `json:"listed"`
	Status    string     `json:"status"` // the server's own word; "active" does not mean that it works
	Message   string     `json:"message"`
	RetryAt   *time.Time `json:"retry_at"`
	Models    int        `json:"models"` // that it offers; -1 when the server cannot say
	Available bool       `json:"available"`
}
