package ledger_test

import (
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/usage/ledger"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// TestALedgerWithADamagedChunkStaysBounded has rows that are too old, and cannot be read: they would stay for ever, and
// all later ones too.
func TestALedgerWithADamagedChunkStaysBounded(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write(t, folder, ledger.Options{}, row(0, "alice", "opus"))
	execute(t, folder, `UPDATE chunk SET data = x'01'`)
	later := func() time.Time { return noon.AddDate(0, 0, 31) }
	log := write(t, folder, ledger.Options{Days: 30, Now: later}, row(0, "alice", "opus"))
	if aside, err := filepath.Glob(ledger.File(folder) + ".torn-*"); err != nil || len(aside) == 0 ||
		!strings.Contains(log, "the usage ledger is damaged") {
		t.Errorf("%v, %v: %s", aside, err, log)
	}
	write(t, folder, ledger.Options{Days: 30, Now: later}, row(30*24*time.Hour, "bob", "opus"))
	if rows := all(t, folder); len(rows) != 1 || rows[0].Client != "bob" {
		t.Errorf("%+v", rows)
	}
}

// TestACostThatIsNoNumberIsUnknown has what JSON cannot say in rows of both versions and in a sum.
func TestACostThatIsNoNumberIsUnknown(t *testing.T) {
	t.Parallel()
	var numbers [ledger.NumberColumns]int64
	for _, cost := range []float64{math.Inf(1), math.Inf(-1), math.NaN()} {
		got, err := ledger.Unpack(ledger.Pack([]ledger.Entry{ledger.NewEntry(numbers, cost, true, ""),
			ledger.NewEntry(numbers, cost, true, ""), ledger.NewEntry(numbers, 0.25, true, "")}))
		if err != nil || len(got) != 3 || got[0] != ledger.NewEntry(numbers, 0, false, "") || got[1] != got[0] ||
			got[2] != ledger.NewEntry(numbers, 0.25, true, "") {
			t.Errorf("%v: %+v, %v", cost, got, err)
		}
	}
	folder, _ := version1(t)
	execute(t, folder, `UPDATE request SET cost = 9e999; UPDATE hour SET cost = 9e999, unpriced = 0, requests = 1;
 UPDATE hour SET cost = 1e308 WHERE hour > (SELECT min(hour) FROM hour)`)
	for _, row := range all(t, folder) {
		if row.Cost != nil {
			t.Errorf("%+v costs %g", row, *row.Cost)
		}
	}
	sums, err := open(t, folder).Summarize(ledger.Filter{}, time.UTC)
	if err != nil || sums.Total.Cost != math.MaxFloat64 || sums.Total.Unpriced == 0 {
		t.Errorf("%+v, %v", sums.Total, err)
	}
}

func TestALongTextOfOthersIsNotRead(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write(t, folder, ledger.Options{}, row(0, "alice", "opus"))
	execute(t, folder, `UPDATE name SET text = CAST(zeroblob(5000000) AS TEXT) WHERE text = 'alice'`)
	if _, err := open(t, folder).Last(5); !fault.HasCode(err, "usage-ledger-unusable") {
		t.Errorf("%v", err)
	}
}

// TestASumCountsWhatItsNamesSay has each case beside the one that is just another.
func TestASumCountsWhatItsNamesSay(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	of := func(change func(*record.Request)) *record.Request {
		r := row(0, "alice", "opus")
		change(r)
		return r
	}
	write(t, folder, ledger.Options{},
		of(func(r *record.Request) { r.Status = 400 }),
		of(func(r *record.Request) { r.Status = 399 }),
		of(func(r *record.Request) { r.Tokens, r.CostKnown = record.Tokens{}, false }),                       // untold
		of(func(r *record.Request) { r.Tokens, r.Deployment, r.CostKnown = record.Tokens{}, "", false }),     // no upstream
		of(func(r *record.Request) { r.Tokens, r.CostKnown = record.Tokens{Known: true, Output: 1}, false }), // unpriced
		of(func(r *record.Request) { r.FirstByte = 0 }))
	sums, err := open(t, folder).Summarize(ledger.Filter{}, time.UTC)
	if s := sums.Total; err != nil || s.Requests != 6 || s.Failures != 1 || s.Untold != 1 || s.Unpriced != 1 ||
		s.MeanFirstByteMS == nil || *s.MeanFirstByteMS != 10 {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestTheOldestAndTheNewestRowMayBeOfOneChunk writes rows in another order than they began.
func TestTheOldestAndTheNewestRowMayBeOfOneChunk(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write(t, folder, ledger.Options{}, row(time.Hour, "a", "opus"), row(3*time.Hour, "a", "opus"), row(0, "a", "opus"),
		row(2*time.Hour, "a", "opus"))
	write(t, folder, ledger.Options{}, row(90*time.Minute, "a", "opus")) // another chunk
	state, err := open(t, folder).State()
	if err != nil || !state.Oldest.Equal(noon) || !state.Newest.Equal(noon.Add(3*time.Hour)) {
		t.Errorf("%+v, %v", state, err)
	}
}

// TestAFilterOfANameThatIsNotThereMeansNothing deletes and reads nothing.
func TestAFilterOfANameThatIsNotThereMeansNothing(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write(t, folder, ledger.Options{}, row(0, "alice", "opus"))
	for _, f := range []ledger.Filter{{Client: "bob"}, {Session: "bob"}, {Client: "alice", Session: "bob"}} {
		if deleted, err := ledger.Forget(folder, f); err != nil || deleted != 0 {
			t.Errorf("%+v: %d deleted, %v", f, deleted, err)
		}
		if err := open(t, folder).Rows(f, func(r ledger.Row) error { t.Errorf("%+v: %+v", f, r); return nil }); err != nil {
			t.Error(err)
		}
	}
	if rows := all(t, folder); len(rows) != 1 {
		t.Errorf("%+v", rows)
	}
}
