package ledger_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/usage/ledger"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// million is how many rows the benchmarks read: 90 days of 20 clients in 25,000 sessions.
const million = 1_000_000

// fill writes n rows into a folder.
func fill(b *testing.B, folder string, n int) {
	b.Helper()
	w := ledger.Start(folder, ledger.Options{Interval: time.Millisecond, Now: func() time.Time { return noon.AddDate(0, 0, 90) },
		Days: 3650, MaxBytes: 4 << 30})
	for i := range n {
		after := time.Duration(i) * (90 * 24 * time.Hour / time.Duration(n)) // the product of i and 90 days would overflow
		r := row(after, fmt.Sprint("client-", i/40%20), []string{"opus", "sonnet", "gpt", "mini"}[i/40%4])
		r.Session = fmt.Sprint("0193a4c2-session-of-a-client-", i/40)
		if w.Add(r); i%8000 == 7999 {
			for countAll(b, folder) < int64(i) {
				time.Sleep(time.Millisecond)
			}
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
}

// countAll returns the rows of a folder.
func countAll(b *testing.B, folder string) int64 {
	r, err := ledger.Open(folder)
	if err != nil {
		return 0
	}
	defer func() { _ = r.Close() }()
	last, err := r.Last(1)
	if err != nil || len(last) == 0 {
		return 0
	}
	return last[0].ID
}

// cpuTime returns the processor time that the process has used: other work on the machine does not change it.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkReport opens a ledger of a million rows and sums them as usage:report does.
func BenchmarkReport(b *testing.B) {
	folder := b.TempDir()
	fill(b, folder, million)
	for _, by := range ledger.AllBy {
		b.Run(string(by), func(b *testing.B) {
			before := cpuTime(b)
			for b.Loop() {
				r, err := ledger.Open(folder)
				if err != nil {
					b.Fatal(err)
				}
				sums, err := r.Summarize(ledger.Filter{}, time.UTC, by)
				if err != nil || len(sums.Lines[by]) == 0 || sums.Total.Requests != million {
					b.Fatal(err, sums.Total.Requests)
				}
				_ = r.Close()
			}
			b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
		})
	}
	b.Run("last", func(b *testing.B) {
		for b.Loop() {
			r, err := ledger.Open(folder)
			if err != nil {
				b.Fatal(err)
			}
			if rows, err := r.Last(20); err != nil || len(rows) != 20 {
				b.Fatal(err)
			}
			_ = r.Close()
		}
	})
}

// BenchmarkAdd is what a request pays for its row.
func BenchmarkAdd(b *testing.B) {
	w := ledger.Start(b.TempDir(), ledger.Options{})
	defer func() { _ = w.Close() }()
	r := row(0, "alice", "opus")
	r.Tokens = record.Tokens{Known: true, Input: 1}
	for b.Loop() {
		w.Add(r)
	}
}
