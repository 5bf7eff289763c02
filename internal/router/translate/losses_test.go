package translate_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/router/translate"
)

var update = flag.Bool("update", false, "rewrite the table of losses in docs/translation.md")

func TestTheDocumentedLossesAreTheData(t *testing.T) {
	t.Parallel()
	const file, begin, end = "../../../docs/translation.md", "<!-- losses -->\n", "<!-- end of losses -->\n"
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(have), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", file)
	}
	table := "\n| client | upstream | never sent |\n|---|---|---|\n"
	for _, from := range clients {
		for _, to := range upstreams {
			if from != to {
				table += fmt.Sprintf("| %s | %s | `%s` |\n", from, to, strings.Join(translate.Losses(from, to,
					translate.Options{Effort: true}), "`, `"))
			}
		}
	}
	if want := before + begin + table + "\n" + end + after; *update {
		if err := os.WriteFile(file, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if want != string(have) {
		t.Errorf("%s is not what the data say: go test ./internal/router/translate -run Losses -update", file)
	}
}
