package trust

import (
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/ownfile"
	"github.com/flowgate-go/flowgate/internal/program"
)

// advice begins every message about an untrusted configuration.
func advice() string {
	return "this configuration is not trusted: review it, then run `" + program.Fix("mage trust") + "`"
}

// Subject holds what Examine judges by.
type Subject struct {
	Config *config.Config
	Given  string // digest from -trust or FLOWGATE_TRUST; may be empty
	Named  bool   // the user named the file (-config, FLOWGATE_CONFIG); else it was found in the working folder
	Getenv func(string) string
}

// Verdict says whether an installation is trusted, and what its configuration would do.
type Verdict struct {
	Trusted bool   `json:"trusted"`
	Reason  string `json:"reason"` // why, or why not
	Config  string `json:"config"` // empty for the built-in default
	Digest  string `json:"digest"`
	Surface
	Known   bool `json:"-"` // there is a record, perhaps of an older state
	Foreign bool `json:"-"` // another user may have written the configuration; it is untrusted even with a record
}

// Examine decides whether an installation is trusted. It reads at most one record and
// changes nothing.
func Examine(s Subject) Verdict {
	v := Verdict{Config: s.Config.File, Surface: SurfaceOf(s.Config, s.Getenv("HOME"))}
	v.Digest = v.Surface.Digest()
	if given := strings.TrimSpace(s.Given); given != "" && (given == v.Digest || "sha256:"+given == v.Digest) {
		v.Trusted, v.Reason = true, "its digest was given"
		return v
	}
	if s.Config.File == "" && !isLink(s.Config.Paths.Root()) {
		v.Trusted, v.Reason = true, "the built-in default executes only FlowGate itself and writes only below .router"
		return v
	}
	if s.Config.File != "" && !s.Named {
		if at, why := whyConfigForeign(s.Config.File); why != "" {
			v.Foreign, v.Reason = true, at+" "+why
			return v
		}
	}
	record, known := findRecord(s.Config, s.Getenv)
	v.Known = known
	switch {
	case known && record.Digest == v.Digest:
		v.Trusted, v.Reason = true, "`"+record.By+"` recorded it"
	case known:
		v.Reason = "what it executes, writes or sends has changed since `" + record.By + "` recorded it"
	case s.Given != "":
		v.Reason = "its digest is not the one given"
	default:
		v.Reason = "neither init, start nor trust was run here by this user"
	}
	return v
}

// isLink reports whether path is a symbolic link.
func isLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}

// Fault returns the error of a command that would change an untrusted installation:
// not-trusted, or not-yours when another user may have written its configuration.
func (v Verdict) Fault() error {
	switch {
	case v.Trusted:
		return nil
	case v.Foreign:
		hint := "work in a folder of your own, or name the file by hand: -config=" + program.Quote(v.Config)
		at, _ := whyConfigForeign(v.Config)
		if uid, foreign := ownfile.ForeignOwner(at); foreign {
			hint = ownfile.OwnerHint(uid) + ", or " + hint
		} else if at != "" {
			hint = ownfile.ModeHint(at) + ", or " + hint
		}
		return fault.Usage("not-yours", "%s, so FlowGate does not obey it; nothing was done", v.Reason).WithHint("%s", hint)
	}
	return fault.Usage("not-trusted", "%s (%s)", advice(), v.Reason).
		WithHint("mage trust -show says what it would execute and write; in CI: -trust=%s, or %s with that value",
			v.Digest, DigestVariable)
}

// Lines returns the verdict for people: the advice, then what the configuration
// would execute, write, read and send.
func (v Verdict) Lines() []string {
	lines := []string{advice(), "  " + v.Reason}
	if v.Foreign {
		lines = []string{"another user may have written this configuration, so FlowGate does not obey it", "  " + v.Reason}
	}
	for _, part := range []struct {
		verb string
		list []Entry
	}{{"executes", v.Executes}, {"writes", v.Writes}, {"reads", v.Reads}, {"sends", v.Sends}} {
		for _, e := range part.list {
			note := ""
			if e.Outside {
				note = "  (outside of its folder)"
			}
			lines = append(lines, fmt.Sprintf("  %-8s %s: %s%s", part.verb, quoteUnusual(e.Key), quoteUnusual(e.Value), note))
		}
	}
	return append(lines, "  digest   "+v.Digest)
}

// quoteUnusual returns text as it is, or quoted if it has control characters, which a
// terminal or a CI system could obey, or characters beyond ASCII, which may look like
// others.
func quoteUnusual(text string) string {
	quoted := fmt.Sprintf("%+q", text)
	if plain := quoted[1 : len(quoted)-1]; plain != text {
		return quoted
	}
	return text
}
