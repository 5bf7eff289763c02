package tasks

import (
	"cmp"
	"context"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/gotest"
	"github.com/flowgate-go/flowgate/internal/gotest/prepare"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/selfexec"
)

// step is a run of the go command on FlowGate's own source.
type step struct {
	args    []string
	env     []string         // NAME=value, added to the environment
	tests   *gotest.Stream   // reads the output of go test -json; nil for other commands
	home    *prepare.Home    // of the tests; may be nil
	program *prepare.Program // that the tests run; may be nil
}

// stepResult is the data of one step.
type stepResult struct {
	Command string  `json:"command"`
	OK      bool    `json:"ok"`
	TookMS  float64 `json:"took_ms"`

	Skipped []gotest.Skip    `json:"skipped,omitzero"`
	Failed  []gotest.Failure `json:"failed,omitzero"`
}

// runGoSteps runs the steps in order, with their output on stderr, and stops at the first
// that fails; steps with tests run nevertheless, until ctx ends. It returns the first failure.
func runGoSteps(ctx context.Context, name string, steps ...step) error {
	return run(ctx, name, func(ctx context.Context, s session) (any, error) {
		if err := requireSource(name); err != nil {
			return nil, err
		}
		var all []stepResult
		var first error
		for _, step := range steps {
			if first != nil && (step.tests == nil || ctx.Err() != nil) {
				break
			}
			s.out.Step(step.command())
			r, err := step.run(ctx, s.out.Messages())
			all = append(all, r)
			first = cmp.Or(first, err)
		}
		return all, first
	})
}

// requireSource returns a fault when a target cannot work on the source in this folder: there is
// none, or it may not be executed. Faults: source-missing, not-trusted.
func requireSource(name string) error {
	if _, err := os.Stat("magefile.go"); err != nil {
		return fault.Usage("source-missing", "%s works on FlowGate's own source, which is not in this folder", name).
			WithHint("run it in a clone of the repository")
	}
	return requireSourceBuild(name)
}

// requireSourceBuild returns the fault not-trusted unless mage compiled this program for one
// run: an installed binary does not execute the source of the folder that it is called in.
func requireSourceBuild(name string) error {
	if self, err := os.Executable(); err == nil && selfexec.IsMageBuild(self) {
		return nil
	}
	return fault.Usage("not-trusted", "%s executes the source in this folder, and this program was not compiled from it",
		name).
		WithHint("in a clone that you trust: go tool mage %s", name)
}

// command returns the step as a person would type it.
func (s step) command() string {
	return strings.Join(append(append(slices.Clone(s.env), "go"), s.args...), " ")
}

// run runs the step with its output on out. Faults: step-failed, those of gotest.Stream.Close
// and of prepare.Home.Check.
func (s step) run(ctx context.Context, out io.Writer) (stepResult, error) {
	started := time.Now()
	if s.program != nil {
		s.env = append(slices.Clone(s.env), s.program.Env(ctx, out)...)
	}
	cmd := exec.CommandContext(ctx, "go", s.args...) //nolint:gosec // the commands are this package's own
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = append(os.Environ(), s.env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 3 * time.Second
	r := stepResult{Command: s.command()}
	var testErr error
	if s.tests != nil {
		s.tests.Out = out
		cmd.Stdout = s.tests
	}
	err := cmd.Run()
	if s.tests != nil {
		testErr = s.tests.Close()
		if s.home != nil {
			testErr = cmp.Or(testErr, s.home.Check())
		}
		r.Skipped = append([]gotest.Skip{}, s.tests.Skipped...)
		r.Failed = s.tests.Failed
	}
	r.OK, r.TookMS = err == nil && testErr == nil, report.Millis(time.Since(started))
	if err != nil && testErr == nil {
		return r, fault.New("step-failed", "%s: %w", r.Command, err)
	}
	return r, testErr
}
