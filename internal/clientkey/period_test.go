package clientkey_test

import (
	"testing"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/clientkey"
)

// The times are those of LiteLLM 1.106.2's get_next_standardized_reset_time.
func TestABudgetIsRenewedWhenLiteLLMRenewsIt(t *testing.T) {
	t.Parallel()
	wednesday := time.Date(2026, 5, 6, 7, 8, 9, 5e8, time.UTC)
	for duration, want := range map[string]string{
		"30s": "2026-05-06T07:08:30Z", "5m": "2026-05-06T07:10:00Z", "1h": "2026-05-06T08:00:00Z",
		"hourly": "2026-05-06T08:00:00Z", "12h": "2026-05-06T12:00:00Z", "1d": "2026-05-07T00:00:00Z",
		"daily": "2026-05-07T00:00:00Z", "7d": "2026-05-11T00:00:00Z", "weekly": "2026-05-11T00:00:00Z",
		"1w": "2026-05-11T00:00:00Z", "3d": "2026-05-09T00:00:00Z", "30d": "2026-06-01T00:00:00Z",
		"1mo": "2026-06-01T00:00:00Z", "monthly": "2026-06-01T00:00:00Z", "14d": "2026-05-20T00:00:00Z",
	} {
		got := clientkey.Limits{BudgetDuration: duration}.NextReset(wednesday)
		if got.Format(time.RFC3339) != want {
			t.Errorf("%s: %s, want %s", duration, got.Format(time.RFC3339), want)
		}
	}
	for _, now := range []string{"2026-05-11T00:00:00Z", "2026-12-31T23:59:59Z", "2026-06-01T00:00:00Z"} {
		at, _ := time.Parse(time.RFC3339, now)
		for _, duration := range []string{"1s", "1m", "5h", "1d", "7d", "30d"} {
			if next := (clientkey.Limits{BudgetDuration: duration}).NextReset(at); !next.After(at) {
				t.Errorf("%s at %s ends at %s", duration, now, next)
			}
		}
	}
}

func TestAClockThatJumpsNeitherLosesNorFreezesABudget(t *testing.T) {
	t.Parallel()
	day := clientkey.Limits{MaxBudget: lo.ToPtr(5.0), BudgetDuration: "1d"}
	start := time.Date(2026, 5, 6, 12, 0, 0, 0, time.UTC)
	var s clientkey.Spend
	s.Renew(day, start)
	s.Spend = 5
	s.Renew(day, start.Add(-48*time.Hour)) // back: still exhausted
	if s.Spend != 5 {
		t.Errorf("a clock that went back renewed the budget")
	}
	s.Renew(day, start) // and to where it was: a day later than the period that now was begun
	if s.Spend != 0 || !s.ResetAt.Equal(start.Truncate(24*time.Hour).AddDate(0, 0, 1)) {
		t.Errorf("%+v", s)
	}
	s.Spend = 5
	s.Renew(day, start.AddDate(10, 0, 0)) // ten years ahead
	s.Spend = 4
	s.Renew(day, start)
	if s.Spend != 4 || s.ResetAt.After(start.Add(24*time.Hour)) {
		t.Errorf("the renewal stays in the far future: %+v", s)
	}
	forever := clientkey.Limits{MaxBudget: lo.ToPtr(5.0)}
	s = clientkey.Spend{Spend: 5}
	if s.Renew(forever, start.AddDate(50, 0, 0)); s.Spend != 5 || !s.ResetAt.IsZero() {
		t.Errorf("a budget without a period was renewed: %+v", s)
	}
}

func TestModelsAreAllowedByNamePatternAndAlias(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		models, names []string
		want          bool
	}{
		{nil, []string{"x"}, true},
		{[]string{"*"}, []string{"x"}, true},
		{[]string{"all-proxy-models"}, []string{"x"}, true},
		{[]string{"a", "b"}, []string{"b"}, true},
		{[]string{"a"}, []string{"ab"}, false},
		{[]string{"a"}, []string{"alias", "a"}, true},
		{[]string{"openai/*"}, []string{"openai/gpt"}, true},
		{[]string{"openai/*"}, []string{"xopenai/gpt"}, false},
		{[]string{"claude-*-4*"}, []string{"claude-opus-4-5"}, true},
		{[]string{"claude-*-4"}, []string{"claude-4"}, false},
		{[]string{"aa*aa"}, []string{"aaa"}, false},
		{[]string{"*b*a*"}, []string{"xbya"}, true},
		{[]string{"*b*a*"}, []string{"ab"}, false}, // in this order
		{[]string{"*aa*aa*"}, []string{"aaa"}, false},
	} {
		if got := (clientkey.Limits{Models: c.models}).AllowsModel(c.names...); got != c.want {
			t.Errorf("%v of %v: %v", c.names, c.models, got)
		}
	}
}
