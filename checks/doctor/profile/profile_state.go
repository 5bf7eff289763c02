package profile

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/checks/doctor/subject"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// chosenProfile is the profile in force, and since when.
type chosenProfile struct {
	Profile string    `json:"profile"`
	Since   time.Time `json:"since"`
}

func profileState(s *subject.Subject) checks.Check {
	return checks.Check{
		ID: "profile.state", Title: "The configuration has the profile in force", Needs: []string{"config.valid"},
		Run: func(context.Context) checks.Outcome {
			if s.Config.Version == 3 {
				return checks.Skipped("version 3 has no profiles")
			}
			text, err := safefile.Read(s.Config.Paths.StateFile, safefile.DocumentLimit)
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return checks.Skipped("none was chosen yet; %q will be taken", s.Config.DefaultProfile())
			case err != nil:
				return checks.Failed("%s: %v", s.ShortPath(s.Config.Paths.StateFile), subject.WithoutPath(err))
			case !json.Valid(text):
				return checks.Failed("%s is damaged", s.ShortPath(s.Config.Paths.StateFile)).
					WithFix("mage profile:set "+s.Config.DefaultProfile(), "choose another profile")
			}
			name, since := policy.Current(s.Config)
			if name != "" && !slices.Contains(s.Config.ProfileNames(), name) {
				return checks.Failed("the profile in force, %q, is not in the configuration any more; there are %s",
					name, strings.Join(s.Config.ProfileNames(), ", ")).
					WithFix("mage profile:set "+s.Config.DefaultProfile(), "choose one that is there")
			}
			return checks.Passed(chosenProfile{name, since})
		},
	}
}
