package ledger_test

import (
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/usage/ledger"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// TestLinesOfTheSameCostAreSortedByTheirUse has three models that cost the same, and a request of a client without a
// name: only an account without one is called unknown.
func TestLinesOfTheSameCostAreSortedByTheirUse(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	of := func(client, model string, tokens int) *record.Request {
		r := row(0, client, model)
		r.Tokens, r.Cost = record.Tokens{Known: true, Input: tokens}, 0
		return r
	}
	write(t, folder, ledger.Options{}, of("", "a-once", 20), of("x", "b-twice", 10), of("x", "b-twice", 10), of("x", "c-most", 30))
	sums, err := open(t, folder).Summarize(ledger.Filter{}, time.UTC, ledger.ByModel, ledger.ByClient)
	if err != nil {
		t.Fatal(err)
	}
	for by, want := range map[ledger.By]string{ledger.ByModel: "c-most, b-twice, a-once", ledger.ByClient: "x, "} {
		var names []string
		for _, line := range sums.Lines[by] {
			names = append(names, line.Name)
		}
		if got := strings.Join(names, ", "); got != want {
			t.Errorf("by %s: %q, want %q", by, got, want)
		}
	}
}

// TestRowsOfOneBatchKeepTheirOwnNames writes as many rows as fill several statements and some more, in which names
// stay, change and come back, with and without a cost and a failure: each is read as it was written.
func TestRowsOfOneBatchKeepTheirOwnNames(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	var rows []*record.Request
	for i := range 29 {
		r := row(time.Duration(i)*time.Second, []string{"alice", "alice", "bob", ""}[i%4], []string{"opus", "gpt", "gpt"}[i%3])
		if r.Account = "acc"; i%5 == 0 {
			r.Status, r.Class, r.CostKnown, r.Account = 500, "InternalServerError", false, ""
		}
		rows = append(rows, r)
	}
	write(t, folder, ledger.Options{}, rows...)
	read := all(t, folder)
	if len(read) != len(rows) {
		t.Fatalf("%d rows", len(read))
	}
	for i, r := range rows {
		got, account, call := read[i], r.Account, ""
		if i%5 == 0 {
			account, call = ledger.Unknown, r.ID
		}
		if !got.Time.Equal(r.Start) || got.Client != r.Client || got.Model != r.Model || got.Account != account ||
			got.Class != r.Class || got.Call != call || (got.Cost != nil) != r.CostKnown || got.Session != r.Session {
			t.Errorf("row %d: %+v\nof %+v", i, got, r)
		}
	}
}
