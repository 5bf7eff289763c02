package summary_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/usage/ledger"
	"github.com/flowgate-go/flowgate/internal/usage/record"
	"github.com/flowgate-go/flowgate/internal/usage/summary"
)

// noon is the moment of the tests.
var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// installation returns a configuration whose ledger has two requests.
func installation(t *testing.T) *config.Config {
	t.Helper()
	cfg := &config.Config{Usage: config.Usage{Ledger: true}, Services: []config.Service{
		{Name: config.LiteLLM, Runtime: config.RuntimeEmbedded}}}
	cfg.Paths.RuntimeDir = t.TempDir()
	w := ledger.Start(cfg.Paths.Usage(), ledger.Options{Now: func() time.Time { return noon }})
	for i, client := range []string{"alice", "=cmd()"} {
		w.Add(&record.Request{Start: noon.Add(-time.Duration(i+1) * time.Hour), Client: client, Deployment: "d", Model: "m", Status: 200,
			Tokens: record.Tokens{Known: true, Input: 100, Output: 10}, Cost: 2, CostKnown: i == 0})
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestTimesAreMomentsOrHowLongAgo(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Time{
		"": {}, "now": noon, "90m": noon.Add(-90 * time.Minute), "7d": noon.AddDate(0, 0, -7),
		"2026-11-29": noon.AddDate(0, 0, -1).Add(-12 * time.Hour), "2026-11-29T09:00": noon.Add(-27 * time.Hour),
		"2026-11-29T09:00:00+01:00": noon.Add(-28 * time.Hour),
	} {
		if f, err := (summary.Query{Since: text}).Filter(noon.Add(time.Nanosecond)); err != nil || f.Since.Sub(want).Abs() > time.Nanosecond {
			t.Errorf("%q: %v %v", text, f.Since, err)
		}
	}
	for _, q := range []summary.Query{{Since: "x"}, {Since: "-1h"}, {Until: "0d"}, {Until: "99999999999999d"}, {Since: "1h", Until: "2h"}, {Since: "d"}} {
		if _, err := q.Filter(noon); !fault.HasCode(err, "flag-invalid") {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

func TestAReportHasWhatWasUsedAndWhatIsUnknown(t *testing.T) {
	t.Parallel()
	cfg := installation(t)
	r, err := summary.Read(cfg, summary.Query{}, "", noon)
	if err != nil || r.Total.Requests != 2 || r.Total.Cost != 2 || len(r.Lines) != 2 || r.Lines[0].Name != "alice" || r.By != "client" ||
		len(r.Unpriced) != 1 || r.Unpriced[0].Model != "m" {
		t.Errorf("%+v %v", r, err)
	}
	if r, err := summary.Read(cfg, summary.Query{Since: "90m"}, "day", noon); err != nil || r.Total.Requests != 1 || r.Lines[0].Name != "2026-11-30" {
		t.Errorf("%+v %v", r, err)
	}
	until := noon.Add(-90 * time.Minute)
	if r, err := summary.Read(cfg, summary.Query{Since: "3h", Until: "90m"}, "", noon); err != nil || r.Total.Requests != 1 ||
		r.Since == nil || !r.Since.Equal(noon.Add(-3*time.Hour)) || r.Until == nil || !r.Until.Equal(until) {
		t.Errorf("%+v %v", r, err)
	}
	if _, err := summary.Read(cfg, summary.Query{}, "colour", noon); !fault.HasCode(err, "flag-invalid") {
		t.Error(err)
	}
}

func TestAnExportIsReadBackAndHasNoFormulas(t *testing.T) {
	t.Parallel()
	cfg := installation(t)
	var table, lines bytes.Buffer
	if err := summary.Export(cfg, summary.Query{}, "csv", noon, &table); err != nil {
		t.Fatal(err)
	}
	all, err := csv.NewReader(&table).ReadAll()
	if err != nil || len(all) != 3 || all[0][6] != "client" || all[1][6] != "alice" || all[2][6] != "'=cmd()" {
		t.Errorf("%v %v", all, err)
	}
	if err := summary.Export(cfg, summary.Query{Client: "alice"}, "", noon, &lines); err != nil {
		t.Fatal(err)
	}
	var row ledger.Row
	if err := json.Unmarshal(lines.Bytes(), &row); err != nil || row.Client != "alice" || *row.Cost != 2 {
		t.Errorf("%+v %v", row, err)
	}
	if err := summary.Export(cfg, summary.Query{}, "xlsx", noon, &lines); !fault.HasCode(err, "flag-invalid") {
		t.Error(err)
	}
}

func TestAGateFailsAboveItsLimitsOnly(t *testing.T) {
	t.Parallel()
	cfg := installation(t)
	for _, c := range []struct{ cost, tokens, within, code string }{
		{"2", "", "24h", ""}, {"$1.99", "", "24h", "usage-limit-exceeded"}, {"", "220", "24h", ""},
		{"", "219", "24h", "usage-limit-exceeded"}, {"", "219", "90m", ""}, {"", "1_000", "1d", ""},
		{"", "", "24h", "argument-missing"}, {"1", "", "", "argument-missing"}, {"x", "", "1h", "flag-invalid"},
		{"NaN", "", "1h", "flag-invalid"}, {"", "-1", "1h", "flag-invalid"}, {"1", "", "0s", "flag-invalid"},
	} {
		limits, err := summary.ParseLimits(c.cost, c.tokens, c.within)
		if err == nil {
			_, err = summary.HoldAgainst(cfg, limits, summary.Query{}, noon)
		}
		if c.code == "" && err != nil || c.code != "" && !fault.HasCode(err, c.code) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestForgettingNeedsSomethingToForget(t *testing.T) {
	t.Parallel()
	cfg := installation(t)
	if _, err := summary.Forget(cfg, summary.Query{}, noon); !fault.HasCode(err, "argument-missing") {
		t.Error(err)
	}
	if f, err := summary.Forget(cfg, summary.Query{Until: "now"}, noon); err != nil || f.Rows != 2 || !f.Changed {
		t.Errorf("%+v %v", f, err)
	}
}

func TestLiteLLMsUsageIsItsOwnBusiness(t *testing.T) {
	t.Parallel()
	cfg := installation(t)
	cfg.Services[0].Runtime = config.RuntimeLiteLLM
	if _, err := summary.Last(cfg, 5); !fault.HasCode(err, "usage-not-kept") || !strings.Contains(err.Error(), "LiteLLM") {
		t.Error(err)
	}
	cfg = installation(t)
	cfg.Usage.Ledger = false
	if _, err := summary.Last(cfg, 5); !fault.HasCode(err, "usage-not-kept") {
		t.Error(err)
	}
}
