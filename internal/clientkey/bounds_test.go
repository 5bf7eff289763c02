package clientkey_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/clientkey"
)

func TestKeysThatShareWhatIsTheirOwnAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		alias, token, id string // of the second key
		isRefused        bool
	}{
		"nothing":           {"b", "3", "4", false},
		"the name":          {"a", "3", "4", true},
		"the key":           {"b", "1", "4", true},
		"the id":            {"b", "3", "2", true},
		"another one's id":  {"b", "2", "1", false}, // as after a rotation
		"names that differ": {"A", "3", "4", false},
	} {
		sum := func(digit string) string { return strings.Repeat(digit, 64) }
		text, err := json.Marshal(map[string]any{"version": 1, "keys": []clientkey.Key{
			{Alias: "a", Token: sum("1"), TokenID: sum("2")}, {Alias: c.alias, Token: sum(c.token), TokenID: sum(c.id)}}})
		if err != nil {
			t.Fatal(err)
		}
		keys, err := clientkey.Decode(text)
		if (err != nil) != c.isRefused || err == nil && len(keys) != 2 || err != nil && !strings.Contains(err.Error(), "there twice") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAPeriodEndsAtItsEnd(t *testing.T) {
	t.Parallel()
	end := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	daily := clientkey.Limits{MaxBudget: lo.ToPtr(5.0), BudgetDuration: "1d"}
	for name, c := range map[string]struct {
		limits  clientkey.Limits
		now     time.Time
		spend   float64
		resetAt time.Time
	}{
		"a moment before":        {daily, end.Add(-1), 5, end},
		"at it":                  {daily, end, 0, end.AddDate(0, 0, 1)},
		"no period any more":     {clientkey.Limits{MaxBudget: lo.ToPtr(5.0)}, end, 5, time.Time{}},
		"a shorter period since": {clientkey.Limits{MaxBudget: lo.ToPtr(5.0), BudgetDuration: "1h"}, end.Add(-90 * time.Minute), 5, end.Add(-time.Hour)},
	} {
		s := clientkey.Spend{Spend: 5, ResetAt: end}
		if s.Renew(c.limits, c.now); s.Spend != c.spend || !s.ResetAt.Equal(c.resetAt) {
			t.Errorf("%s: %+v", name, s)
		}
	}
	store := clientkey.Store{Folder: t.TempDir()}
	for period, isValid := range map[string]bool{"3660d": true, "3661d": false, "87840h": true, "87841h": false, "0d": false} {
		_, err := store.Create(t.Context(), "k"+period, clientkey.Limits{MaxBudget: lo.ToPtr(5.0), BudgetDuration: period})
		if (err == nil) != isValid {
			t.Errorf("%s: %v", period, err)
		}
	}
}
