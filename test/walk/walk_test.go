package walk_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/test/walk"
)

const root = "../.."

// TestEachWalkHasTheNumberOfCommandsThatThePageAndTheREADMESay counts them.
func TestEachWalkHasTheNumberOfCommandsThatThePageAndTheREADMESay(t *testing.T) {
	t.Parallel()
	walks, rows := walk.Read(t, root)
	if len(walks) != 4 {
		t.Fatalf("%d walks", len(walks))
	}
	most := 0
	for i, w := range walks {
		if anchor := anchorOf(w.Title); anchor != rows[i].Title {
			t.Errorf("row %d leads to %s and the section is %s", i, rows[i].Title, anchor)
		}
		if len(w.Commands) != rows[i].Commands || len(w.Commands) > 3 {
			t.Errorf("%s has %d commands, the table says %d", w.Title, len(w.Commands), rows[i].Commands)
		}
		if rows[i].Seconds > 30 {
			t.Errorf("%s takes %d s", w.Title, rows[i].Seconds)
		}
		most = max(most, len(w.Commands))
	}
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if most != 3 || !strings.Contains(string(readme), "3 commands") {
		t.Errorf("README.md does not say 3 commands, the longest walk has %d", most)
	}
}

// anchorOf returns the anchor that a heading gets.
func anchorOf(title string) string {
	return strings.ReplaceAll(regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(title), ""), " ", "-")
}
