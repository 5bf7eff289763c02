package subprocess_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/flowgate-go/flowgate/internal/subprocess"
)

func TestTheProgramThatTestsRunCollectsGarbageAsForItsUsers(t *testing.T) {
	dir, given := t.TempDir(), filepath.Join(t.TempDir(), "given")
	if err := os.WriteFile(given, []byte("a program"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(subprocess.ProgramVariable, given)
	t.Setenv("GOGC", "400")
	program, err := subprocess.CompileFlowGate(t.Context(), filepath.Join("..", ".."), dir)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(program); err != nil || string(text) != "a program" {
		t.Errorf("%q, %v", text, err)
	}
	if value, isSet := os.LookupEnv("GOGC"); isSet {
		t.Errorf("the program would run with GOGC=%s", value)
	}
}
