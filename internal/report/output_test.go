package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/report"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

type note struct {
	Why string `json:"why"`
}

func (n note) Reason() string { return n.Why }

func makeChecked() report.Checked {
	return report.Checked{Data: note{"x"}, Checks: []report.Result{
		{ID: "a.good", Status: report.Pass, Title: "A is good"},
		{
			ID:     "b.bad",
			Status: report.Fail,
			Title:  "B is good",
			Detail: note{"b: 100% <broken>\nreally"},
			Fix:    &report.Fix{Command: "mage mend", Text: "mend it"},
		},
		{ID: "c.left", Status: report.Skip, Title: "C is good", Detail: note{"b failed"}},
		{ID: "d.so", Status: report.Warn, Title: "D is good", Detail: note{"not quite"}},
	}}
}

func makeReport(data any, err error) *report.Report {
	r := report.New("doctor", start)
	r.Finish(data, err, start.Add(7400*time.Microsecond))
	return r
}

func emit(t *testing.T, o *report.Output, r *report.Report) (string, int) {
	t.Helper()
	var out bytes.Buffer
	o.Stdout = &out
	err := o.Emit(t.Context(), r)
	if err == nil {
		return out.String(), 0
	}
	var exit *report.Exit
	if !errors.As(err, &exit) {
		t.Fatalf("not an exit: %v", err)
	}
	return out.String(), exit.ExitStatus()
}

func TestAReportIsOneLineOfJSONUnlessATerminalReadsIt(t *testing.T) {
	t.Parallel()
	out, code := emit(t, &report.Output{}, makeReport(note{"<a&b>"}, nil))
	const want = `{"schema":"flowgate.report/v1","command":"doctor","ok":true,"started_at":"2026-01-02T03:04:05Z","duration_ms":7.4,"data":{"why":"<a&b>"},"error":null}` + "\n"
	if out != want || code != 0 {
		t.Fatalf("exit %d:\n%s", code, out)
	}
	out, _ = emit(t, &report.Output{Indent: true}, makeReport(nil, nil))
	if strings.Count(out, "\n") < 5 {
		t.Fatalf("not indented: %s", out)
	}
}

