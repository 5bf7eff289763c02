package report_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/report"
)

// TestNothingThatIsShownControlsATerminal has a name in it that sets the
// window's title, as any process and file may have one.
func TestNothingThatIsShownControlsATerminal(t *testing.T) {
	t.Parallel()
	const evil = "\x1b]0;owned\a \u009b2J\r"
	bad := report.Checked{
		Data:   note{evil},
		Checks: []report.Result{{ID: "a.bad", Status: report.Fail, Title: "A", Detail: note{evil}}},
	}
	var live, out bytes.Buffer
	for _, format := range []report.Format{report.Text, report.GitHub, report.JUnit, report.JSON} {
		o := &report.Output{Stdout: &out, Stderr: &live, Live: true, Format: format}
		o.Stream(bad.Checks[0])
		for _, r := range []*report.Report{makeReport(bad, nil),
			makeReport(nil, fault.New("port-in-use", "process 7 (%s)", evil).WithHint("end %s", evil))} {
			if err := o.Emit(t.Context(), r); err == nil || strings.ContainsAny(err.Error(), "\x1b\a\r\u009b") {
				t.Errorf("%s: the last words are %q", format, err)
			}
		}
	}
	if strings.ContainsAny(live.String(), "\x1b\a\r\u009b") || strings.ContainsAny(out.String(), "\x1b\a\r") {
		t.Errorf("live %q\nout %q", live.String(), out.String())
	}
	if !strings.Contains(out.String(), "owned") {
		t.Errorf("the name itself is not shown: %q", out.String())
	}
}
