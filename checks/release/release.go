// Package release has the checks that a release of FlowGate has to pass, and
// runs those that are commands of their own. Checks lists them.
//
// It changes nothing, tags nothing and publishes nothing.
package release

import (
	"bytes"
	"context"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/release"
	"github.com/flowgate-go/flowgate/internal/secret/repo"
	"github.com/flowgate-go/flowgate/internal/subprocess"
)

// Options say what is checked.
type Options struct {
	Source  string            // folder of the source tree
	Version string            // to be released
	Steps   map[string]string // command by check ID, run in Source: "tests.pass": "go tool mage test"
	Log     io.Writer         // receives the output of the commands
}

// stepTimeout bounds one command: all tests under the race detector take
// minutes on two cores.
const stepTimeout = time.Hour

// Checks returns the checks of a release, cheap ones first: no command is run when one of
// them failed.
func Checks(o Options) []checks.Check {
	list := []checks.Check{
		{ID: "version.valid", Title: "The version is a semantic version", Family: "release", Run: o.checkVersion},
		{ID: "changelog.entry", Title: "The changelog has the version", Family: "release", Run: o.checkChangelog},
		{ID: "tree.clean", Title: "Everything is committed", Family: "release", Run: o.checkTree},
		{
			ID:     "tag.free",
			Title:  "The version is not released yet",
			Family: "release",
			Needs:  []string{"version.valid", "tree.clean"},
			Run:    o.checkTag,
		},
	}
	before := []string{"version.valid", "changelog.entry", "tree.clean", "tag.free"}
	for _, id := range [...]string{"doctor.passes", "security.passes", "tests.pass"} {
		command := o.Steps[id]
		list = append(
			list,
			checks.Check{
				ID:      id,
				Title:   command,
				Family:  "release",
				Needs:   before,
				Timeout: stepTimeout,
				Run:     o.runStep(command),
			},
		)
		before = append(before[:len(before):len(before)], id) // one after the other, so that people can read their output
	}
	return list
}

// checkVersion checks that the version is a semantic version.
func (o Options) checkVersion(context.Context) checks.Outcome {
	if !regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$`).MatchString(o.Version) {
		return checks.Failed("%q is not a semantic version without build metadata", o.Version).
			WithFix("", "correct Number in internal/version/version.go")
	}
	return checks.Passed(checks.Note{Text: o.Version})
}

// checkChangelog checks that the changelog has notes on the version.
func (o Options) checkChangelog(context.Context) checks.Outcome {
	if _, err := release.ReadNotes(o.Source+"/CHANGELOG.md", o.Version); err != nil {
		return checks.FromFault(err)
	}
	return checks.Passed(nil)
}

// checkTree checks that the source tree has no changes.
func (o Options) checkTree(ctx context.Context) checks.Outcome {
	changed, err := o.source().ChangedFiles(ctx)
	if err != nil {
		return checks.Failed("git does not answer: %v", err)
	}
	if len(changed) > 0 {
		return checks.Failed("%d files are changed or new, %s first", len(changed), changed[0]).
			WithFix("git status", "commit or remove them")
	}
	return checks.Passed(nil)
}

// checkTag checks that no other commit has the version's tag.
func (o Options) checkTag(ctx context.Context) checks.Outcome {
	out, err := o.source().Git(ctx, nil, "tag", "--list", "v"+o.Version)
	if err != nil {
		return checks.Failed("git does not answer: %v", err)
	}
	if len(bytes.TrimSpace(out)) == 0 {
		return checks.Passed(nil)
	}
	head, err := o.source().Git(ctx, nil, "tag", "--points-at", "HEAD", "--list", "v"+o.Version)
	if err == nil && len(bytes.TrimSpace(head)) > 0 {
		return checks.Passed(checks.Note{Text: "the tag is on this commit"})
	}
	return checks.Failed("the tag v%s is on another commit", o.Version).
		WithFix("", "raise Number in internal/version/version.go")
}

// source returns the repository of the source tree.
func (o Options) source() *repo.Repo { return &repo.Repo{Top: o.Source} }

// runStep returns the func of a check that runs a command and passes when it succeeds.
func (o Options) runStep(command string) func(context.Context) checks.Outcome {
	return func(ctx context.Context) checks.Outcome {
		words := strings.Fields(command)
		if len(words) == 0 {
			return checks.Skipped("this FlowGate has no such target")
		}
		cmd := subprocess.Command(ctx, words[0], words[1:]...)
		cmd.Dir, cmd.Stdout, cmd.Stderr = o.Source, o.Log, o.Log
		if err := cmd.Run(); err != nil {
			return checks.Failed("%s: %v", command, err).WithFix(command, "see its output")
		}
		return checks.Passed(nil)
	}
}
