package schema_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/invopop/jsonschema"

	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/subprocess"
)

var update = flag.Bool("update", false, "rewrite generated documents")

func TestTheSchemaInTheDocumentsIsTheOneOfTheTypes(t *testing.T) {
	t.Parallel()
	subprocess.DependOnSource()
	const file = "../../docs/report.schema.json"
	want, err := jsonSchema()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(have, want) {
		t.Fatalf("%s is not what the types say (%v): go test -C=test ./schema -update", file, err)
	}
}

// jsonSchema is the JSON Schema (draft 2020-12) of the report that every target
// prints; docs/report.schema.json is its text.
func jsonSchema() ([]byte, error) {
	r := jsonschema.Reflector{AllowAdditionalProperties: true, ExpandedStruct: true}
	s := r.Reflect(&report.Report{})
	s.ID = "https://github.com/flowgate-go/flowgate/docs/report.schema.json"
	s.Title = "FlowGate report"
	for _, name := range [...]string{"schema", "error"} {
		p, _ := s.Properties.Get(name)
		if name == "schema" {
			p.Const = report.Schema
			continue
		}
		s.Properties.Set(name, &jsonschema.Schema{OneOf: []*jsonschema.Schema{p, {Type: "null"}}})
	}
	if status, ok := s.Definitions["Result"].Properties.Get("status"); ok {
		status.Enum = []any{report.Pass, report.Warn, report.Fail, report.Skip}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(s); err != nil {
		return nil, fmt.Errorf("encode schema: %w", err)
	}
	return b.Bytes(), nil
}
