package client_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/goccy/go-yaml"
)

var update = flag.Bool("update", false, "write clients.json")

func TestTheTableOfClientsIsTheYAMLThatPeopleEdit(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("clients.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var table any
	if err := yaml.Unmarshal(text, &table); err != nil {
		t.Fatal(yaml.FormatError(err, false, true))
	}
	var want bytes.Buffer
	e := json.NewEncoder(&want)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(table); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("clients.json", want.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile("clients.json"); err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Fatalf("clients.json is not clients.yaml (%v): go test ./internal/client -run Table -update", err)
	}
}
