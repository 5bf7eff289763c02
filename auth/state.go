package auth

import (
	"fmt"
	"time"
)

// clockSlack is how far a time in a file may lie ahead before a clock must be
// wrong.
const clockSlack = 5 * time.Minute

// judge concludes the state from what the credential itself holds.
func (a *Account) judge(c credential, lasting bool, now time.Time) {
	if c.BadTime {
		a.problem(ProblemTime, "its expiry is written in no known form")
	}
	if c.Refreshed.After(now.Add(clockSlack)) {
		a.problem(ProblemClock, "it was last refreshed in the future ("+stamp(c.Refreshed)+"): a clock is wrong")
	}
	switch {
	case c.Access == "" && c.Refresh == "":
		a.problem(ProblemNoToken, "it holds neither an access token nor a refresh token")
		a.Evidence = "the file holds no token"
	case c.Expires.IsZero() && lasting:
		a.State, a.Evidence = Lasting, "credentials of this kind have no end of their own"
	case c.Expires.IsZero() && c.Refresh != "":
		a.Evidence = "the file does not say when the access token expires; a refresh token is there"
	case c.Expires.IsZero():
		a.Evidence = "the file does not say when the access token expires"
	case c.Expires.After(now):
		a.State, a.Evidence = Fresh, fmt.Sprintf("%s says that the access token expires at %s", c.From, stamp(c.Expires))
		if c.Refresh == "" && !lasting {
			a.problem(ProblemNoRefresh, "there is no refresh token: it ends at "+stamp(c.Expires))
		}
	case c.Refresh != "":
		a.State, a.Evidence = Stale, fmt.Sprintf("%s says that the access token expired at %s; a refresh token is there", c.From, stamp(c.Expires))
	default:
		a.State, a.Evidence = Dead, fmt.Sprintf("%s says that the access token expired at %s, and there is no refresh token", c.From, stamp(c.Expires))
		a.problem(ProblemNoRefresh, "it has expired and there is no refresh token")
	}
}

// UsableUntil reports whether the account can be expected to work at that time,
// and why not. What is only unknown does not count as usable.
func (a Account) UsableUntil(at time.Time) (bool, string) {
	switch {
	case a.Disabled:
		return false, "it is disabled"
	case a.State == Lasting, a.State == Stale:
		return true, ""
	case a.State == Fresh && (a.Refreshable || a.ExpiresAt != nil && a.ExpiresAt.After(at)):
		return true, ""
	case a.State == Fresh:
		return false, "it ends at " + stamp(*a.ExpiresAt) + " and cannot be renewed"
	case a.State == Parked && a.Live != nil && a.Live.RetryAt != nil && a.Live.RetryAt.Before(at):
		return true, ""
	case a.State == Unknown && a.Refreshable && len(a.Problems) == 0:
		return true, ""
	}
	return false, string(a.State) + ": " + a.Evidence
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