func TestTheExitStatusComesFromTheReportAndNotFromTheFilter(t *testing.T) {
	t.Parallel()
	filter := func(expr string) *report.Filter {
		f, err := report.CompileFilter(expr)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	bad := fault.Usage("config-invalid", "flowgate.yaml:3:1: no").WithHint("mend it")
	for _, c := range []struct {
		name string
		out  *report.Output
		rep  *report.Report
		want string
		code int
	}{
		{"a failed check filtered away", &report.Output{Filter: filter(".summary.pass")}, makeReport(makeChecked(), nil), "1\n", 1},
		{"an error filtered away", &report.Output{Filter: filter("1")}, makeReport(nil, bad), "1\n", 2},
		{"false without -exit", &report.Output{Filter: filter("false")}, makeReport(nil, nil), "false\n", 0},
		{"false with -exit", &report.Output{Filter: filter("false"), ExitByFilter: true}, makeReport(nil, nil), "false\n", 1},
		{"nothing with -exit", &report.Output{Filter: filter("empty"), ExitByFilter: true}, makeReport(nil, nil), "", 1},
		{"nothing without -exit", &report.Output{Filter: filter("empty")}, makeReport(nil, nil), "", 0},
		{"raw text", &report.Output{Filter: filter(".error.hint"), Raw: true}, makeReport(nil, bad), "mend it\n", 2},
	} {
		out, code := emit(t, c.out, c.rep)
		if out != c.want || code != c.code {
			t.Errorf("%s: exit %d and %q, not %d and %q", c.name, code, out, c.code, c.want)
		}
	}
}

func TestAFilterThatFailsNeverHidesAFailure(t *testing.T) {
	t.Parallel()
	f, err := report.CompileFilter(".command.x")
	if err != nil {
		t.Fatal(err)
	}
	bad := fault.Usage("config-invalid", "flowgate.yaml:3:1: no").WithHint("mend it")
	for name, c := range map[string]struct {
		rep    *report.Report
		exit   int
		code   string // of the error in the document
		stderr []string
	}{
		"a success": {makeReport(note{"x"}, nil), fault.ExitFilter, "jq-failed", []string{"jq expression"}},
		"an error": {makeReport(nil, bad), fault.ExitUsage, "config-invalid",
			[]string{"flowgate.yaml:3:1: no", "mend it", "unfiltered: jq expression"}},
		"an error beside data": {makeReport(note{"x"}, bad), fault.ExitUsage, "config-invalid", []string{"mend it"}},
		"a check that failed": {makeReport(makeChecked(), nil), fault.ExitFailed, "",
			[]string{"b.bad: b: 100%", "unfiltered: jq expression"}},
		"an interrupted command": {makeReport(nil, report.Interrupted()), fault.ExitInterrupted, "interrupted",
			[]string{"interrupted"}},
		"a failure without -exit": {makeReport(nil, fault.New("port-in-use", "taken")), fault.ExitFailed, "port-in-use",
			[]string{"taken"}},
	} {
		var out bytes.Buffer
		exit := (&report.Output{Stdout: &out, Filter: f, ExitByFilter: true}).Emit(t.Context(), c.rep)
		var e *report.Exit
		if !errors.As(exit, &e) || e.Status != c.exit {
			t.Errorf("%s: %v, not exit %d", name, exit, c.exit)
			continue
		}
		for _, part := range c.stderr {
			if !strings.Contains(e.Message, part) {
				t.Errorf("%s: %q lacks %q", name, e.Message, part)
			}
		}
		var r report.Report
		if err := json.Unmarshal(out.Bytes(), &r); err != nil || r.OK || r.DurationMS != 7.4 ||
			(r.Error == nil) != (c.code == "") ||
			r.Error != nil && r.Error.Code != c.code {
			t.Errorf("%s: %v: %s", name, err, out.String())
		}
	}
}

// TestDataThatCannotBePrintedLeavesADocument has a number that JSON does not have, beside each outcome of a command.
func TestDataThatCannotBePrintedLeavesADocument(t *testing.T) {
	t.Parallel()
	infinite := struct{ N float64 }{math.Inf(1)}
	checked := report.Checked{Checks: []report.Result{{ID: "b.bad", Status: report.Fail, Title: "B", Detail: infinite}}}
	all, err := report.CompileFilter(".")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		rep  *report.Report
		code string // of the error in the document
	}{
		"a success":           {makeReport(infinite, nil), "internal"},
		"an error":            {makeReport(infinite, fault.New("port-in-use", "taken")), "port-in-use"},
		"the error itself":    {makeReport(nil, fault.New("port-in-use", "taken").WithDetail(infinite)), "port-in-use"},
		"a check that failed": {makeReport(checked, nil), ""},
	} {
		for _, filter := range []*report.Filter{nil, all} {
			out, exit := emit(t, &report.Output{Format: report.JSON, Filter: filter}, c.rep)
			var r report.Report
			if err := json.Unmarshal([]byte(out), &r); err != nil || exit != fault.ExitFailed || r.OK ||
				(r.Error == nil) != (c.code == "") || r.Error != nil && r.Error.Code != c.code {
				t.Errorf("%s: exit %d, %v: %s", name, exit, err, out)
			}
		}
	}
}

// TestQuietHidesOnlySuccess has both outcomes.
func TestQuietHidesOnlySuccess(t *testing.T) {
	t.Parallel()
	if out, exit := emit(t, &report.Output{Quiet: true}, makeReport(note{"x"}, nil)); out != "" || exit != 0 {
		t.Errorf("exit %d: %s", exit, out)
	}
	if out, exit := emit(t, &report.Output{Quiet: true}, makeReport(nil, fault.New("port-in-use", "taken"))); exit != 1 ||
		!strings.Contains(out, "port-in-use") {
		t.Errorf("exit %d: %s", exit, out)
	}
}

