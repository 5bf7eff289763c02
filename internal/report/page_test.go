package report_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/report"
)

type page struct {
	Lines []string `json:"lines"`
}

func (p page) Page() string { return strings.Join(p.Lines, "\n") + "\n" }

type long struct {
	Logs []string `json:"logs"`
}

func (l long) Brief() any { return long{l.Logs[len(l.Logs)-1:]} }

func printPage(t *testing.T, format report.Format, data any) string {
	t.Helper()
	var out bytes.Buffer
	r := report.New("logs", time.Now())
	r.Finish(data, nil, time.Now())
	o := report.Output{Stdout: &out, Format: format}
	if err := o.Emit(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestLogLinesAreShownAndControlNoTerminal(t *testing.T) {
	t.Parallel()
	got := printPage(
		t,
		report.Text,
		page{[]string{`{"level":"INFO"}`, "name: |", "  deeper: \"x\"", "\x1b[31mred\x07\ttab"}},
	)
	if want := "{\"level\":\"INFO\"}\nname: |\n  deeper: \"x\"\n\\x1b[31mred\\x07\ttab\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := printPage(t, report.JSON, page{[]string{"a"}}); !strings.Contains(got, `"data":{"lines":["a"]}`) {
		t.Errorf("json: %s", got)
	}
	var out bytes.Buffer
	o := report.Output{Stdout: &out, Format: report.Text}
	if err := o.Line(page{[]string{"\x1b[2J"}}); err != nil || out.String() != "\\x1b[2J\n" {
		t.Errorf("a followed line: %q, %v", out.String(), err)
	}
}

func TestPeopleReadTheBriefFormAndProgramsTheWhole(t *testing.T) {
	t.Parallel()
	data := long{[]string{"traceback", "last"}}
	if got := printPage(t, report.Text, data); strings.Contains(got, "traceback") || !strings.Contains(got, "last") {
		t.Errorf("text: %s", got)
	}
	if got := printPage(t, report.JSON, data); !strings.Contains(got, "traceback") {
		t.Errorf("json: %s", got)
	}
}
