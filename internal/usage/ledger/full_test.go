package ledger_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/usage/ledger"
)

// fullDisk is the variable with the folder in which the test binary plays a router on a full disk.
const fullDisk = "FLOWGATE_TEST_FULL_DISK"

func TestMain(m *testing.M) {
	if folder := os.Getenv(killed); folder != "" {
		addForever(folder)
	}
	if folder := os.Getenv(fullDisk); folder != "" {
		if err := fillDisk(folder); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// TestAFullDiskCostsRowsAndNothingElse has a process that may write files of 96 kB only go on,
// drop what does not fit into its memory, and say so when the disk has room again.
func TestAFullDiskCostsRowsAndNothingElse(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), fullDisk+"="+folder)
	if out, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	r := open(t, folder)
	state, err := r.State()
	if err != nil {
		t.Fatal(err)
	}
	gaps, err := r.Gaps(ledger.Filter{})
	if err != nil || len(gaps) == 0 {
		t.Fatal(gaps, err)
	}
	lost, last := int64(0), time.Time{}
	for _, gap := range gaps {
		lost += gap.Requests
		last = slices.MaxFunc([]time.Time{last, gap.Until}, time.Time.Compare)
		if gap.Until.Before(gap.Since) || gap.Reason == "" {
			t.Errorf("%+v", gap)
		}
	}
	if end := noon.Add((rowsOfFullDisk - 1) * time.Millisecond); !last.Equal(end) {
		t.Errorf("the last row that was lost began at %s, the gaps end at %s", end, last)
	}
	if state.Rows+lost != rowsOfFullDisk || lost == 0 {
		t.Errorf("%d rows and %d lost of %d: %+v", state.Rows, lost, rowsOfFullDisk, gaps)
	}
}

// rowsOfFullDisk is how many rows the process on the full disk adds: more than may wait.
const rowsOfFullDisk = 40_000

// fillDisk adds rows while the process may not write files of more than 96 kB, and then when it may.
func fillDisk(folder string) error {
	signal.Ignore(syscall.SIGXFSZ)
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		return err
	}
	limited := before
	limited.Cur = 96 << 10
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limited); err != nil {
		return err
	}
	var log buffer
	var ahead, asked atomic.Int64 // of the clock, in ns; how often it was asked
	clock := func() time.Time { asked.Add(1); return time.Now().Add(time.Duration(ahead.Load())) }
	w := ledger.Start(folder, ledger.Options{Interval: time.Millisecond, Now: clock, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	for i := range rowsOfFullDisk {
		if i == rowsOfFullDisk/2 { // the other half, which is more than may wait, comes while the disk is known to be full
			for deadline := time.Now().Add(2 * time.Minute); !strings.Contains(log.String(), "cannot be written"); time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					return fmt.Errorf("a full disk was not logged: %s", log.String())
				}
			}
		}
		w.Add(row(time.Duration(i)*time.Millisecond, fmt.Sprint("client-", i%5000), "opus"))
	}
	// The file is tried again, in vain, now that rows are lost: it asks the clock before and after.
	ahead.Store(int64(6 * time.Second))
	for tried := asked.Load() + 10; asked.Load() < tried; {
		time.Sleep(time.Millisecond)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	if !strings.Contains(log.String(), "is written again") {
		return fmt.Errorf("the end of it was not logged: %s", log.String())
	}
	return nil
}

// buffer is a buffer for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *buffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *buffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// TestAFolderThatCannotBeThereIsTriedAgain has a file in the place of the folder; its removal
// lets the rows that waited be written.
func TestAFolderThatCannotBeThereIsTriedAgain(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "usage")
	if err := os.WriteFile(folder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c, log := clock{now: noon}, &buffer{}
	w := ledger.Start(folder, ledger.Options{Interval: time.Millisecond, Now: c.Now, Logger: slog.New(slog.NewTextHandler(log, nil))})
	w.Add(row(0, "alice", "opus"))
	eventually(t, func() bool { return strings.Contains(log.String(), "cannot be written") })
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool {
		c.Set(c.Now().Add(6 * time.Second)) // for each look: who counts the rows may be in the way of who makes the file
		return countRows(t, folder) == 1
	})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(log.String(), "cannot be written"); n != 1 {
		t.Errorf("logged %d times:\n%s", n, log.String())
	}
}

