// Package canary tries whether FlowGate keeps secrets: it plants made-up ones of
// every kind in an installation of its own, runs the targets in it, also those
// that fail, and looks for a trace of them in everything that came out. Call
// Run.
//
// It works in a folder of its own, which it removes, and on ports of its own.
package canary

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/flowgate-go/flowgate/checks"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/report"
)

// Options say what Run runs.
type Options struct {
	Self    string   // binary that is tried
	Environ []string // what it inherits
	Emit    func(report.Result)
}

// Summary is what a canary report says of what was tried.
type Summary struct {
	Secrets  int      `json:"secrets"`  // planted
	Commands []string `json:"commands"` // as typed
	Files    int      `json:"files"`    // searched
}

// trial is one run of the canaries, in an installation of its own.
type trial struct {
	options     Options
	dir         string
	secrets     []secret
	forms       *forms // of all secrets
	outputs     []output
	summary     Summary
	tracesInLog []trace // in the service's log before fillLog wrote to it
	logFilled   bool    // fillLog wrote to the log
}

// output is what one command printed.
type output struct {
	command string
	streams map[string][]byte // stdout, stderr
}

// Run plants the secrets, runs the targets and searches what came out. Faults:
// temp-dir-unwritable, teardown-failed.
func Run(ctx context.Context, o Options) (_ report.Checked, err error) {
	dir, err := os.MkdirTemp("", "flowgate-canary-*")
	if err != nil {
		return report.Checked{}, fault.New("temp-dir-unwritable", "make a folder for the trial: %w", err).
			WithHint("free space or set TMPDIR to a folder that can be written")
	}
	t := &trial{options: o, dir: dir}
	defer func() { err = errors.Join(err, t.tearDown()) }()
	results := checks.Run(ctx, t.checks(), checks.Options{Emit: o.Emit})
	t.summary.Secrets = len(t.secrets)
	return report.Checked{Checks: results, Data: t.summary}, nil
}

func (t *trial) checks() []checks.Check {
	list := []checks.Check{
		{ID: "canary.planted", Title: "Made-up secrets of every kind are planted", Timeout: time.Minute, Run: t.plantSecrets},
		{
			ID:      "canary.commands",
			Title:   "The targets run, and fail where they should",
			Needs:   []string{"canary.planted"},
			Timeout: 5 * time.Minute,
			Run:     t.runCommands,
		},
		{ID: "canary.output", Title: "No command prints a secret", Needs: []string{"canary.commands"},
			Timeout: 5 * time.Minute, Run: t.searchOutput},
		{
			ID:      "canary.files",
			Title:   "No log, event, cache or temporary file holds a secret",
			Needs:   []string{"canary.commands"},
			Timeout: 5 * time.Minute,
			Run:     t.searchFiles,
		},
	}
	for i := range list {
		list[i].Family = "security"
	}
	return list
}

func (t *trial) tearDown() error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	t.runCommand(ctx, "stop")
	if err := os.RemoveAll(t.dir); err != nil {
		return fault.New("teardown-failed", "remove the trial in %s: %w", t.dir, err).
			WithHint("stop what runs from it: ps -ef | grep %s", t.dir)
	}
	return nil
}

// trace is where a secret was found.
type trace struct {
	Secret string `json:"secret"` // its kind, never its value
	Place  string `json:"place"`
	As     string `json:"as"` // plain, base64, hex …
}

// tracesDetail is the detail of a search.
type tracesDetail struct {
	Text   string  `json:"reason"`
	Traces []trace `json:"traces"`
}

// Reason implements report.Reasoned.
func (t tracesDetail) Reason() string { return t.Text }

// searchOutcome returns the outcome of a search; searched says what was searched.
func searchOutcome(found []trace, searched string) checks.Outcome {
	if len(found) == 0 {
		return checks.Passed(checks.Note{Text: searched})
	}
	first := found[0]
	o := checks.Failed("").
		WithDetail(tracesDetail{fmt.Sprintf("%d traces, the first: the %s, %s, in %s", len(found), first.Secret, first.As,
			first.Place), found})
	return o.WithFix("", "please report it: FlowGate prints or writes what it should not")
}
