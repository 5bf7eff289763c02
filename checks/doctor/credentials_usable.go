package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/checks"
)

// listed is a credential as the running server lists it. Its words are the
// server's: "active" does not mean that it works.
type listed struct {
	Name        string `json:"name"`
	Provider    string `json:"provider"`
	Status      string `json:"status"`
	Message     string `json:"status_message"`
	Disabled    bool   `json:"disabled"`
	Unavailable bool   `json:"unavailable"`
}

// listing is the detail of credentials.usable.
type listing struct {
	checks.Note
	ObservedAt time.Time `json:"observed_at"`
	Accounts   []listed  `json:"accounts"` // those that are set aside
	Examined   int       `json:"examined"`
}

func (s *subject) credentialsUsable() checks.Check {
	return checks.Check{
		ID: "credentials.usable", Title: "The running server has set no credential aside", Needs: []string{"cliproxy.management"},
		About: "Reads the running server's own list: an account that it marks unavailable (its last request failed, or its quota is used up) or that somebody disabled serves nobody at the moment. That it calls one \"active\" says only that the file was loaded.",
		Run: func(context.Context) checks.Outcome {
			if _, real := s.real(); !real {
				return echoes()
			}
			m := s.manage()
			var answer struct {
				Files []listed `json:"files"`
			}
			if err := json.Unmarshal([]byte(m.body), &answer); err != nil {
				return checks.Failed("the list of credentials is not what was expected: %v", err)
			}
			l := setAside(answer.Files)
			l.ObservedAt = m.ObservedAt
			if len(l.Accounts) == 0 {
				return checks.Passed(l)
			}
			return checks.Warned("").WithDetail(l).WithFix("mage auth:status -live", "see why; sign in again, enable it, or wait for its quota")
		},
	}
}

// setAside is the listing of those that serve nobody at the moment.
func setAside(all []listed) listing {
	aside := lo.Filter(all, func(f listed, _ int) bool { return f.Disabled || f.Unavailable || f.Status == "error" })
	l := listing{Accounts: []listed{}, Examined: len(all)}
	for _, f := range aside[:min(len(aside), mostTold)] {
		f = f.plain()
		l.Accounts = append(l.Accounts, f)
		l.Text += "; " + f.Name + " is " + f.word()
	}
	if more := len(aside) - mostTold; more > 0 {
		l.Text += fmt.Sprintf("; and %d more", more)
	}
	l.Text = strings.TrimPrefix(l.Text, "; ")
	return l
}

// plain is l as it may be shown: a server may write anything, at any length,
// the key that it was just sent included.
func (l listed) plain() listed {
	l.Name, l.Provider, l.Status, l.Message = foreign(l.Name), foreign(l.Provider), foreign(l.Status), foreign(l.Message)
	return l
}

func (l listed) word() string {
	switch {
	case l.Disabled:
		return "disabled"
	case l.Message != "":
		return "set aside: " + l.Message
	}
	return "set aside (" + l.Status + ")"
}
