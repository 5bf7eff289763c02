package ledger_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/usage/ledger"
	"github.com/flowgate-go/flowgate/internal/usage/quota"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// noon is the moment of the tests.
var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// clock is a clock that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

// row returns a row that began so long after noon.
func row(after time.Duration, client, model string) *record.Request {
	return &record.Request{Start: noon.Add(after), Duration: 30 * time.Millisecond, FirstByte: 10 * time.Millisecond,
		Asked: time.Millisecond, Upstream: 20 * time.Millisecond, ID: "call-1", Client: client, UserAgent: "claude-cli/2",
		Session: "session-" + client, AgentID: "sub", Route: "/v1/messages", Streamed: true, Requested: model, Group: "g",
		Fallback: "f", Deployment: "d-" + model, Provider: "openai", Host: "h:1", Model: model, Account: "acc", Status: 200,
		Attempts: 1, RequestBytes: 10, ReplyBytes: 20, Tokens: record.Tokens{Known: true, Input: 10, Cached: 4, CacheWrite: 3,
			CacheWriteHour: 2, Output: 5, Reasoning: 1}, Cost: 0.5, CostKnown: true}
}

// write writes rows into a folder.
func write(t *testing.T, folder string, opts ledger.Options, rows ...*record.Request) string {
	t.Helper()
	var log bytes.Buffer
	opts.Logger = slog.New(slog.NewTextHandler(&log, nil))
	if opts.Now == nil {
		opts.Now = func() time.Time { return noon }
	}
	w := ledger.Start(folder, opts)
	for _, r := range rows {
		w.Add(r)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return log.String()
}

// open opens the ledger of a folder until the test ends.
func open(t testing.TB, folder string) *ledger.Reader {
	t.Helper()
	r, err := ledger.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// all returns the rows of a folder.
func all(t testing.TB, folder string) []ledger.Row {
	t.Helper()
	rows, err := open(t, folder).Last(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestARowIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "a?b#c%d&e", "usage")
	failed := row(time.Second, "", "gpt")
	failed.Status, failed.Class, failed.Tokens, failed.CostKnown, failed.Account = 429, "RateLimitError", record.Tokens{}, false, ""
	if log := write(t, folder, ledger.Options{}, row(0, "alice", "opus"), failed); log != "" {
		t.Error(log)
	}
	rows := all(t, folder)
	if len(rows) != 2 || *rows[0].Cost != 0.5 {
		t.Fatalf("%+v", rows)
	}
	rows[0].Cost = nil
	want := ledger.Row{ID: 1, Time: noon, DurationMS: 30, FirstByteMS: 10, AskedAfterMS: 1, UpstreamMS: 20, Client: "alice",
		UserAgent: "claude-cli/2", Session: "session-alice", Agent: "sub", Route: "/v1/messages", Streamed: true, Requested: "opus",
		Group: "g", Fallback: "f", Deployment: "d-opus", Provider: "openai", Host: "h:1", Model: "opus", Account: "acc", Status: 200,
		Attempts: 1, RequestBytes: 10, ReplyBytes: 20, TokensKnown: true, Input: 10, Cached: 4, CacheWrite: 3, HourWrite: 2,
		Output: 5, Reasoning: 1}
	if rows[0] != want {
		t.Errorf("%+v\nwant %+v", rows[0], want)
	}
	if r := rows[1]; r.Call != "call-1" || r.Class != "RateLimitError" || r.Account != ledger.Unknown || r.Cost != nil || r.TokensKnown {
		t.Errorf("%+v", r)
	}
	entries, _ := os.ReadDir(folder)
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", e.Name(), info.Mode(), err)
		}
	}
	if len(entries) != 1 { // a closed ledger is one file
		t.Errorf("%v", entries)
	}
}

