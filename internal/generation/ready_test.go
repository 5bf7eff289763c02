package generation_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/flowgate-go/flowgate/internal/generation"
)

func TestAnOlderRecordThatSaysVerifiedWasOfAStackThatWasReady(t *testing.T) {
	t.Parallel()
	cfg := initialised(t)
	root := cfg.Paths.Root()
	for n, said := range map[string]string{"0001": `{"number":1,"verified":true}`, "0002": `{"number":2}`} {
		dir := filepath.Join(generation.Dir(root), n)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "generation.json"), []byte(said), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	all, _, err := generation.List(root)
	if err != nil || len(all) != 2 || !all[0].Ready || !all[0].Verified || all[1].Ready || all[1].Verified {
		t.Errorf("%+v, %v", all, err)
	}
}
