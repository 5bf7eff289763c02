package ledger_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/usage/ledger"
)

// version1 returns a folder with a ledger that a program of version 1 wrote, and its rows as that program read them.
func version1(t *testing.T) (folder string, rows []ledger.Row) {
	t.Helper()
	folder = t.TempDir()
	data, err := os.ReadFile("testdata/version1.db")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, ledger.FileName), data, 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/version1.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		var row ledger.Row
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return folder, rows
}

// compareRows compares rows one by one.
func compareRows(t *testing.T, got, want []ledger.Row) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d rows, want %d", len(got), len(want))
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Fatalf("%+v\nwant %+v", got[i], want[i])
		}
	}
}

func TestALedgerOfVersion1IsReadAsItIs(t *testing.T) {
	t.Parallel()
	folder, want := version1(t)
	compareRows(t, all(t, folder), want)
	compareSums(t, folder, rand.New(rand.NewPCG(3, 4)))
	r := open(t, folder)
	last, err := r.Last(7)
	if err != nil {
		t.Fatal(err)
	}
	compareRows(t, last, want[len(want)-7:])
	state, err := r.State()
	if seen, seenErr := r.LastSeen(); err != nil || seenErr != nil || state.Rows != int64(len(want)) || len(seen) != 3 {
		t.Errorf("%+v %v, %+v %v", state, err, seen, seenErr)
	}
}

func TestALedgerOfVersion1GoesOn(t *testing.T) {
	t.Parallel()
	folder, want := version1(t)
	if log := write(t, folder, ledger.Options{}, row(time.Hour, "a", "opus"), row(2*time.Hour, "new", "opus")); log != "" {
		t.Error(log)
	}
	rows := all(t, folder)
	compareRows(t, rows[:len(want)], want)
	// usage:forget deleted rows of the old file, whose ids are not used again
	if more := rows[len(want):]; len(more) != 2 || more[0].ID != 61 || more[1].ID != 62 || more[1].Client != "new" {
		t.Errorf("%+v", more)
	}
	compareSums(t, folder, rand.New(rand.NewPCG(3, 4)))
	r := open(t, folder)
	for _, n := range []int{50, len(want)} { // of version 1, and packed
		after := []ledger.Row{}
		if err := r.After(rows[n].ID, func(row ledger.Row) error { after = append(after, row); return nil }); err != nil {
			t.Fatal(err)
		}
		compareRows(t, after, rows[n+1:])
	}
	state, err := r.State()
	if err != nil || state.Rows != int64(len(rows)) {
		t.Errorf("%+v %v", state, err)
	}
}

func TestRowsOfBothVersionsAreForgotten(t *testing.T) {
	t.Parallel()
	folder, _ := version1(t)
	write(t, folder, ledger.Options{}, row(time.Hour, "a", "opus"), row(2*time.Hour, "new", "opus"),
		row(3*time.Hour, "a", "gpt"))
	before := all(t, folder)
	deleted, err := ledger.Forget(folder, ledger.Filter{Client: "a", Until: noon.Add(150 * time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	var want []ledger.Row
	for _, row := range before {
		if row.Client != "a" || !row.Time.Before(noon.Add(150*time.Minute)) {
			want = append(want, row)
		}
	}
	if deleted != int64(len(before)-len(want)) || deleted < 2 {
		t.Errorf("%d rows deleted of %d", deleted, len(before))
	}
	compareRows(t, all(t, folder), want)
	compareSums(t, folder, rand.New(rand.NewPCG(3, 4)))
}

func TestRowsOfVersion1AreDeletedWhenTheyAreTooOld(t *testing.T) {
	t.Parallel()
	folder, _ := version1(t)
	write(t, folder, ledger.Options{Days: 3650}, row(40*time.Hour, "a", "opus"))
	write(t, folder, ledger.Options{Days: 30, Now: func() time.Time { return noon.AddDate(0, 0, 31) }})
	if rows := all(t, folder); len(rows) != 1 || rows[0].Client != "a" || rows[0].ID != 61 {
		t.Errorf("%+v", rows)
	}
	compareSums(t, folder, rand.New(rand.NewPCG(3, 4)))
}
