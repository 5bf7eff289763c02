package schema

// In the package itself: the generator follows unexported types.

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/invopop/jsonschema"
)

var update = flag.Bool("update", false, "rewrite flowgate.schema.json")

func TestTheSchemaIsTheOneThatTheTypesGive(t *testing.T) {
	reflector := jsonschema.Reflector{Anonymous: true, ExpandedStruct: true, DoNotReference: true}
	made := reflector.Reflect(&DocumentV2{})
	made.Title = "flowgate.yaml"
	made.PatternProperties = map[string]*jsonschema.Schema{"^_comment": {}}
	want, err := json.MarshalIndent(made, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile("flowgate.schema.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(Schema(), want) {
		t.Error("flowgate.schema.json is not what the types give; run go test ./internal/config/schema -update")
	}
}

// JSONSchemaExtend adds what the tags of a map cannot say.
func (DocumentV2) JSONSchemaExtend(s *jsonschema.Schema) {
	if profiles, ok := s.Properties.Get("profiles"); ok {
		one := uint64(1)
		profiles.MinProperties = &one
	}
}

// JSONSchemaExtend names all keys of a provider, and leaves it open, as reading does.
func (provider) JSONSchemaExtend(s *jsonschema.Schema) {
	reflector := jsonschema.Reflector{Anonymous: true, ExpandedStruct: true, DoNotReference: true}
	s.Properties = reflector.Reflect(&ProviderFields{}).Properties
	s.AdditionalProperties = jsonschema.TrueSchema
}

// JSONSchemaExtend says that a credential has exactly one of its keys.
func (CredentialDocument) JSONSchemaExtend(s *jsonschema.Schema) {
	one := uint64(1)
	s.MinProperties, s.MaxProperties = &one, &one
}

// JSONSchema of a period: seconds, or a Go duration.
func (Period) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
		{Type: "number", Minimum: "0", Maximum: "3600"},
		{Type: "string", Pattern: `^([0-9.]+(ns|us|µs|ms|s|m|h))+$`},
	}}
}

// JSONSchema of a text: any scalar, kept as written.
func (Text) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "string"}, {Type: "number"}, {Type: "boolean"}}}
}

// JSONSchema of a boolean.
func (boolean) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "boolean"} }

// JSONSchema of dependencies: a list, or a map to conditions.
func (dependencies) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
		{Type: "array", Items: &jsonschema.Schema{Type: "string"}},
		{Type: "object", AdditionalProperties: &jsonschema.Schema{Enum: []any{ConditionReady, ConditionStarted}}},
	}}
}
