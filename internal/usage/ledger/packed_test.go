package ledger_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/usage/ledger"
)

func TestPackedRowsAreThoseThatWerePacked(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	values := []int64{0, 1, -1, 255, math.MaxInt64, math.MinInt64}
	var rows []ledger.Entry
	for range ledger.ChunkRows {
		var numbers [ledger.NumberColumns]int64
		if len(rows) > 0 {
			numbers = [ledger.NumberColumns]int64{int64(len(rows))}
		}
		for i := range numbers {
			if random.IntN(4) == 0 {
				numbers[i] = values[random.IntN(len(values))]
			}
		}
		cost := []float64{0, 0.25, 1e-9}[random.IntN(3)]
		hasCost := random.IntN(2) == 0
		if !hasCost {
			cost = 0
		}
		rows = append(rows, ledger.NewEntry(numbers, cost, hasCost, []string{"", "call-1"}[random.IntN(2)]))
	}
	got, err := ledger.Unpack(ledger.Pack(rows))
	if err != nil || !slices.Equal(got, rows) {
		t.Errorf("%d rows, %v", len(got), err)
	}
}

// FuzzUnpack unpacks anything: what can be read is packed again as the same rows.
func FuzzUnpack(f *testing.F) {
	f.Add(ledger.Pack([]ledger.Entry{ledger.NewEntry([ledger.NumberColumns]int64{1, 2, 3}, 0.5, true, "call"),
		ledger.NewEntry([ledger.NumberColumns]int64{2, 5, 3}, 0.5, true, "")}))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := ledger.Unpack(data)
		if err != nil {
			return
		}
		again, err := ledger.Unpack(ledger.Pack(rows))
		if err != nil || len(again) != len(rows) {
			t.Fatalf("%d rows of %d, %v", len(again), len(rows), err)
		}
		for i := range rows {
			if rows[i] != again[i] && rows[i] == rows[i] { // a price that is no number differs from itself
				t.Fatalf("row %d: %+v, want %+v", i, again[i], rows[i])
			}
		}
	})
}

func TestADamagedChunkIsADamagedLedger(t *testing.T) {
	t.Parallel()
	for _, data := range []string{`x'ffffffffffffffffff01'`, `x'808080808001'`, `x'01'`, `substr(data, 1, length(data) - 1)`,
		`x'80808080400000'`, // a failure's call without a length
		`zeroblob(257)`,     // more rows than a chunk has, each like the one before
		`zeroblob(4000000)`,
	} {
		folder := t.TempDir()
		write(t, folder, ledger.Options{}, row(0, "alice", "opus"))
		execute(t, folder, `UPDATE chunk SET data = `+data)
		if rows, err := open(t, folder).Last(5); !fault.HasCode(err, "usage-ledger-torn") {
			t.Errorf("%s: %+v, %v", data, rows, err)
		}
	}
}
