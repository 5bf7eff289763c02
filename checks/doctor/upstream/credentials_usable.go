package upstream

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
)

// serverAccount is a credential as the running server lists it. Its words are the
// server's: "active" does not mean that it works.
type serverAccount struct {
	Name        string `json:"name"`
	Provider    string `json:"provider"`
	Status      string `json:"status"`
	Message     string `json:"status_message"`
	Disabled    bool   `json:"disabled"`
	Unavailable bool   `json:"unavailable"`
}

// serverAccounts is the detail of credentials.usable.
type serverAccounts struct {
	checks.Note
	ObservedAt time.Time       `json:"observed_at"`
	Accounts   []serverAccount `json:"accounts"` // the ones that the server does not use; at most maxAccounts
	Examined   int             `json:"examined"`
}

func credentialsUsable(s *subject.Subject, ask func(context.Context) management) checks.Check {
	return checks.Check{
		ID: "credentials.usable", Title: "The running server uses every credential",
		Needs: []string{"cliproxy.management"}, Active: true,
		Run: judgeCredentials(s, ask, func(files []serverAccount, m management) checks.Outcome {
			l := listUnusable(files)
			l.ObservedAt = m.ObservedAt
			if len(l.Accounts) == 0 {
				return checks.Passed(l)
			}
			return checks.Warned("").
				WithDetail(l).
				WithFix("mage auth:status -live", "see why; sign in again, enable it, or wait for its quota")
		}),
	}
}

// judgeCredentials returns what a check on the credentials runs that the server lists: judge gets them, as
// C reads each.
func judgeCredentials[C any](s *subject.Subject, ask func(context.Context) management,
	judge func([]C, management) checks.Outcome,
) func(context.Context) checks.Outcome {
	return func(ctx context.Context) checks.Outcome {
		if _, isCLIProxy := s.CLIProxyService(); !isCLIProxy {
			return subject.SkippedForEcho()
		}
		m := ask(ctx)
		var answer struct {
			Files []C `json:"files"`
		}
		if err := json.Unmarshal([]byte(m.Body), &answer); err != nil {
			return checks.Failed("the list of credentials is not what was expected: %v", err)
		}
		return judge(answer.Files, m)
	}
}

// maxAccounts bounds how many accounts the result names: a server may list thousands.
const maxAccounts = 20

// listUnusable returns the accounts that the server does not use at the moment.
func listUnusable(all []serverAccount) serverAccounts {
	unusable := lo.Filter(
		all,
		func(f serverAccount, _ int) bool { return f.Disabled || f.Unavailable || f.Status == "error" },
	)
	l := serverAccounts{Accounts: []serverAccount{}, Examined: len(all)}
	for _, f := range unusable[:min(len(unusable), maxAccounts)] {
		f = f.sanitize()
		l.Accounts = append(l.Accounts, f)
		l.Text += "; " + f.Name + " is " + f.describe()
	}
	if more := len(unusable) - maxAccounts; more > 0 {
		l.Text += fmt.Sprintf("; and %d more", more)
	}
	l.Text = strings.TrimPrefix(l.Text, "; ")
	return l
}

// sanitize returns l as it may be shown: a server may write anything, at any length,
// including the key that it was just sent.
func (l serverAccount) sanitize() serverAccount {
	l.Name, l.Provider = subject.Sanitize(l.Name), subject.Sanitize(l.Provider)
	l.Status, l.Message = subject.Sanitize(l.Status), subject.Sanitize(l.Message)
	return l
}

// describe returns why the server does not use the account.
func (l serverAccount) describe() string {
	switch {
	case l.Disabled:
		return "disabled"
	case l.Message != "":
		return "set aside: " + l.Message
	}
	return "set aside (" + l.Status + ")"
}
