package clientkey_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/clientkey"
)

func FuzzDecode(f *testing.F) {
	s := clientkey.Store{Folder: f.TempDir()}
	expires := time.Now().Add(time.Hour)
	if _, err := s.Create(f.Context(), "a", clientkey.Limits{Models: []string{"m*"}, RPM: lo.ToPtr[int64](1),
		MaxBudget: lo.ToPtr(1.5), BudgetDuration: "1mo", Expires: &expires}); err != nil {
		f.Fatal(err)
	}
	data, _ := os.ReadFile(filepath.Join(s.Folder, clientkey.FileName))
	for _, seed := range []string{string(data), "", "{}", `{"version":1}`, `{"version":2,"keys":[]}`,
		`{"version":1,"keys":[{"key_alias":"a","max_budget":1e999}]}`, `[]`, `{"version":1,"keys":[null]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := clientkey.Decode(data)
		if err != nil {
			return
		}
		for _, k := range keys {
			if len(k.Token) != 64 || k.Alias == "" || k.RPM != nil && *k.RPM < 1 || k.MaxBudget != nil && !(*k.MaxBudget > 0) {
				t.Errorf("accepted: %+v", k)
			}
			now := time.Unix(1e9, 0)
			if next := k.NextReset(now); k.BudgetDuration != "" && !next.After(now) {
				t.Errorf("period %q ends at %s", k.BudgetDuration, next)
			}
			k.AllowsModel("m")
		}
	})
}

func FuzzDecodeSpend(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"version":1,"spends":{"a":{"spend":1,"budget_reset_at":"2026-01-02T03:04:05Z"}}}`,
		`{"version":1,"spends":{"a":{"spend":-1}}}`, `{"version":9}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		spends, err := clientkey.DecodeSpend(data)
		if err != nil {
			return
		}
		for id, s := range spends {
			if !(s.Spend >= 0) {
				t.Errorf("%s has spent %g", id, s.Spend)
			}
		}
	})
}
