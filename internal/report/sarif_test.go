package report_test

import (
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/report"
)

// placed is data with places, as security-check's.
type placed struct{}

func (placed) Places() []report.Place {
	return []report.Place{
		{
			Rule:        "github-pat",
			Text:        "A token.",
			File:        "a dir/ü#1.txt",
			Line:        3,
			Column:      5,
			EndLine:     3,
			EndColumn:   45,
			Fingerprint: "f1",
		},
		{Rule: "github-pat", Text: "A token.", File: "b.txt", Line: 1, Commit: "abc", Fingerprint: "f2", Known: true},
		{Rule: "pkcs12-file", Text: "A keystore.", File: "c.p12"},
	}
}

func TestSARIFNamesFilesLinesAndWhatIsKnown(t *testing.T) {
	t.Parallel()
	with := makeChecked()
	with.Data = placed{}
	out, _ := emit(t, &report.Output{Format: report.SARIF}, makeReport(with, nil))
	for _, want := range []string{
		`"uri":"a%20dir/%C3%BC%231.txt"`, `"startLine":3,"startColumn":5,"endLine":3,"endColumn":45`, `(added in commit abc)`,
		`"suppressions":[{"kind":"external"}]`, `"ruleId":"github-pat","ruleIndex":0`, `"ruleId":"b.bad"`,
		`"level":"warning"`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s in %s", want, out)
		}
	}
	if strings.Count(out, `"id":"github-pat"`) != 1 || strings.Contains(out, "a.good") {
		t.Error(out)
	}
}

func TestAnnotationsNameFilesAndLines(t *testing.T) {
	t.Parallel()
	with := makeChecked()
	with.Data = placed{}
	out, _ := emit(t, &report.Output{Format: report.GitHub}, makeReport(with, nil))
	if !strings.Contains(out, "::error file=a dir/ü#1.txt,line=3,title=github-pat::A token.\n") ||
		strings.Contains(out, "b.txt") {
		t.Fatal(out)
	}
}