// TestAddNeverWaits adds rows to a ledger that cannot be written until they overflow.
func TestAddNeverWaits(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "usage")
	if err := os.WriteFile(folder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w := ledger.Start(folder, ledger.Options{Now: func() time.Time { return noon }})
	const rows = 20_000
	for i := range rows {
		w.Add(row(time.Duration(i)*time.Second, "alice", "opus"))
	}
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := open(t, folder)
	gaps, err := r.Gaps(ledger.Filter{})
	state, _ := r.State()
	for span, n := range map[[2]time.Duration]int{
		{(rows - 1) * time.Second, rows * time.Second}: 1, {(rows-1)*time.Second + time.Microsecond, rows * time.Second}: 0,
		{0, 16 << 10 * time.Second}: 0, {0, 16<<10*time.Second + time.Microsecond}: 1,
	} {
		some, err := r.Gaps(ledger.Filter{Since: noon.Add(span[0]), Until: noon.Add(span[1])})
		if err != nil || len(some) != n {
			t.Errorf("%v: %+v %v", span, some, err)
		}
	}
	if err != nil || len(gaps) != 1 || gaps[0].Requests != rows-state.Rows || state.Rows != 16<<10 ||
		!gaps[0].Until.Equal(noon.Add((rows-1)*time.Second)) || !gaps[0].Since.Equal(noon.Add((16<<10)*time.Second)) {
		t.Errorf("%+v %+v %v", gaps, state, err)
	}
}

// overflow returns a folder whose ledger has one gap: rows of one a second from noon on that could not be
// written, and one before noon, which came last.
func overflow(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "usage")
	if err := os.WriteFile(folder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w := ledger.Start(folder, ledger.Options{Now: func() time.Time { return noon }})
	for i := range 16<<10 + 10 {
		w.Add(row(time.Duration(i)*time.Second, "alice", "opus"))
	}
	w.Add(row(-time.Hour, "alice", "opus"))
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return folder
}

// TestAGapIsKeptAsLongAsItsRowsWouldBe deletes rows up to a moment before the end of a gap, and after it.
func TestAGapIsKeptAsLongAsItsRowsWouldBe(t *testing.T) {
	t.Parallel()
	folder := overflow(t)
	end := noon.Add((16<<10 + 9) * time.Second)
	gaps, err := open(t, folder).Gaps(ledger.Filter{})
	if err != nil || len(gaps) != 1 || !gaps[0].Since.Equal(noon.Add(-time.Hour)) || !gaps[0].Until.Equal(end) || gaps[0].Requests != 11 {
		t.Fatalf("%+v %v", gaps, err)
	}
	for _, c := range []struct {
		cut  time.Time
		gaps int
	}{{end, 1}, {end.Add(time.Microsecond), 0}} {
		old := row(c.cut.Add(-time.Second).Sub(noon), "alice", "opus") // else there may be nothing to delete
		write(t, folder, ledger.Options{Days: 30, Now: func() time.Time { return c.cut.AddDate(0, 0, 30) }}, old)
		if rows := all(t, folder); len(rows) != 0 {
			t.Errorf("%d rows are left", len(rows))
		}
		if gaps, err := open(t, folder).Gaps(ledger.Filter{}); err != nil || len(gaps) != c.gaps {
			t.Errorf("rows before %s are deleted: %+v %v", c.cut, gaps, err)
		}
	}
}

func TestANameWhoseRowsAreTooOldIsWrittenAgain(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	w := ledger.Start(folder, ledger.Options{Interval: time.Millisecond, Days: 30, Now: func() time.Time { return noon }})
	w.Add(row(-40*24*time.Hour, "mallory", "opus"))
	w.Add(row(0, "alice", "gpt"))
	eventually(t, func() bool { return countRows(t, folder) == 1 })
	w.Add(row(time.Second, "mallory", "opus"))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if rows := all(t, folder); len(rows) != 2 || rows[0].Client != "alice" || rows[1].Client != "mallory" || rows[1].Model != "opus" {
		t.Errorf("%+v", rows)
	}
}

func TestRowsOfOneDayAreDeletedInAnHour(t *testing.T) {
	t.Parallel()
	for later, left := range map[time.Duration]int64{2 * time.Minute: 2, time.Hour: 1} {
		folder, c := t.TempDir(), &clock{now: noon.AddDate(0, 0, 100)}
		w := ledger.Start(folder, ledger.Options{Interval: time.Millisecond, Days: 30, Now: c.Now})
		for day := range 3 {
			w.Add(row(time.Duration(day)*24*time.Hour, "alice", "opus"))
		}
		eventually(t, func() bool { return countRows(t, folder) == 2 })
		c.Set(c.Now().Add(later))
		if err := w.Close(); err != nil { // which looks at the bounds once more
			t.Fatal(err)
		}
		if n := countRows(t, folder); n != left {
			t.Errorf("%s later: %d rows, want %d", later, n, left)
		}
	}
}

func TestAClockThatWasSetBackDelaysNoAttempt(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "usage")
	if err := os.WriteFile(folder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c, log := clock{now: noon}, &buffer{}
	w := ledger.Start(folder, ledger.Options{Interval: time.Millisecond, Now: c.Now, Logger: slog.New(slog.NewTextHandler(log, nil))})
	w.Add(row(0, "alice", "opus"))
	eventually(t, func() bool { return strings.Contains(log.String(), "cannot be written") })
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	c.Set(noon.Add(-time.Hour))
	eventually(t, func() bool { return countRows(t, folder) == 1 })
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}
