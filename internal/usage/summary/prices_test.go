package summary_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/rightstest"
	"github.com/flowgate-go/flowgate/internal/usage/price"
	"github.com/flowgate-go/flowgate/internal/usage/record"
	"github.com/flowgate-go/flowgate/internal/usage/summary"
)

// newer is a table in LiteLLM's form with one model.
const newer = `{"m":{"litellm_provider":"openai","input_cost_per_token":3}}`

// costOf returns what a request costs by the prices in a folder, as the router counts it.
func costOf(p *price.Pricer) float64 {
	r := &record.Request{Deployment: "d", Provider: "openai", Model: "m", Tokens: record.Tokens{Known: true, Input: 2}}
	p.Price(r)
	return r.Cost
}

func TestNewPricesCountFromTheNextStart(t *testing.T) {
	t.Parallel()
	cfg := installation(t)
	file := filepath.Join(t.TempDir(), "newer.json")
	if err := os.WriteFile(file, []byte(newer), 0o600); err != nil {
		t.Fatal(err)
	}
	running := &price.Pricer{Folder: cfg.Paths.Usage()}
	if cost := costOf(running); cost != 0 {
		t.Fatalf("a model that is not in the table costs %v", cost)
	}
	p, err := summary.UpdatePrices(t.Context(), cfg, file, noon)
	if err != nil || !p.Changed || p.Table.Priced != 1 || p.Table.Source != file ||
		p.Table.Date != "2026-11-30T12:00:00Z" {
		t.Fatalf("%+v %v", p, err)
	}
	if cost := costOf(running); cost != 0 {
		t.Errorf("the router that runs uses the new prices: %v", cost)
	}
	if cost := costOf(&price.Pricer{Folder: cfg.Paths.Usage()}); cost != 6 {
		t.Errorf("the next one counts %v", cost)
	}
	if info, err := os.Stat(p.File); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	shown, err := summary.ShowPrices(cfg)
	if err != nil || shown.Changed || shown.File != p.File || shown.Table != p.Table {
		t.Errorf("%+v %v", shown, err)
	}
}

// TestPricesThatAreNoneChangeNothing has a good table first: each bad one leaves it as it is, and
// nothing beside it.
func TestPricesThatAreNoneChangeNothing(t *testing.T) {
	t.Parallel()
	cfg, dir := installation(t), t.TempDir()
	server := servePrices(t)
	good := server.URL + "/good"
	if p, err := summary.UpdatePrices(t.Context(), cfg, good, noon); err != nil || p.Table.Source != good {
		t.Fatal(p, err)
	}
	before := readFolder(t, cfg.Paths.Usage())
	for name, text := range map[string]string{"torn.json": newer[:20], "list.json": "[]", "empty.json": "",
		"none.json": "{}"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	huge := filepath.Join(dir, "huge.json")
	if err := os.WriteFile(huge, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(huge, 32<<20+1); err != nil {
		t.Fatal(err)
	}
	for from, code := range map[string]string{
		dir + "/torn.json": "prices-invalid", dir + "/list.json": "prices-invalid",
		dir + "/empty.json": "prices-invalid", dir + "/none.json": "prices-invalid", huge: "prices-unreadable",
		dir: "prices-unreadable", dir + "/absent.json": "prices-unreadable",
		"http://192.0.2.1/prices.json": "address-insecure",
		server.URL + "/torn":           "prices-invalid", server.URL + "/huge": "download-too-large",
		server.URL + "/absent": "download-failed",
	} {
		if _, err := summary.UpdatePrices(t.Context(), cfg, from, noon); !fault.HasCode(err, code) {
			t.Errorf("%s: %v, not %s", from, err, code)
		}
	}
	if after := readFolder(t, cfg.Paths.Usage()); after != before {
		t.Errorf("the folder has changed:\n%.300q\n%.300q", before, after)
	}
}

// servePrices serves a good table, and others.
func servePrices(t *testing.T) *httptest.Server {
	t.Helper()
	pages := map[string]string{"/good": newer, "/torn": newer[:20], "/huge": strings.Repeat(" ", 32<<20+1)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, isKnown := pages[r.URL.Path]
		if !isKnown {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = w.Write([]byte(text))
	}))
	t.Cleanup(server.Close)
	return server
}

// readFolder returns the names and the content of a folder's files.
func readFolder(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString(e.Name() + "\n" + string(text) + "\n")
	}
	return all.String()
}

// TestAFolderThatMayNotBeWrittenIsReadAllTheSame has a folder in which nothing can be made.
func TestAFolderThatMayNotBeWrittenIsReadAllTheSame(t *testing.T) {
	t.Parallel()
	if !rightstest.Ordinary(t) {
		return // it passed in a process of its own
	}
	cfg := installation(t)
	file := filepath.Join(t.TempDir(), "newer.json")
	if err := os.WriteFile(file, []byte(newer), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(cfg.Paths.Usage(), 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(cfg.Paths.Usage(), 0o700) })
	if r, err := summary.Read(cfg, summary.Query{}, "", noon); err != nil || r.Total.Requests != 2 {
		t.Errorf("%+v %v", r, err)
	}
	if _, err := summary.UpdatePrices(t.Context(), cfg, file, noon); err == nil {
		t.Error("new prices were written")
	}
	if _, err := summary.Forget(cfg, summary.Query{Until: "now"}, noon); !fault.HasCode(err, "usage-ledger-unusable") {
		t.Errorf("forgetting: %v", err)
	}
}
