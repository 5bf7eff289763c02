package report

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/invopop/jsonschema"
)

// JSONSchema is the JSON Schema (draft 2020-12) of the report that every target
// prints; docs/report.schema.json is its text.
func JSONSchema() ([]byte, error) {
	r := jsonschema.Reflector{AllowAdditionalProperties: true, ExpandedStruct: true}
	s := r.Reflect(&Report{})
	s.ID = "https://github.com/flowgate-go/flowgate/docs/report.schema.json"
	s.Title = "FlowGate report"
	for _, name := range [...]string{"schema", "error"} {
		p, _ := s.Properties.Get(name)
		if name == "schema" {
			p.Const = Schema
			continue
		}
		s.Properties.Set(name, &jsonschema.Schema{OneOf: []*jsonschema.Schema{p, {Type: "null"}}})
	}
	if status, ok := s.Definitions["Result"].Properties.Get("status"); ok {
		status.Enum = []any{Pass, Warn, Fail, Skip}
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
