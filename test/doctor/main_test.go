// Package doctor_test breaks one thing at a time in a real installation, with
// real processes, sockets and files, sees that exactly the check that is about
// it complains, carries out the fix that it names, and sees it pass.
package doctor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/subprocess"
	"github.com/flowgate-go/flowgate/internal/trust/trusttest"
)

// root is the source tree that the program is built from.
const root = "../.."

// compiled names the program to processes of package rights.
const compiled = "FLOWGATE_TEST_COMPILED"

var (
	binary   string             // the compiled program
	reportIs *jsonschema.Schema // docs/report.schema.json
	update   = flag.Bool("update", false, "rewrite docs/runbook.md")
)

// TestMain lets the test binary be the doubles that the tests need.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "cliproxyapi-double":
			os.Exit(cliproxyMain(os.Args[2:]))
		case "litellm-double":
			os.Exit(litellmMain(os.Args[2:]))
		}
	}
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "flowgate-doctor-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if binary = os.Getenv(compiled); binary == "" { // else the first process has it
		if binary, err = subprocess.CompileFlowGate(context.Background(), root, dir); err != nil {
			panic(err)
		}
		_ = os.Setenv(compiled, binary)
	}
	reportIs = jsonschema.NewCompiler().MustCompile(filepath.Join(root, "docs", "report.schema.json"))
	return trusttest.Run(m)
}

func document(text []byte) (any, error) {
	return report.Decode(json.NewDecoder(bytes.NewReader(text)))
}
