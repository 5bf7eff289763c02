package schema_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/flowgate-go/flowgate/internal/report"
)

// placed is data with places, as security-check's.
type placed struct{}

func (placed) Places() []report.Place {
	return []report.Place{
		{Rule: "github-pat", Text: "A token.", File: "a dir/ü#1.txt", Line: 3, Column: 5, EndLine: 3, EndColumn: 45,
			Fingerprint: "f1"},
		{Rule: "github-pat", Text: "A token.", File: "b.txt", Line: 1, Commit: "abc", Fingerprint: "f2", Known: true},
		{Rule: "pkcs12-file", Text: "A keystore.", File: "c.p12"},
	}
}

// official is the schema of OASIS, as github.com/securego/gosec carries it.
func official(t *testing.T) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile("testdata/sarif-schema-2.1.0.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSARIFIsWhatItsSchemaSays(t *testing.T) {
	t.Parallel()
	schema := official(t)
	checked := report.Checked{Data: placed{}, Checks: []report.Result{
		{ID: "a.good", Status: report.Pass, Title: "A is good"},
		{ID: "b.bad", Status: report.Fail, Title: "B is good", Fix: &report.Fix{Command: "mage mend", Text: "mend it"}},
		{ID: "c.left", Status: report.Skip, Title: "C is good"},
		{ID: "d.so", Status: report.Warn, Title: "D is good"},
	}}
	for name, data := range map[string]any{"findings": checked, "checks": report.Checked{Checks: checked.Checks},
		"nothing": report.Checked{}, "an error": nil} {
		r := report.New("doctor", time.Unix(1_700_000_000, 0))
		var failed error
		if data == nil {
			failed = errors.New("no")
		}
		r.Finish(data, failed, time.Unix(1_700_000_001, 0))
		var out bytes.Buffer
		if err := (&report.Output{Format: report.SARIF, Stdout: &out}).Emit(t.Context(), r); err != nil && name == "nothing" {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(out.String()))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out.String())
		}
	}
}
