package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/safefile"
)

// chosen is which profile is in force since when.
type chosen struct {
	Profile string    `json:"profile"`
	Since   time.Time `json:"since"`
}

func (s *subject) profileState() checks.Check {
	return checks.Check{
		ID: "profile.state", Title: "The profile in force is one of the configuration", Needs: []string{"config.valid"},
		About: "Reads the state file, which says which profile is in force. A torn or foreign one is the end of a full disk or of another program; a profile that the configuration no longer has cannot be generated again. `mage profile:set NAME` chooses anew.",
		Run: func(context.Context) checks.Outcome {
			if s.cfg.Version == 3 {
				return checks.Skipped("version 3 has no profiles")
			}
			text, err := safefile.Read(s.cfg.Paths.StateFile, safefile.Document)
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return checks.Skipped("none was chosen yet; %q will be taken", s.cfg.DefaultProfile())
			case err != nil:
				return checks.Failed("%s: %v", s.shown(s.cfg.Paths.StateFile), bare(err))
			case !json.Valid(text):
				return checks.Failed("%s is damaged", s.shown(s.cfg.Paths.StateFile)).WithFix("mage profile:set "+s.cfg.DefaultProfile(), "choose a profile anew")
			}
			name, since := policy.Current(s.cfg)
			if name != "" && !slices.Contains(s.cfg.ProfileNames(), name) {
				return checks.Failed("the profile in force, %q, is not in the configuration any more; there are %s", name, strings.Join(s.cfg.ProfileNames(), ", ")).
					WithFix("mage profile:set "+s.cfg.DefaultProfile(), "choose one that is there")
			}
			return checks.Passed(chosen{name, since})
		},
	}
}
