package trust_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/trust"
)

func TestTheContentOfIncludedFilesIsPartOfWhatIsTrusted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg := config.Default(dir)
	cfg.Base["include"] = []any{"more.yaml"}
	seen := map[string]string{}
	note := func(change string) {
		t.Helper()
		digest := trust.SurfaceOf(cfg, "").Digest()
		if other, ok := seen[digest]; ok {
			t.Errorf("%s and %s have one digest", change, other)
		}
		seen[digest] = change
	}
	note("a missing file")
	write("more.yaml", "model_list: []\n")
	note("a file")
	write("more.yaml", "litellm_settings: {callbacks: evil.run}\n")
	note("its edit")
	write("more.yaml", "include: [sub/deep.yaml, more.yaml]\n")
	note("a file that it includes, missing")
	write("sub/deep.yaml", "include: [beside.yaml]\n")
	note("a file that it includes")
	write("sub/deep.yaml", "include: [beside.yaml]\nx: 1\n")
	note("the edit of that")
	write("beside.yaml", "x: 1\n") // found beside the first file
	note("a file beside the first")
	shown := ""
	for _, e := range trust.SurfaceOf(cfg, "").Executes {
		shown += e.Key + " " + e.Value + "\n"
	}
	for _, want := range []string{"litellm_base.include ./more.yaml with the SHA-256", "./sub/deep.yaml",
		"./beside.yaml"} {
		if !strings.Contains(shown, want) {
			t.Errorf("no %s in %s", want, shown)
		}
	}
}
