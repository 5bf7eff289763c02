package auth

import (
	"fmt"
	"time"

	"github.com/flowgate-go/flowgate/auth/credential"
)

// clockSlack is how far the last refresh may lie in the future before a clock is
// reported as wrong.
const clockSlack = 5 * time.Minute

// judgeState sets the state that follows from the credential's own content.
func (a *Account) judgeState(c credential.Content, lasting bool, now time.Time) {
	if c.HasBadExpiry {
		a.addProblem(ProblemTime, "its expiry cannot be read")
	}
	if c.RefreshedAt.After(now.Add(clockSlack)) {
		a.addProblem(ProblemClock,
			"it was last refreshed in the future ("+credential.FormatTime(c.RefreshedAt)+"): a clock is wrong")
	}
	switch {
	case c.AccessToken == "" && c.RefreshToken == "":
		a.addProblem(ProblemNoToken, "it holds neither an access token nor a refresh token")
		a.Evidence = "the file holds no token"
	case c.ExpiresAt.IsZero() && lasting:
		a.State, a.Evidence = Lasting, "credentials of this kind do not expire"
	case c.ExpiresAt.IsZero() && c.RefreshToken != "":
		a.Evidence = "the file does not say when the access token expires; there is a refresh token"
	case c.ExpiresAt.IsZero():
		a.Evidence = "the file does not say when the access token expires"
	case c.ExpiresAt.After(now):
		a.State, a.Evidence = Fresh, fmt.Sprintf("%s says that the access token expires at %s", c.ExpirySource,
			credential.FormatTime(c.ExpiresAt))
		if c.RefreshToken == "" && !lasting {
			a.addProblem(ProblemNoRefresh, "there is no refresh token: it expires at "+credential.FormatTime(c.ExpiresAt))
		}
	case c.RefreshToken != "":
		a.State, a.Evidence = Stale, fmt.Sprintf("%s says that the access token expired at %s; there is a refresh token",
			c.ExpirySource, credential.FormatTime(c.ExpiresAt))
	default:
		a.State, a.Evidence = Dead, fmt.Sprintf("%s says that the access token expired at %s, and there is no refresh token",
			c.ExpirySource, credential.FormatTime(c.ExpiresAt))
		a.addProblem(ProblemNoRefresh, "it has expired and there is no refresh token")
	}
}

// IsUsableAt reports whether the account can be expected to work at that time,
// and if not, the reason.
func (a Account) IsUsableAt(at time.Time) (bool, string) {
	switch {
	case a.Disabled:
		return false, "it is disabled"
	case a.State == Lasting, a.State == Stale:
		return true, ""
	case a.State == Fresh && (a.Refreshable || a.ExpiresAt != nil && a.ExpiresAt.After(at)):
		return true, ""
	case a.State == Fresh:
		return false, "it expires at " + credential.FormatTime(*a.ExpiresAt) + " and cannot be renewed"
	case a.State == Parked && a.Live != nil && a.Live.RetryAt != nil && a.Live.RetryAt.Before(at):
		return true, ""
	case a.State == Unknown && a.Refreshable && len(a.Problems) == 0:
		return true, ""
	}
	return false, string(a.State) + ": " + a.Evidence
}
