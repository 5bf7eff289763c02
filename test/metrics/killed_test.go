package metrics_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/clientkey"
	"github.com/flowgate-go/flowgate/test/metrics"
)

// eventually waits until something is so; it fails after a minute.
func eventually(t *testing.T, what string, isSo func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !isSo(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not so after a minute: %s", what)
		}
	}
}

func TestABudgetOutlivesAKillOfTheRouter(t *testing.T) {
	t.Parallel()
	g := startRouter(t, metrics.StartUpstream(t), "http://127.0.0.1:1")
	key := g.create("small", clientkey.Limits{MaxBudget: lo.ToPtr(0.000001)})
	eventually(t, "the router accepts the new key", func() bool { return g.chat(key, "m", false) != 401 })
	eventually(t, "the budget is spent", func() bool { return g.chat(key, "m", false) == 429 })
	eventually(t, "the spend is on disk", func() bool {
		spends, err := clientkey.ReadSpend(g.keys.Folder)
		return err == nil && lo.SomeBy(lo.Values(spends), func(s clientkey.Spend) bool { return s.Spend >= 0.000001 })
	})
	if err := g.process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the router is gone", func() bool { return !g.answers() })
	g.restart()
	if got := g.chat(key, "m", false); got != 429 {
		t.Errorf("after the kill: %d", got)
	}
	if got := g.chat(masterKey, "m", false); got != 200 {
		t.Errorf("the gateway key: %d", got)
	}
	if _, err := g.keys.Revoke(t.Context(), "small"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the key is revoked without a restart", func() bool { return g.chat(key, "m", false) == 401 })
	for _, name := range []string{clientkey.FileName, clientkey.SpendFileName} {
		text, err := os.ReadFile(filepath.Join(g.keys.Folder, name))
		if err != nil || strings.Contains(string(text), key) || strings.Contains(string(text), "canary") {
			t.Errorf("%s: %v", name, err)
		}
		if info, err := os.Stat(filepath.Join(g.keys.Folder, name)); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %v", name, info.Mode())
		}
	}
}
