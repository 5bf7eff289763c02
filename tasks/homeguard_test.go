package tasks

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/fault"
)

func TestATestThatWritesIntoTheUsersFoldersIsReported(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	g, err := newHomeGuard()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := g.check(&out); err != nil || out.Len() != 0 {
		t.Errorf("untouched: %v, %q", err, out.String())
	}
	state, _ := strings.CutPrefix(g.env()[0], "XDG_STATE_HOME=")
	for _, file := range []string{filepath.Join(state, "flowgate", "trust.json"), filepath.Join(g.home, ".codex", "auth.json")} {
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.check(&out); !fault.HasCode(err, "tests-left-state") ||
		!strings.Contains(err.Error(), "flowgate/trust.json") {
		t.Errorf("the state folder: %v", err)
	}
	if want := filepath.Join(g.home, ".codex", "auth.json"); !strings.Contains(out.String(), "NEW IN THE HOME FOLDER: "+want+"\n") {
		t.Errorf("the home folder: %q", out.String())
	}
	if again, err := newHomeGuard(); err != nil || again.state != g.state || again.check(&out) != nil {
		t.Errorf("the next run: %+v, %v", again, err)
	}
}
