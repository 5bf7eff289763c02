package preview_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/preview"
	"github.com/flowgate-go/flowgate/internal/terminal"
)

var update = flag.Bool("update", false, "rewrite testdata/tables")

// checkGolden compares the table of a configuration with the one beside it; with -update it
// writes that one.
func checkGolden(t *testing.T, file string, p preview.Preview, addr, dir string) {
	t.Helper()
	var out strings.Builder
	printer := terminal.NewPrinter(&out, terminal.Style{})
	p.Print(printer)
	got := strings.NewReplacer(addr, "UP", dir, "DIR").Replace(out.String())
	got = regexp.MustCompile(" {2,}").ReplaceAllString(got, "  ") // columns are as wide as ports and folders are long
	golden := filepath.Join("testdata", "tables", filepath.Base(file)+".txt")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the table is\n%s\nnot\n%s", got, want)
	}
	if strings.Contains(got, "hunter22") || strings.Contains(got, "sk-deepseek") {
		t.Error("the table has a key")
	}
}