func TestAReaderReadsWhileTheWriterWritesAndWritesNothingItself(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	r := open(t, folder)
	if rows, err := r.Last(5); r.Exists() || err != nil || len(rows) != 0 {
		t.Error(rows, err)
	}
	w := ledger.Start(folder, ledger.Options{Interval: time.Millisecond, Now: func() time.Time { return noon }})
	defer func() { _ = w.Close() }()
	w.Add(row(0, "alice", "opus"))
	eventually(t, func() bool { _, err := os.Stat(filepath.Join(folder, ledger.FileName)); return err == nil })
	var reader *ledger.Reader
	eventually(t, func() bool {
		var err error
		reader, err = ledger.Open(folder)
		return err == nil && reader.Exists()
	})
	defer func() { _ = reader.Close() }()
	seen := []int64{}
	eventually(t, func() bool {
		last := int64(0)
		if len(seen) > 0 {
			last = seen[len(seen)-1]
		}
		if err := reader.After(last, func(r ledger.Row) error { seen = append(seen, r.ID); return nil }); err != nil {
			t.Fatal(err)
		}
		if len(seen) == 1 {
			w.Add(row(time.Second, "alice", "opus"))
		}
		return len(seen) >= 2
	})
	for _, part := range []string{"", "-wal", "-shm"} {
		if info, err := os.Stat(filepath.Join(folder, ledger.FileName+part)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v", part, err)
		}
	}
}

// eventually waits until isDone returns true, at most 20 s.
func eventually(t *testing.T, isDone func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !isDone(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen within 20 s")
		}
	}
}

// TestTheSumsAreThoseOfTheRows compares reports, which use the sums by the hour, with sums over
// rows, for random rows and spans of time; and again after some were forgotten.
func TestTheSumsAreThoseOfTheRows(t *testing.T) {
	t.Parallel()
	folder, random := t.TempDir(), rand.New(rand.NewPCG(1, 2))
	var rows []*record.Request
	for range 500 {
		r := row(time.Duration(random.Int64N(int64(20*time.Hour))), []string{"a", "b", ""}[random.IntN(3)],
			[]string{"opus", "gpt", "mini"}[random.IntN(3)])
		switch random.IntN(5) {
		case 0:
			r.Status, r.Class, r.Tokens, r.CostKnown, r.Deployment, r.Model, r.FirstByte = 400, "x", record.Tokens{}, false, "", "", 0
		case 1:
			r.CostKnown = false
		case 2:
			r.Tokens, r.CostKnown = record.Tokens{}, false
		}
		rows = append(rows, r)
	}
	write(t, folder, ledger.Options{}, rows[:200]...)
	write(t, folder, ledger.Options{}, rows[200:]...)
	compareSums(t, folder, random)
	n, err := ledger.Forget(folder, ledger.Filter{Client: "b", Since: noon.Add(90 * time.Minute), Until: noon.Add(15*time.Hour + time.Minute)})
	if err != nil || n == 0 {
		t.Fatal(n, err)
	}
	compareSums(t, folder, random)
	write(t, folder, ledger.Options{}, rows[:100]...) // the ids of names are still right
	compareSums(t, folder, random)
}

// compareSums compares reports of random spans with sums over the rows.
func compareSums(t *testing.T, folder string, random *rand.Rand) {
	t.Helper()
	r, rows := open(t, folder), all(t, folder)
	for i := range 40 {
		f := ledger.Filter{Client: []string{"", "a"}[random.IntN(2)], Session: []string{"", "session-a"}[random.IntN(2)]}
		if i > 0 {
			f.Since = noon.Add(time.Duration(random.Int64N(int64(20 * time.Hour))))
			f.Until = f.Since.Add(time.Duration(random.Int64N(int64(6 * time.Hour))))
		}
		want := ledger.Sum{}
		for _, row := range rows {
			if (f.Client == "" || f.Client == row.Client) && (f.Session == "" || f.Session == row.Session) &&
				(f.Since.IsZero() || !row.Time.Before(f.Since) && row.Time.Before(f.Until)) {
				addRow(&want, row)
			}
		}
		sums, err := r.Summarize(f, time.UTC, ledger.AllBy...)
		if err != nil {
			t.Fatal(err)
		}
		got := sums.Total
		got.Cost, want.Cost = float64(int(got.Cost*1000+0.5)), float64(int(want.Cost*1000+0.5))
		if comparable(got) != comparable(want) {
			t.Errorf("%+v: %+v\nwant %+v", f, comparable(got), comparable(want))
		}
		for _, by := range ledger.AllBy {
			var requests int64
			for _, line := range sums.Lines[by] {
				requests += line.Requests
			}
			if requests != want.Requests {
				t.Errorf("by %s: %d requests, want %d", by, requests, want.Requests)
			}
		}
	}
}

