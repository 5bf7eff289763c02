package schema_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/flowgate-go/flowgate/internal/config/schema"
)

// corpus holds configurations that are accepted and refused.
const corpus = "../../testdata/config"

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("flowgate.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("flowgate.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// document is a file of the corpus as JSON Schema sees it.
func document(t *testing.T, file string) any {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTheSchemaAcceptsWhatLoadAccepts(t *testing.T) {
	t.Parallel()
	schema := compileSchema(t)
	for _, name := range []string{"v2-example", "old-common-layout", "json-form", "anchors", "new-keys"} {
		if err := schema.Validate(document(t, filepath.Join(corpus, "valid", name+".yaml"))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheSchemaRefusesWhatLoadRefuses(t *testing.T) {
	t.Parallel()
	schema := compileSchema(t)
	for _, name := range []string{
		"29-unknown-key", "30-unknown-top-key", "31-version-future", "32-version-text", "34-missing-paths", "35-missing-path",
		"36-missing-service", "37-missing-port", "39-port-as-text", "40-port-out-of-range", "45-command-args-empty",
		"46-command-args-text", "47-command-args-number", "49-runtime-unknown", "51-readiness-path-relative",
		"55-restart-values", "56-env-list", "57-profiles-empty", "60-profiles-list", "62-litellm-base-text",
		"70-credential-both", "71-credential-neither", "73-credential-plain-text", "75-provider-method-number",
	} {
		if schema.Validate(document(t, filepath.Join(corpus, "broken", name+".yaml"))) == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
