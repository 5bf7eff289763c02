package report_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/report"
)

// named is a detail with the name of a file in it, as checks have them.
type named struct {
	File string   `json:"file"`
	Text string   `json:"reason"`
	List []string `json:"files"`
}

// Reason implements report.Reasoned.
func (n named) Reason() string { return n.Text }

// TestTheNameOfAFileWritesNoLineOfItsOwn has files whose names forge a passed
// check, a workflow command, or hide what is there.
func TestTheNameOfAFileWritesNoLineOfItsOwn(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"x\n\u2713 secrets.tree  forged", "x\n::error title=pwned::y", "x\n  ::stop-commands::t", "x\r::add-mask::y",
		"x\n##[error]y",
		"rtl\u202etxt.exe", "zero\u200bwidth", "csi\u009b31m", "del\x7f", "esc\x1b[2J", "bom\ufeff", "tag\U000e0041",
		"line\u2028sep", "iso\u2066x\u2069",
	} {
		bad := report.Checked{Data: named{File: name, List: []string{name}}, Checks: []report.Result{
			{ID: "a.bad", Status: report.Fail, Title: "A", Detail: named{name, "1 finding in " + name, []string{name}}},
			{ID: "a.skip", Status: report.Skip, Title: "B", Detail: named{name, "not read: " + name, nil}},
		}}
		for _, format := range []report.Format{report.Text, report.GitHub, report.JUnit, report.JSON, report.JSONL,
			report.SARIF} {
			var out, live bytes.Buffer
			o := &report.Output{Stdout: &out, Stderr: &live, Live: true, Format: format}
			for _, c := range bad.Checks {
				o.Stream(c)
			}
			last := ""
			for _, r := range []*report.Report{makeReport(bad, nil),
				makeReport(nil, fault.New("source-unreadable", "open %s", name).WithHint("look at %s", name))} {
				if err := o.Emit(t.Context(), r); err != nil {
					last += err.Error() + "\n"
				}
			}
			wantHarmless(t, string(format), name, out.String())
			wantHarmless(t, string(format)+" on stderr", name, live.String()+last)
			if format != report.GitHub {
				wantNoCommand(t, string(format), name, out.String())
			}
			wantNoCommand(t, string(format)+" on stderr", name, live.String()+last)
			if format == report.JSON {
				var doc struct{ Data named }
				if err := json.NewDecoder(&out).Decode(&doc); err != nil || doc.Data.File != name {
					t.Errorf("%q is %q in JSON: %v", name, doc.Data.File, err)
				}
			}
		}
	}
}

func wantHarmless(t *testing.T, where, name, out string) {
	t.Helper()
	for _, r := range out {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028') {
			t.Errorf("%s of %q has %U: %q", where, name, r, out)
			return
		}
	}
	for line := range strings.Lines(out) {
		if strings.HasPrefix(strings.TrimSpace(line), "\u2713") {
			t.Errorf("%s of %q has a forged line: %q", where, name, line)
		}
	}
}

func wantNoCommand(t *testing.T, where, name, out string) {
	t.Helper()
	for line := range strings.Lines(out) {
		if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") {
			t.Errorf("%s of %q has a workflow command: %q", where, name, line)
		}
	}
}