// comparable returns the numbers of a sum.
func comparable(s ledger.Sum) string {
	return fmt.Sprint(s.Requests, s.Failures, s.Input, s.Cached, s.CacheWrite, s.Output, s.Reasoning, s.Cost, s.Unpriced, s.Untold)
}

// addRow adds a row to a sum.
func addRow(s *ledger.Sum, r ledger.Row) {
	count := func(is bool) int64 {
		if is {
			return 1
		}
		return 0
	}
	failed := r.Class != "" || r.Status >= 400
	s.Requests++
	s.Failures += count(failed)
	s.Input, s.Cached, s.CacheWrite = s.Input+r.Input, s.Cached+r.Cached, s.CacheWrite+r.CacheWrite
	s.Output, s.Reasoning = s.Output+r.Output, s.Reasoning+r.Reasoning
	s.Untold += count(!failed && !r.TokensKnown && r.Deployment != "")
	s.Unpriced += count(r.Input+r.Output > 0 && r.Cost == nil)
	if r.Cost != nil {
		s.Cost += *r.Cost
	}
}

func TestLinesAreNamedAndSorted(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	cheap, unpriced := row(13*time.Hour, "bob", "mini"), row(0, "bob", "local")
	cheap.Cost, cheap.Account, unpriced.CostKnown = 0.1, "", false
	write(t, folder, ledger.Options{}, row(0, "alice", "opus"), cheap, unpriced, row(time.Hour, "alice", "opus"))
	r := open(t, folder)
	berlin := time.FixedZone("CET", 3600)
	for by, want := range map[ledger.By]string{
		ledger.ByClient: "alice 2 1.0, bob 2 0.1", ledger.ByModel: "opus 2 1.0, mini 1 0.1, local 1 0.0",
		ledger.ByAccount: "acc 3 1.0, unknown 1 0.1", ledger.ByDeployment: "d-opus 2 1.0, d-mini 1 0.1, d-local 1 0.0",
		ledger.BySession: "session-alice 2 1.0, session-bob 2 0.1", ledger.ByDay: "2026-11-30 3 1.0, 2026-12-01 1 0.1",
	} {
		sums, err := r.Summarize(ledger.Filter{}, berlin, by)
		var got []string
		for _, l := range sums.Lines[by] {
			got = append(got, fmt.Sprintf("%s %d %.1f", l.Name, l.Requests, l.Cost))
		}
		if err != nil || strings.Join(got, ", ") != want {
			t.Errorf("by %s: %v %v, want %s", by, got, err, want)
		}
	}
	sums, err := r.Summarize(ledger.Filter{}, berlin)
	total, models := sums.Total, sums.Unpriced
	if err != nil || total.MeanMS != 30 || *total.MeanFirstByteMS != 10 || total.Unpriced != 1 {
		t.Errorf("%+v %v", total, err)
	}
	if len(models) != 1 || models[0] != (ledger.Unpriced{Model: "local", Requests: 1, Tokens: 15}) {
		t.Errorf("%+v", models)
	}
}

func TestForgettingLeavesNoTraceInTheFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	w := ledger.Start(folder, ledger.Options{Interval: time.Millisecond, Now: func() time.Time { return noon }})
	w.Add(row(0, "alice", "opus"))
	w.Add(row(0, "mallory-secret", "opus"))
	eventually(t, func() bool { return countRows(t, folder) == 2 })
	n, err := ledger.Forget(folder, ledger.Filter{Client: "mallory-secret"}) // while the router runs
	if n != 1 || err != nil {
		t.Fatal(n, err)
	}
	w.Add(row(time.Second, "mallory-secret-2", "opus"))
	w.Add(row(time.Second, "alice", "opus"))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if rows := all(t, folder); len(rows) != 3 || rows[1].Client != "mallory-secret-2" || rows[2].Client != "alice" || rows[2].Model != "opus" {
		t.Errorf("%+v", rows)
	}
	if n, err := ledger.Forget(folder, ledger.Filter{Session: "session-mallory-secret-2"}); n != 1 || err != nil {
		t.Error(n, err)
	}
	entries, _ := os.ReadDir(folder)
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil || bytes.Contains(data, []byte("mallory")) {
			t.Errorf("%s still has the name: %v", e.Name(), err)
		}
	}
	if n, err := ledger.Forget(filepath.Join(folder, "none"), ledger.Filter{}); n != 0 || err != nil {
		t.Error(n, err)
	}
}

// TestANameThatWasForgottenIsWrittenAgain: the writer remembers ids of names, which another
// process has deleted and another name may have got since.
func TestANameThatWasForgottenIsWrittenAgain(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	w := ledger.Start(folder, ledger.Options{Interval: time.Millisecond, Now: func() time.Time { return noon }})
	w.Add(row(0, "alice", "opus"))
	w.Add(row(0, "mallory", "opus"))
	eventually(t, func() bool { return countRows(t, folder) == 2 })
	if n, err := ledger.Forget(folder, ledger.Filter{Client: "mallory"}); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	w.Add(row(time.Second, "mallory", "opus")) // as the last row before
	w.Add(row(time.Second, "bob", "opus"))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	rows := all(t, folder)
	if len(rows) != 3 || rows[0].Client != "alice" || rows[1].Client != "mallory" || rows[2].Client != "bob" ||
		rows[1].Session != "session-mallory" {
		t.Errorf("%+v", rows)
	}
}

// countRows returns how many rows there are, 0 while the ledger is not there.
func countRows(t *testing.T, folder string) int64 {
	t.Helper()
	r, err := ledger.Open(folder)
	if err != nil {
		return 0
	}
	defer func() { _ = r.Close() }()
	state, _ := r.State()
	return state.Rows
}

func TestOldRowsGoADayAtATime(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	var rows []*record.Request
	for day := range 5 {
		rows = append(rows, row(time.Duration(day)*24*time.Hour, "alice", fmt.Sprintf("model-%d", day)))
	}
	write(t, folder, ledger.Options{Days: 3650}, rows...)
	ahead := func() time.Time { return noon.AddDate(10, 0, 0) } // the clock jumps
	write(t, folder, ledger.Options{Days: 30, Now: ahead})
	if got := all(t, folder); len(got) != 4 || got[0].Model != "model-1" {
		t.Errorf("%+v", got)
	}
	write(t, folder, ledger.Options{Days: 30, Now: func() time.Time { return noon.AddDate(0, 0, 32) }})
	if got := all(t, folder); len(got) != 3 {
		t.Errorf("%+v", got)
	}
	compareSums(t, folder, rand.New(rand.NewPCG(1, 2)))
	write(t, folder, ledger.Options{Days: 30, Now: func() time.Time { return noon.AddDate(0, 0, -300) }}, row(-300*24*time.Hour, "alice", "past"))
	if got := all(t, folder); len(got) != 4 || got[3].Model != "past" {
		t.Errorf("%+v", got)
	}
}