// TestStderrNamesEachCheckBesideAllButText: JSON and annotations, in one log with stderr, are not for people.
func TestStderrNamesEachCheckBesideAllButText(t *testing.T) {
	t.Parallel()
	all, err := report.CompileFilter(".ok")
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]*report.Output{"json": {Format: report.JSON}, "github": {Format: report.GitHub},
		"filtered": {Format: report.Text, Filter: all}} {
		o.Stdout, o.Joined = io.Discard, true
		if err := o.Emit(t.Context(), makeReport(makeChecked(), nil)); err == nil || !strings.Contains(err.Error(), "b.bad") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAReportOfARunOfChecksAlwaysHasAList(t *testing.T) {
	t.Parallel()
	f, err := report.CompileFilter(".checks[].id")
	if err != nil {
		t.Fatal(err)
	}
	r := report.NewChecked("doctor", start)
	r.Finish(nil, fault.Usage("config-invalid", "no"), start)
	out, code := emit(t, &report.Output{}, r)
	if !strings.Contains(out, `"checks":[]`) || code != fault.ExitUsage {
		t.Errorf("exit %d: %s", code, out)
	}
	if out, code := emit(t, &report.Output{Filter: f}, r); out != "" || code != fault.ExitUsage {
		t.Errorf("filtered: exit %d: %s", code, out)
	}
	if out, _ := emit(t, &report.Output{}, makeReport(report.Checked{}, nil)); !strings.Contains(out, `"checks":[]`) {
		t.Errorf("no check was run: %s", out)
	}
	if out, _ := emit(t, &report.Output{}, makeReport(note{"x"}, nil)); strings.Contains(out, `"checks"`) {
		t.Errorf("a report without checks: %s", out)
	}
}

func TestGitHubAnnotationsEscapeWhatWouldEndThem(t *testing.T) {
	t.Parallel()
	out, code := emit(t, &report.Output{Format: report.GitHub}, makeReport(makeChecked(), nil))
	const want = "::error title=b.bad::b: 100%25 <broken>%0Areally → mend it (mage mend)\n::warning title=d.so::not " +
		"quite\n"
	if out != want || code != 1 {
		t.Fatalf("exit %d: %q", code, out)
	}
}

func TestJUnitCountsFailuresAndSkips(t *testing.T) {
	t.Parallel()
	out, _ := emit(t, &report.Output{Format: report.JUnit}, makeReport(makeChecked(), fault.New("x", "boom")))
	var suite struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Skipped  int `xml:"skipped,attr"`
	}
	if err := xml.Unmarshal([]byte(out), &suite); err != nil {
		t.Fatal(err)
	}
	if suite.Tests != 5 || suite.Failures != 1 || suite.Errors != 1 || suite.Skipped != 0+1 {
		t.Fatalf("%+v\n%s", suite, out)
	}
}

func TestJSONLStreamsEachCheckBeforeTheReport(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	o := &report.Output{Stdout: &out, Format: report.JSONL, Indent: true}
	for _, c := range makeChecked().Checks {
		o.Stream(c)
	}
	_ = o.Emit(t.Context(), makeReport(makeChecked(), nil))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 5 || !strings.HasPrefix(lines[0], `{"id":"a.good"`) || !strings.Contains(lines[4], `"schema"`) {
		t.Fatalf("%d lines:\n%s", len(lines), out.String())
	}
}

func TestAReaderThatLeavesEarlyIsNotAFailureAndAFullDiskIs(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Close()
	if err := (&report.Output{Stdout: w}).Emit(t.Context(), makeReport(nil, nil)); err != nil {
		t.Errorf("a closed pipe: %v", err)
	}
	if err := (&report.Output{Stdout: full{}}).Emit(t.Context(), makeReport(nil, nil)); err == nil {
		t.Error("a write that failed was not reported")
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestAnUnknownFormatNamesTheKnownOnes(t *testing.T) {
	t.Parallel()
	_, err := report.ParseFormat("yaml")
	if e := fault.From(err); e == nil || e.Exit != fault.ExitUsage || !strings.Contains(e.Hint, "junit") {
		t.Fatalf("got %v", err)
	}
}

func TestAStrictRunCountsAWarningAsAFailure(t *testing.T) {
	t.Parallel()
	warned := []report.Result{{ID: "a", Status: report.Warn, Title: "A holds"}}
	for strict, want := range map[bool]int{false: 0, true: 1} {
		r := report.New("doctor", time.Unix(0, 0))
		r.Finish(report.Checked{Checks: warned, Strict: strict}, nil, time.Unix(0, 0))
		if r.Exit() != want || r.OK != (want == 0) {
			t.Errorf("strict %v: exit %d, ok %v", strict, r.Exit(), r.OK)
		}
		var out bytes.Buffer
		err := (&report.Output{Stdout: &out}).Emit(t.Context(), r)
		if (err != nil) != strict || strict && !strings.Contains(err.Error(), "found a warning:\n  a: A holds") {
			t.Errorf("strict %v: %v", strict, err)
		}
	}
}
