package ledger_test

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/usage/ledger"
)

// killed is the variable with the folder in which the test binary plays a router that is killed.
const killed = "FLOWGATE_TEST_KILLED"

// addForever adds rows, in whose model their number is, until the process is killed.
func addForever(folder string) {
	w := ledger.Start(folder, ledger.Options{Interval: 5 * time.Millisecond})
	for i := 1; ; i++ {
		w.Add(row(time.Duration(i)*time.Second, "alice", fmt.Sprint("model-", i)))
		time.Sleep(50 * time.Microsecond) // so that rows come over many batches; the verdict does not depend on it
	}
}

// TestAKilledRouterLosesOnlyItsLastBatch kills a process with SIGKILL in the middle of its
// batches: every row that a reader has seen is there, none is missing between them, the sums
// fit, and the next process goes on.
func TestAKilledRouterLosesOnlyItsLastBatch(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), killed+"="+folder)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	seen := int64(0)
	eventually(t, func() bool { seen = countRows(t, folder); return seen >= 300 })
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed
	rows := all(t, folder)
	if int64(len(rows)) < seen {
		t.Errorf("%d rows of the %d that were there", len(rows), seen)
	}
	for i, r := range rows {
		if r.Model != fmt.Sprint("model-", i+1) {
			t.Fatalf("row %d is %s", i+1, r.Model)
		}
	}
	write(t, folder, ledger.Options{}, row(0, "bob", "opus"))
	sums, err := open(t, folder).Summarize(ledger.Filter{}, time.UTC)
	if total := sums.Total; err != nil || total.Requests != int64(len(rows))+1 {
		t.Errorf("%+v %v, %d rows", total, err, len(rows))
	}
}