func TestAnHourThatIsCutIsSummedAgain(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write(t, folder, ledger.Options{Days: 3650}, row(30*time.Minute, "a", "opus"), row(24*time.Hour+10*time.Minute, "a", "opus"),
		row(24*time.Hour+30*time.Minute, "a", "gpt"), row(24*time.Hour+40*time.Minute, "b", "opus"), row(25*time.Hour, "a", "opus"))
	write(t, folder, ledger.Options{Days: 30, Now: func() time.Time { return noon.AddDate(1, 0, 0) }})
	rows := all(t, folder)
	if len(rows) != 3 || rows[0].Model != "gpt" {
		t.Errorf("%+v", rows)
	}
	sums, err := open(t, folder).Summarize(ledger.Filter{}, time.UTC, ledger.ByClient)
	if err != nil || sums.Total.Requests != 3 || len(sums.Lines[ledger.ByClient]) != 2 || sums.Lines[ledger.ByClient][0].Requests != 2 {
		t.Errorf("%+v %v", sums, err)
	}
}

func TestTheFileIsBounded(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	const limit = 96 << 10
	var c clock
	c.Set(noon)
	for batch := range 20 {
		var rows []*record.Request
		for i := range 300 {
			rows = append(rows, row(time.Duration(batch*300+i)*time.Second, fmt.Sprint("client-", i), "opus"))
		}
		c.Set(noon.Add(time.Duration(batch) * time.Hour))
		write(t, folder, ledger.Options{MaxBytes: limit, Now: c.Now}, rows...)
	}
	info, err := os.Stat(filepath.Join(folder, ledger.FileName))
	if err != nil || info.Size() > 2*limit {
		t.Errorf("%d bytes, %v", info.Size(), err)
	}
	rows := all(t, folder)
	if len(rows) < 300 || len(rows) > 5000 || rows[len(rows)-1].Time != noon.Add(5999*time.Second) {
		t.Errorf("%d rows", len(rows))
	}
	compareSums(t, folder, rand.New(rand.NewPCG(1, 2)))
}

func TestATornLedgerIsSetAside(t *testing.T) {
	t.Parallel()
	for name, tear := range map[string]func([]byte) []byte{
		"no database": func([]byte) []byte { return bytes.Repeat([]byte("not a database "), 1000) },
		"a torn page": func(data []byte) []byte {
			for i := 4096; i < len(data); i++ {
				data[i] = 0xa5
			}
			return data
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			path := filepath.Join(folder, ledger.FileName)
			write(t, folder, ledger.Options{}, row(0, "alice", "opus"))
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			torn := tear(data)
			if err := os.WriteFile(path, torn, 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := ledger.Open(folder)
			if err == nil {
				_, err = r.Last(5)
				_ = r.Close()
			}
			if !fault.HasCode(err, "usage-ledger-torn") {
				t.Errorf("a reader says %v", err)
			}
			c := clock{now: noon}
			w := ledger.Start(folder, ledger.Options{Interval: time.Millisecond, Now: c.Now})
			w.Add(row(time.Second, "bob", "opus"))
			eventually(t, func() bool { return countRows(t, folder) == 1 })
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			kept, err := os.ReadFile(path + ".torn-20261130T120000")
			if err != nil || !bytes.Equal(kept[:100], torn[:100]) {
				t.Errorf("the damaged file is gone: %v", err)
			}
			if rows := all(t, folder); len(rows) != 1 || rows[0].Client != "bob" {
				t.Errorf("%+v", rows)
			}
		})
	}
}

