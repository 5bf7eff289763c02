// Package clientkey keeps the named keys of an installation: one for each client of the router, with
// the limits that hold for it. A Store creates, rotates and revokes keys and lists them; Read
// returns the keys for the router, which enforces them (internal/router/keylimit).
//
// A key is shown once, when it is made: the file has its SHA-256 only, under the names of LiteLLM
// 1.106.2 (LiteLLM_VerificationToken). What a key has spent stands in a file beside it, which
// only the router writes, so that neither writer can undo what the other wrote.
//
// It never decides about a request, and never writes the gateway key.
//
// It is larger than other packages because the file of the keys and the file of what they spent
// have one form, one lock and one set of limits.
package clientkey

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// Names of the files in the folder of an installation's keys.
const (
	FileName      = "client-keys.json"  // the keys; written by commands only
	SpendFileName = "client-spend.json" // what they have spent; written by the router only
	lockName      = "client-keys.lock"
)

// Limits are what a key may do. The zero value allows everything.
type Limits struct {
	// Models are the names that the key may ask for: groups, aliases, patterns with *, or
	// all-proxy-models. Empty: all.
	Models []string `json:"models"`
	// AllowedRoutes are the paths that the key may ask for. Empty: everything but the
	// routes of the owner (/metrics, /health/deployments).
	AllowedRoutes []string `json:"allowed_routes,omitempty"`

	RPM         *int64 `json:"rpm_limit,omitempty"`             // requests in a minute, from 1
	TPM         *int64 `json:"tpm_limit,omitempty"`             // tokens in a minute, from 1
	MaxParallel *int64 `json:"max_parallel_requests,omitempty"` // requests at once, from 1

	MaxBudget *float64 `json:"max_budget,omitempty"` // dollars in a period, above 0
	// BudgetDuration is the period of the budget: 30s, 5m, 12h, 1d, 7d, 30d, 1w, 1mo, or hourly,
	// daily, weekly, monthly. Empty: the budget is never renewed.
	BudgetDuration string     `json:"budget_duration,omitempty"`
	Expires        *time.Time `json:"expires,omitempty"` // from then on the key is refused
}

// Key is one named key as the file has it.
type Key struct {
	Token string `json:"token"` // SHA-256 of the key, 64 lower-case hexadecimal digits
	// TokenID is the first Token that the key had. It stays when the key is rotated.
	TokenID string `json:"token_id"`
	// PreviousToken is the Token before the last rotation, so that who still has the old key
	// can be told; empty when there was none.
	PreviousToken string `json:"previous_token,omitempty"`
	Alias         string `json:"key_alias"` // the name, which is the client in reports
	KeyName       string `json:"key_name"`  // sk-...abcd: what people recognize the key by
	Limits
	Blocked   bool      `json:"blocked,omitempty"` // revoked
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// HasExpired reports whether the key is no longer valid at a time.
func (k *Key) HasExpired(now time.Time) bool { return k.Expires != nil && !now.Before(*k.Expires) }

// allModels are the entries of models that stand for every model, as in LiteLLM.
var allModels = [...]string{"*", "all-proxy-models"}

// AllowsModel reports whether the key may ask for a model by one of its names: the one that the
// client sent, and the group that it is an alias of.
func (l Limits) AllowsModel(names ...string) bool {
	for _, allowed := range l.Models {
		if slices.Contains(allModels[:], allowed) {
			return true
		}
		for _, name := range names {
			if matchesPattern(allowed, name) {
				return true
			}
		}
	}
	return len(l.Models) == 0
}

// matchesPattern reports whether a name fits a pattern, in which each * stands for any text.
func matchesPattern(pattern, name string) bool {
	if !strings.Contains(pattern, "*") {
		return pattern == name
	}
	parts := strings.Split(pattern, "*")
	first, last := parts[0], parts[len(parts)-1]
	if len(name) < len(first)+len(last) || !strings.HasPrefix(name, first) || !strings.HasSuffix(name, last) {
		return false
	}
	name = name[len(first) : len(name)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		_, after, found := strings.Cut(name, part)
		if !found {
			return false
		}
		name = after
	}
	return true
}

// HashToken returns the Token of a key, as LiteLLM's hash_token does.
func HashToken(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// abbreviate returns what people recognize a key by, as LiteLLM's abbreviate_api_key does.
func abbreviate(key string) string { return "sk-..." + key[len(key)-4:] }
