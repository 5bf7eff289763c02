package bench_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/usage/ledger"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// usageRows is how many rows the ledger of BenchmarkUsageCommands has: 90 days of 20 clients in 25,000 sessions.
const usageRows = 1_000_000

// BenchmarkUsageCommands prints how long the compiled commands that read a ledger of a million rows take from exec to
// exit, in turns with version. Give it -benchtime 1x. What they print comes at their end, so that the first line is
// there a moment before.
func BenchmarkUsageCommands(b *testing.B) {
	dir := initialised(b)
	fillLedger(b, filepath.Join(dir, ".router", "usage"))
	program := copyProgram(b, binary)
	commands := []string{"version", "requests", "usage:report -by=client", "usage:report -by=session", "usage:report -since=7d -by=day"}
	for b.Loop() {
		wall, cpu := map[string][]time.Duration{}, map[string][]time.Duration{}
		for range sideBySideStarts {
			for _, command := range commands {
				cmd := exec.Command(program, strings.Fields(command)...)
				cmd.Dir = dir
				began := time.Now()
				if out, err := cmd.Output(); err != nil || len(out) == 0 {
					b.Fatalf("%s: %v: %s", command, err, out)
				}
				wall[command] = append(wall[command], time.Since(began))
				cpu[command] = append(cpu[command], cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
			}
		}
		fmt.Printf("\n| command, %d rows | fastest, ms | median, ms | median CPU, ms |\n|---|---|---|---|\n", usageRows)
		for _, command := range commands {
			ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
			fmt.Printf("| %s | %.1f | %.1f | %.1f |\n", command, ms(slices.Min(wall[command])), ms(median(wall[command])),
				ms(median(cpu[command])))
		}
	}
}

// fillLedger writes the rows.
func fillLedger(b *testing.B, folder string) {
	b.Helper()
	end := time.Now()
	w := ledger.Start(folder, ledger.Options{Days: 3650, MaxBytes: 4 << 30, Interval: time.Millisecond})
	for i := range usageRows {
		start := end.Add(-time.Duration(usageRows-i) * (90 * 24 * time.Hour / usageRows))
		w.Add(&record.Request{Start: start, Duration: 30 * time.Millisecond, FirstByte: 10 * time.Millisecond,
			Client: fmt.Sprint("client-", i/40%20), UserAgent: "claude-cli/2", Session: fmt.Sprint("session-of-a-client-", i/40),
			Route: "/v1/messages", Requested: "opus", Group: "opus", Deployment: "d", Provider: "anthropic",
			Model: []string{"opus", "sonnet", "gpt", "mini"}[i/40%4], Status: 200, Attempts: 1,
			Tokens: record.Tokens{Known: true, Input: 1000, Output: 100}, Cost: 0.01, CostKnown: true})
		if i%8000 == 7999 { // no row is dropped
			awaitRows(b, folder, int64(i+1))
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	awaitRows(b, folder, usageRows)
}

// awaitRows waits until the ledger in a folder has so many rows.
func awaitRows(b *testing.B, folder string, want int64) {
	b.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		rows, err := countRows(folder)
		if err == nil && rows == want {
			return
		}
		if time.Now().After(deadline) {
			b.Fatalf("%d rows of %d: %v", rows, want, err)
		}
	}
}

// countRows returns how many rows the ledger in a folder has.
func countRows(folder string) (int64, error) {
	r, err := ledger.Open(folder)
	if err != nil {
		return 0, err
	}
	defer func() { _ = r.Close() }()
	state, err := r.State()
	return state.Rows, err
}
