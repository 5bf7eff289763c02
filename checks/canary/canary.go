// Package canary tries whether FlowGate keeps secrets: it plants made-up ones of
// every kind in an installation of its own, runs the targets in it, also those
// that fail, and looks for a trace of them in everything that came out. Run is
// the whole of it.
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

// Tried is what a canary report says of what was tried.
type Tried struct {
	Secrets  int      `json:"secrets"`  // planted
	Commands []string `json:"commands"` // as typed
	Files    int      `json:"files"`    // searched
}

// trial is one installation under trial.
type trial struct {
	o       Options
	dir     string
	planted []plant
	outputs []output
	tried   Tried
	inLog   []trace // in the service's log before it was made to talk
	loud    bool    // it was
}

// output is what one command printed.
type output struct {
	command string
	streams map[string][]byte // stdout, stderr
}

// Run plants, runs and looks. Faults: temp-dir-unwritable, teardown-failed.
func Run(ctx context.Context, o Options) (_ report.Checked, err error) {
	dir, err := os.MkdirTemp("", "flowgate-canary-*")
	if err != nil {
		return report.Checked{}, fault.New("temp-dir-unwritable", "make a folder for the trial: %w", err).
			WithHint("free space or set TMPDIR to a folder that can be written")
	}
	t := &trial{o: o, dir: dir}
	defer func() { err = errors.Join(err, t.down()) }()
	results := checks.Run(ctx, t.checks(), checks.Options{Emit: o.Emit})
	t.tried.Secrets = len(t.planted)
	return report.Checked{Checks: results, Data: t.tried}, nil
}

func (t *trial) checks() []checks.Check {
	list := []checks.Check{
		{ID: "canary.planted", Title: "Made-up secrets of every kind are planted", Timeout: time.Minute, Run: t.plant},
		{ID: "canary.commands", Title: "The targets run, and fail where they should", Needs: []string{"canary.planted"}, Timeout: 5 * time.Minute, Run: t.run},
		{ID: "canary.output", Title: "No command prints a secret", Needs: []string{"canary.commands"}, Run: t.searchOutput},
		{ID: "canary.files", Title: "No log, event, cache or temporary file holds a secret", Needs: []string{"canary.commands"}, Timeout: time.Minute, Run: t.searchFiles},
	}
	for i := range list {
		list[i].Family = "security"
	}
	return list
}

func (t *trial) down() error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	t.command(ctx, "stop")
	if err := os.RemoveAll(t.dir); err != nil {
		return fault.New("teardown-failed", "remove the trial in %s: %w", t.dir, err).WithHint("stop what runs from it: ps -ef | grep %s", t.dir)
	}
	return nil
}

// trace is where a secret was found.
type trace struct {
	Secret string `json:"secret"` // its kind, never its value
	Place  string `json:"place"`
	As     string `json:"as"` // plain, base64, hex …
}

// traces is the detail of a search.
type traces struct {
	Text   string  `json:"reason"`
	Traces []trace `json:"traces"`
}

// Reason implements report.Reasoned.
func (t traces) Reason() string { return t.Text }

func outcome(found []trace, looked string) checks.Outcome {
	if len(found) == 0 {
		return checks.Passed(checks.Note{Text: looked})
	}
	first := found[0]
	o := checks.Failed("").WithDetail(traces{fmt.Sprintf("%d traces, the first: the %s, %s, in %s", len(found), first.Secret, first.As, first.Place), found})
	return o.WithFix("", "please report it: FlowGate prints or writes what it should not")
}
