package ledger_test

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/boottime"
	"github.com/flowgate-go/flowgate/internal/process"
	"github.com/flowgate-go/flowgate/supervisor/ledger"
)

func TestALedgerComesBackAsItWasWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := time.Now().UTC().Truncate(time.Millisecond)
	want := ledger.Ledger{
		Version: 2, Program: "1.2", Supervisor: process.Identity{PID: 7, StartTime: 8, BootID: "b"}, Socket: "/s",
		Services: []ledger.Entry{{
			Name: "a", Runtime: "echo", Host: "127.0.0.1", Port: 1, Process: process.Identity{PID: 9}, StartedAt: at,
			State:    "running",
			Restarts: 2, Spent: ledger.Budget{boottime.Now()}, LastExit: &ledger.Exit{Code: 3, At: at}, Reason: "why",
			Decision: &ledger.Decision{At: at, Evidence: "exited", Restart: true, Reason: "it ended"}, LogFrom: 5,
		}},
	}
	if err := ledger.Write(dir, want); err != nil {
		t.Fatal(err)
	}
	got, aside := ledger.Load(dir)
	if aside != "" || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v (aside %q), want %+v", got, aside, want)
	}
	if info, err := os.Stat(ledger.Path(dir)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestABudgetCountsUptimeOfThisBootOnly(t *testing.T) {
	t.Parallel()
	recent, old, before := boottime.Now(), boottime.Now(), boottime.Now()
	old.UptimeMS -= time.Hour.Milliseconds()
	before.BootID = "the boot before"
	if got := (ledger.Budget{old, before, recent}).Within(time.Minute); len(got) != 1 || got[0] != recent {
		t.Errorf("%+v", got)
	}
}

func FuzzLoad(f *testing.F) {
	for _, seed := range []string{"", "{", "null", `{"version":2}`, `{"version":99}`,
		`{"version":1,"services":[{"process":{"pid":-1}}]}`, "[]", "\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(ledger.Path(dir), raw, 0o600); err != nil {
			t.Fatal(err)
		}
		l, aside := ledger.Load(dir)
		if aside == "" && (l.Version < 1 || l.Version > 2) {
			t.Errorf("taken for a ledger: %q", raw)
		}
		if aside != "" {
			if kept, err := os.ReadFile(aside); err != nil || string(kept) != string(raw) {
				t.Errorf("what was there is lost: %q, %v", kept, err)
			}
		}
	})
}

func TestALoadSweepsWhatAKilledWriterLeftInThisFolderOnly(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	left := map[string]bool{} // by file, whether it goes
	for _, dir := range []string{"a*", "a[1]", "ab"} {
		if err := os.Mkdir(filepath.Join(parent, dir), 0o700); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(parent, dir, ".supervisor.json123")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		left[file] = dir != "ab"
	}
	ledger.Load(filepath.Join(parent, "a*"))
	ledger.Load(filepath.Join(parent, "a[1]"))
	for file, goes := range left {
		if _, err := os.Stat(file); os.IsNotExist(err) != goes {
			t.Errorf("%s: %v", file, err)
		}
	}
}
