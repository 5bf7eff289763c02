// Package quota reads how much of a provider's quota is used from the headers of its
// replies: the windows of Claude's and Codex's subscriptions, and the rate limits of API
// keys. Call Parse with each reply's header, and Newest.Keep with what it returns.
//
// It never asks a provider for anything: quotas are read as replies pass. Endpoints that
// tell them are not asked, because that counts against limits and is said to lead to bans.
package quota

import (
	"cmp"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Providers of windows. Windows of other API keys have none, since their headers name none.
const (
	Claude    = "claude"    // a Claude subscription: anthropic-ratelimit-unified-*
	Codex     = "codex"     // a ChatGPT subscription: x-codex-*
	Anthropic = "anthropic" // an API key of Anthropic: anthropic-ratelimit-*
)

// Names of what Claude tells besides its windows.
const (
	Unified = "unified" // the decision over all windows: it has no length and no share of its own
	Overage = "overage" // what may be bought beyond the windows; rejected: nothing
)

// Window is the state of one quota, as a reply's header gave it.
type Window struct {
	Provider string `json:"provider"` // claude, codex, anthropic; empty for other API keys
	// 5h, 7d, 7d_oi, unified, overage; requests, tokens and the like of API keys
	Name      string     `json:"name"`
	LengthS   int64      `json:"length_s"`   // how long the window is, in seconds; 0: unknown
	UsedShare *float64   `json:"used_share"` // from 0; 1 is all of it, and it may exceed 1; null: not said
	ResetsAt  *time.Time `json:"resets_at"`  // when the whole quota is there again; null: not said
	// the provider's own word: allowed, allowed_warning, rejected; empty: it has none
	Status    string `json:"status"`
	Decides   bool   `json:"decides,omitempty"`   // the provider says that this window decides (representative-claim)
	Limit     *int64 `json:"limit,omitempty"`     // requests or tokens, of API keys
	Remaining *int64 `json:"remaining,omitempty"` // requests or tokens, of API keys
}

// Length returns how long the window is; 0 when that is unknown.
func (w Window) Length() time.Duration { return time.Duration(w.LengthS) * time.Second }

// IsUsedUp reports whether the provider refuses requests because of the window: its own
// word counts where it has one, since Claude allows more than the whole window to some.
func (w Window) IsUsedUp() bool {
	if w.Name == Overage {
		return false
	}
	if w.Status != "" {
		return w.Status == "rejected" || w.Status == "rate_limited"
	}
	return w.UsedShare != nil && *w.UsedShare >= 1
}

// HasEnded reports whether the window was reset before now: what it says is over then.
func (w Window) HasEnded(now time.Time) bool { return w.ResetsAt != nil && !w.ResetsAt.After(now) }

// Bounds on what a header may say.
const (
	maxWindows = 16                   // of one reply
	maxName    = 48                   // bytes of a name or a status
	maxShare   = 1000                 // times the quota
	maxLength  = 366 * 24 * time.Hour // of a window
	maxReset   = 366 * 24 * time.Hour // from now
)

// Parse returns the windows that the header of a reply names, by provider and length; nil
// when it names none. now is when the reply came. Values that are not what they should be
// count as not said. Names are taken in the canonical form that net/http gives them.
func Parse(h http.Header, now time.Time) []Window {
	var f families
	for name := range h {
		f.note(name)
	}
	var all []Window
	if f.unified {
		all = appendClaude(all, h, now)
	}
	if f.codex {
		all = appendCodex(all, h, now)
	}
	if f.anthropic {
		all = appendAPIKey(all, h, now, "Anthropic-Ratelimit-", Anthropic)
	}
	if f.others {
		all = appendAPIKey(all, h, now, "X-Ratelimit-", "")
	}
	slices.SortFunc(all, func(a, b Window) int {
		return cmp.Or(cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.LengthS, b.LengthS), cmp.Compare(a.Name, b.Name))
	})
	return all[:min(len(all), maxWindows)]
}

// families are the kinds of headers that a reply has.
type families struct{ unified, codex, anthropic, others bool }

// note notes the kind of one header.
func (f *families) note(name string) {
	switch {
	case len(name) < len("X-Codex-"): // most
	case name[0] == 'A' && strings.HasPrefix(name, unifiedPrefix):
		f.unified = true
	case name[0] == 'A' && strings.HasPrefix(name, "Anthropic-Ratelimit-"):
		f.anthropic = true
	case name[0] == 'X' && strings.HasPrefix(name, codexPrefix):
		f.codex = true
	case name[0] == 'X' && strings.HasPrefix(name, "X-Ratelimit-"):
		f.others = true
	}
}

// parseNumber returns a number that is finite and not negative; false for anything else.
func parseNumber(value string) (float64, bool) {
	n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	return n, err == nil && n >= 0 && !math.IsInf(n, 0)
}

// parseShare returns a share of a window: value is that part of whole.
func parseShare(value string, whole float64) *float64 {
	n, ok := parseNumber(value)
	if !ok || n/whole > maxShare {
		return nil
	}
	return new(n / whole)
}

// parseUnix returns the moment that a Unix time in seconds means; nil when it is no such
// number, or more than a year away from now.
func parseUnix(value string, now time.Time) *time.Time {
	n, ok := parseNumber(value)
	if !ok || n > math.MaxInt32*100 {
		return nil
	}
	return checkReset(time.Unix(int64(n), 0), now)
}

// checkReset returns the moment at which a window is reset, to the second and in UTC; nil
// when it is more than a year away from now.
func checkReset(at, now time.Time) *time.Time {
	if away := at.Sub(now).Abs(); away > maxReset {
		return nil
	}
	return new(at.UTC().Round(time.Second))
}

// parseWord returns a word as it may be kept and shown: what an upstream sends may be
// anything. It returns "" for what is not a short word of letters, digits, dashes, dots,
// spaces and underscores.
func parseWord(value string) string {
	value = strings.TrimSpace(value)
	if len(value) > maxName || strings.ContainsFunc(value, isUnexpected) {
		return ""
	}
	return value
}

// isUnexpected reports whether a character has no place in a word.
func isUnexpected(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_. ", r)
}
