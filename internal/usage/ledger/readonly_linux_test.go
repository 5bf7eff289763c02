package ledger_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/rightstest"
	"github.com/flowgate-go/flowgate/internal/usage/ledger"
)

// TestAFolderThatIsReadOnlyCostsRowsAndNothingElse has a ledger in a folder that is read-only when the router starts: rows
// wait, those that overflow are told as a gap, readers read what is there, and all goes on when the folder is
// writable.
func TestAFolderThatIsReadOnlyCostsRowsAndNothingElse(t *testing.T) {
	if !rightstest.Mount(t) {
		return
	}
	folder := t.TempDir()
	write(t, folder, ledger.Options{}, row(0, "before", "opus"))
	undo := rightstest.ReadOnly(t, folder)
	c, log := clock{now: noon}, &buffer{}
	w := ledger.Start(folder, ledger.Options{Interval: time.Millisecond, Now: c.Now,
		Logger: slog.New(slog.NewTextHandler(log, nil))})
	eventually(t, func() bool { return strings.Contains(log.String(), "cannot be written") })
	for i := range ledger.MaxPending + 100 {
		w.Add(row(time.Duration(i)*time.Second, "alice", "opus"))
	}
	if rows := all(t, folder); len(rows) != 1 || rows[0].Client != "before" {
		t.Errorf("%+v", rows)
	}
	if _, err := ledger.Forget(folder, ledger.Filter{}); err == nil {
		t.Error("rows of a read-only ledger are forgotten")
	}
	undo()
	eventually(t, func() bool {
		c.Set(c.Now().Add(6 * time.Second))
		return countRows(t, folder) == 1+ledger.MaxPending
	})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	gaps, err := open(t, folder).Gaps(ledger.Filter{})
	if err != nil || len(gaps) != 1 || gaps[0].Requests != 100 {
		t.Errorf("%+v %v", gaps, err)
	}
	if n := strings.Count(log.String(), "cannot be written"); n != 1 {
		t.Errorf("logged %d times:\n%s", n, log.String())
	}
}
