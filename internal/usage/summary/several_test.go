package summary_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/usage/ledger"
	"github.com/flowgate-go/flowgate/internal/usage/record"
	"github.com/flowgate-go/flowgate/internal/usage/summary"
)

// replica writes the ledger of a replica, with a request of each client.
func replica(t *testing.T, folder string, took time.Duration, clients ...string) {
	t.Helper()
	w := ledger.Start(folder, ledger.Options{Now: func() time.Time { return noon }})
	for _, client := range clients {
		w.Add(&record.Request{Start: noon.Add(-time.Hour), Duration: took, Client: client, Deployment: "d", Model: "m-" + client,
			Status: 200, Tokens: record.Tokens{Known: true, Input: 100, Output: 10}, Cost: 2, CostKnown: client != "bob"})
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// replicas returns a folder with the ledgers of two replicas, and something else.
func replicas(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	replica(t, filepath.Join(dir, "router-0"), time.Second, "alice", "bob")
	replica(t, filepath.Join(dir, "router-1"), 3*time.Second, "alice", "carol")
	if err := os.Mkdir(filepath.Join(dir, "lost+found"), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestTheLedgersOfReplicasAreSummedUp(t *testing.T) {
	t.Parallel()
	dir := replicas(t)
	first, second := filepath.Join(dir, "router-0"), filepath.Join(dir, "router-1", ledger.FileName)
	for _, paths := range []string{dir, first + "," + second, first + "/, " + filepath.Join(dir, "router-1")} {
		r, err := summary.Read(installation(t), summary.Query{Ledgers: paths}, "", noon)
		if err != nil {
			t.Fatal(err)
		}
		if r.Ledgers != 2 || r.Total.Requests != 4 || r.Total.Cost != 6 || r.Total.MeanMS != 2000 || len(r.Lines) != 3 ||
			r.Lines[0].Name != "alice" || r.Lines[0].Requests != 2 || r.Lines[0].Cost != 4 || r.Lines[0].MeanMS != 2000 {
			t.Errorf("%s: %+v", paths, r)
		}
		if len(r.Unpriced) != 1 || r.Unpriced[0].Model != "m-bob" {
			t.Errorf("%s: %+v", paths, r.Unpriced)
		}
	}
	if r, err := summary.Read(installation(t), summary.Query{Ledgers: dir, Client: "carol"}, "day", noon); err != nil ||
		r.Total.Requests != 1 || len(r.Lines) != 1 || r.Lines[0].Name != "2026-11-30" {
		t.Errorf("%+v %v", r, err)
	}
	one, err := summary.Read(installation(t), summary.Query{Ledgers: first}, "model", noon)
	if err != nil || one.Ledgers != 1 || len(one.Lines) != 2 || one.Total.Requests != 2 {
		t.Errorf("%+v %v", one, err)
	}
}

func TestTheRowsOfAllReplicasAreExported(t *testing.T) {
	t.Parallel()
	dir := replicas(t)
	for as, lines := range map[string]int{"csv": 5, "jsonl": 4} { // csv has one line of names
		var out strings.Builder
		if err := summary.Export(installation(t), summary.Query{Ledgers: dir}, as, noon, &out); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		if strings.Count(text, "\n") != lines || strings.Count(text, "alice") != 2*2 || strings.Count(text, "m-carol") != 1 {
			t.Errorf("%s:\n%s", as, text)
		}
	}
	var out strings.Builder
	err := summary.Export(installation(t), summary.Query{Ledgers: dir, Client: "carol"}, "jsonl", noon, &out)
	if err != nil || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("of one client: %v\n%s", err, out.String())
	}
	err = summary.Export(installation(t), summary.Query{Ledgers: dir + "/none"}, "csv", noon, &out)
	if !fault.HasCode(err, "flag-invalid") {
		t.Errorf("a ledger that is not there: %v", err)
	}
}

func TestAGateHoldsForAllReplicasTogether(t *testing.T) {
	t.Parallel()
	dir := replicas(t)
	limits, err := summary.ParseLimits("5", "", "24h")
	if err != nil {
		t.Fatal(err)
	}
	for paths, code := range map[string]string{dir: "usage-limit-exceeded", filepath.Join(dir, "router-1"): ""} {
		g, err := summary.HoldAgainst(installation(t), limits, summary.Query{Ledgers: paths}, noon)
		if code == "" && err != nil || code != "" && (!fault.HasCode(err, code) || g.Cost != 6) {
			t.Errorf("%s: %+v %v", paths, g, err)
		}
	}
}

func TestLedgersThatAreNotThereOrThereTwiceAreRefused(t *testing.T) {
	t.Parallel()
	dir := replicas(t)
	for paths, want := range map[string]string{
		filepath.Join(dir, "none"):               "no such file",
		filepath.Join(dir, "lost+found"):         "no ledger is there",
		dir + "," + filepath.Join(dir, "none"):   "no such file",
		dir + "," + dir:                          "twice",
		dir + "/router-0," + dir + "/./router-0": "twice",
		dir + ",":                                "no such file",
	} {
		_, err := summary.Read(installation(t), summary.Query{Ledgers: paths}, "", noon)
		if !fault.HasCode(err, "flag-invalid") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", paths, err)
		}
	}
	foreign := filepath.Join(t.TempDir(), ledger.FileName)
	if err := os.WriteFile(foreign, []byte("not a ledger, and long enough for a header of SQLite"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := summary.Read(installation(t), summary.Query{Ledgers: dir + "," + foreign}, "", noon); !fault.HasCode(err,
		"usage-ledger-torn") {
		t.Errorf("a file that is no ledger: %v", err)
	}
}