func TestANewerOrForeignLedgerIsLeftAlone(t *testing.T) {
	t.Parallel()
	for _, sql := range []string{`PRAGMA user_version=99`, `PRAGMA application_id=7`} {
		folder := t.TempDir()
		path := filepath.Join(folder, ledger.FileName)
		write(t, folder, ledger.Options{}, row(0, "alice", "opus"))
		db, err := sqlite3.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Exec(sql); err != nil {
			t.Fatal(err)
		}
		_ = db.Close()
		if log := write(t, folder, ledger.Options{}, row(0, "bob", "opus")); !strings.Contains(log, "cannot be written") {
			t.Errorf("%s: %s", sql, log)
		}
		if _, err := ledger.Open(folder); !fault.HasCode(err, "usage-ledger-newer") {
			t.Errorf("%s: %v", sql, err)
		}
		if _, err := ledger.Forget(folder, ledger.Filter{}); !fault.HasCode(err, "usage-ledger-newer") {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

func TestQuotaWindowsAreKept(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	share, reset, past := 0.5, noon.Add(time.Hour), noon.Add(-time.Hour)
	window := func(name string, resets *time.Time) quota.Window {
		return quota.Window{Provider: quota.Claude, Name: name, LengthS: 18000, UsedShare: &share, ResetsAt: resets, Status: "allowed"}
	}
	first, second := row(0, "a", "opus"), row(time.Minute, "a", "opus")
	first.Quota = []quota.Window{window("5h", &past), window("7d", &reset)}
	second.Quota = []quota.Window{window("7d", &reset)}
	write(t, folder, ledger.Options{}, first, second)
	got, err := open(t, folder).Quota(noon)
	if err != nil || len(got) != 1 || got[0].Name != "7d" || got[0].Account != "acc" || *got[0].UsedShare != 0.5 ||
		!got[0].ObservedAt.Equal(noon.Add(time.Minute+30*time.Millisecond)) {
		t.Errorf("%+v %v", got, err)
	}
}

func TestTextsAreRedacted(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	r := row(0, "alice", "opus")
	r.UserAgent, r.Session, r.Class = "sk-secret", "sk-secret", "x"
	r.ID = "sk-secret"
	write(t, folder, ledger.Options{Redact: func(text string) string { return strings.ReplaceAll(text, "sk-secret", "sk-…") }}, r)
	data, err := os.ReadFile(filepath.Join(folder, ledger.FileName))
	if err != nil || bytes.Contains(data, []byte("sk-secret")) {
		t.Error("the key is in the file", err)
	}
	if rows := all(t, folder); rows[0].UserAgent != "sk-…" || rows[0].Call != "sk-…" {
		t.Errorf("%+v", rows[0])
	}
}

// TestAForeignFileIsNotRead has the ledger of a stranger, as an archive brings it along: a view that
// never ends in the place of a table, a trigger, a virtual table, a named pipe, a link.
func TestAForeignFileIsNotRead(t *testing.T) {
	t.Parallel()
	change := func(sql string) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			t.Helper()
			db, err := sqlite3.Open(path)
			if err == nil {
				err = errors.Join(db.Exec(sql), db.Close())
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, plant := range map[string]func(t *testing.T, path string){
		"a view": change(`DROP TABLE gap; CREATE VIEW gap AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c)
 SELECT x AS start, x AS stop, 1 AS requests, '' AS reason FROM c`),
		"a trigger":    change(`CREATE TRIGGER t AFTER INSERT ON request BEGIN DELETE FROM hour; END`),
		"a table":      change(`CREATE TABLE more (x TEXT DEFAULT (zeroblob(1000000000)))`),
		"another name": change(`ALTER TABLE gap RENAME TO sqlitegap`),
		"a named pipe": func(t *testing.T, path string) {
			if err := errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o600)); err != nil {
				t.Fatal(err)
			}
		},
		"a link": func(t *testing.T, path string) {
			if err := errors.Join(os.Rename(path, path+".elsewhere"), os.Symlink(path+".elsewhere", path)); err != nil {
				t.Fatal(err)
			}
		},
		"a log that is a pipe": func(t *testing.T, path string) {
			if err := syscall.Mkfifo(path+"-wal", 0o600); err != nil {
				t.Fatal(err)
			}
		},
	} {
		folder := t.TempDir()
		write(t, folder, ledger.Options{}, row(0, "a", "m"))
		plant(t, ledger.File(folder))
		r, err := ledger.Open(folder)
		if !fault.HasCode(err, "usage-ledger-newer") && !fault.HasCode(err, "usage-ledger-unusable") {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			_ = r.Close()
		}
		if log := write(t, folder, ledger.Options{}, row(0, "b", "m")); !strings.Contains(log, "cannot be written") {
			t.Errorf("%s is written: %s", name, log)
		}
	}
}
