package report_test

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/flowgate-go/flowgate/internal/report"
)

var update = flag.Bool("update", false, "rewrite generated documents")

func TestTheSchemaInTheDocumentsIsTheOneOfTheTypes(t *testing.T) {
	t.Parallel()
	const file = "../../docs/report.schema.json"
	want, err := report.JSONSchema()
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
		t.Fatalf("%s is not what the types say (%v): go test ./internal/report -update", file, err)
	}
}
