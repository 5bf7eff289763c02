package report_test

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/terminal"
)

const brief = `✗ b.bad  b: 100% <broken>\nreally
    → mend it
      mage mend
! d.so   not quite
✗ 1 passed, 1 warned, 1 failed, 1 skipped in 7 ms
why: x
`

func TestTextShowsProblemsFirstAndCountsWhatPassed(t *testing.T) {
	t.Parallel()
	out, code := emit(t, &report.Output{Format: report.Text}, makeReport(makeChecked(), nil))
	if out != brief || code != 1 {
		t.Errorf("exit %d:\n%s", code, out)
	}
	out, _ = emit(t, &report.Output{Format: report.Text, Verbose: true}, makeReport(makeChecked(), nil))
	for _, want := range []string{"✓ a.good  A is good\n", "- c.left  b failed\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in the verbose form:\n%s", want, out)
		}
	}
}

func TestTextShowsACheckThatFixedSomething(t *testing.T) {
	t.Parallel()
	c := report.Checked{Checks: []report.Result{
		{ID: "keys.private", Status: report.Pass, Title: "Keys are private", Mended: []string{"gave a.key mode 0600"}},
	}}
	out, _ := emit(t, &report.Output{Format: report.Text}, makeReport(c, nil))
	if want := "✓ keys.private  Keys are private; fixed: gave a.key mode 0600\n✓ 1 passed in 7 ms\n"; out != want {
		t.Errorf("got\n%s", out)
	}
}

// TestNothingIsPrintedTwiceOnATerminal has stdout and stderr on one terminal: mage
// prints what Emit returns below what Emit has printed.
func TestNothingIsPrintedTwiceOnATerminal(t *testing.T) {
	t.Parallel()
	bad := fault.Usage("config-invalid", "flowgate.yaml:3:1: no").WithHint("mend it")
	for _, terminal := range []bool{false, true} {
		var out bytes.Buffer
		o := &report.Output{Stdout: &out, Stderr: &out, Format: report.Text, Live: terminal, Terminal: terminal, Joined: terminal}
		err := o.Emit(t.Context(), makeReport(note{"x"}, bad))
		if strings.Contains(out.String(), "no\n") == terminal ||
			strings.Contains(out.String(), "hint: mend it") == terminal || !strings.Contains(out.String(), "why: x") {
			t.Errorf("terminal %v: printed %q", terminal, out.String())
		}
		if err == nil || err.Error() != "flowgate.yaml:3:1: no\n  hint: mend it" {
			t.Errorf("terminal %v: the last words are %v", terminal, err)
		}
		out.Reset()
		for _, c := range makeChecked().Checks {
			o.Stream(c)
		}
		err = o.Emit(t.Context(), makeReport(makeChecked(), nil))
		if terminal && (out.String() != brief || err.Error() != "doctor found 1 failure") {
			t.Errorf("printed\n%s\nand %v", out.String(), err)
		}
		if !terminal && !strings.Contains(err.Error(), "b.bad") {
			t.Errorf("stderr alone does not name the check: %v", err)
		}
	}
}

// lockedBuffer is a terminal that a timer writes to while a test reads.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer // not embedded: its own methods take no lock
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func TestWhatHappensNowIsOneLineThatGoesAway(t *testing.T) {
	t.Parallel()
	var stderr lockedBuffer
	o := &report.Output{
		Stdout: &bytes.Buffer{}, Stderr: &stderr, Format: report.Text, Live: true, Terminal: true,
		Style: terminal.Style{Width: 20},
	}
	o.Step("reads \x1b[2J a very long history of commits")
	waitFor(t, func() bool { return stderr.String() != "" })
	if want := "\r\x1b[Kreads \\x1b[2J a ve…"; stderr.String() != want {
		t.Fatalf("%q, not %q", stderr.String(), want)
	}
	if _, err := o.Messages().Write([]byte("a message\n")); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(stderr.String(), "…\r\x1b[Ka message\n") {
		t.Errorf("the line stays: %q", stderr.String())
	}
	o.Step("again")
	waitFor(t, func() bool { return strings.HasSuffix(stderr.String(), "\n\r\x1b[Kagain") })
	waitFor(t, func() bool { return strings.HasSuffix(stderr.String(), "\r\x1b[K1 s  again") })
	if err := o.Emit(t.Context(), makeReport(nil, nil)); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(stderr.String(), "again\r\x1b[K") {
		t.Errorf("the line stays below the report: %q", stderr.String())
	}
	before := stderr.String()
	o.Step("too quick to be seen")
	if err := o.Emit(t.Context(), makeReport(nil, nil)); err != nil || stderr.String() != before {
		t.Errorf("%v, %q", err, stderr.String())
	}
}

// waitFor waits until reached says true, at most 10 s.
func waitFor(t *testing.T, reached func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !reached(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen within 10 s")
		}
	}
}

func TestStepsAreShownToNobodyButPeopleOnATerminal(t *testing.T) {
	t.Parallel()
	for _, o := range []*report.Output{
		{Format: report.JSON, Live: true, Terminal: true}, {Format: report.Text, Live: true},
	} {
		var out bytes.Buffer
		o.Stdout, o.Stderr = &out, &out
		o.Step("now")
		if err := o.Emit(t.Context(), makeReport(nil, nil)); err != nil || strings.Contains(out.String(), "now") {
			t.Errorf("%s: %v, %q", o.Format, err, out.String())
		}
	}
}

// unprintable is data whose JSON cannot be made.
type unprintable struct{ F func() }

func TestDataThatCannotBeShownIsAnError(t *testing.T) {
	t.Parallel()
	err := (&report.Output{Stdout: &bytes.Buffer{}, Format: report.Text}).Emit(t.Context(), makeReport(unprintable{}, nil))
	var exit *report.Exit
	if !errors.As(err, &exit) || exit.Status != fault.ExitFailed || !strings.Contains(exit.Message, "render") {
		t.Errorf("got %v", err)
	}
}

// styled is data with a form of its own.
type styled struct{ Name string }

func (s styled) Print(p *terminal.Printer) { p.Note(terminal.Good, s.Name+" is ready") }

func TestDataPrintsItselfInTheStyleOfTheTerminal(t *testing.T) {
	t.Parallel()
	for color, want := range map[bool]string{false: "✓ a is ready\n", true: "\x1b[32m✓\x1b[0m a is ready\n"} {
		o := &report.Output{Format: report.Text, Style: terminal.Style{Color: color}}
		if out, _ := emit(t, o, makeReport(styled{"a"}, nil)); out != want {
			t.Errorf("color %v: %q", color, out)
		}
	}
}
