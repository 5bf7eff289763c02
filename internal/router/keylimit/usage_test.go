package keylimit_test

import (
	"crypto/sha256"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/clientkey"
	"github.com/flowgate-go/flowgate/internal/privatefile"
	"github.com/flowgate-go/flowgate/internal/router/keylimit"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// logBuffer is a buffer that several goroutines use.
type logBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// count returns how often a text was logged.
func (l *logBuffer) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), text)
}

func TestTheListHasWhatEachValidKeyUses(t *testing.T) {
	t.Parallel()
	f := open(t, clientkey.Store{}, routertest.NewClock())
	defer f.Close()
	f.create("gone", clientkey.Limits{})
	_, h := f.create("a", clientkey.Limits{})
	if _, err := f.store.Revoke(t.Context(), "gone"); err != nil {
		t.Fatal(err)
	}
	routertest.Eventually(t, "a revoked key is not listed", func() bool { return len(f.List()) == 1 })
	if r := h.Begin(f.clock.Now(), http.Header{}); r != nil {
		t.Fatalf("%+v", r)
	}
	h.End()
	answered := used("a", 7, 2)
	answered.Tokens.Output = 3
	f.Count(answered)
	f.Count(&record.Request{Client: "a", Attempts: 1, Status: 500, Class: "InternalServerError"}) // has no price
	got := f.List()[0]
	if got.Alias != "a" || got.Requests != 1 || got.Tokens != 10 || got.Spend.Spend != 2 || got.Spend.Requests != 2 ||
		got.Spend.Tokens != 10 || got.Spend.Unpriced != 0 {
		t.Errorf("%+v", got)
	}
	f.clock.Advance(time.Minute) // exactly: the window is over
	if got := f.List()[0]; got.Requests != 0 || got.Tokens != 0 || got.Spend.Spend != 2 {
		t.Errorf("after a minute: %+v", got)
	}
	var none *keylimit.Limiter
	if none.List() != nil || none.Close() != nil {
		t.Error("a limiter without keys has some")
	}
}

func TestWhatIsUsedAfterTheEndOfAWindowBelongsToTheNextOne(t *testing.T) {
	t.Parallel()
	f := open(t, clientkey.Store{}, routertest.NewClock())
	defer f.Close()
	_, h := f.create("a", clientkey.Limits{TPM: lo.ToPtr[int64](100), MaxBudget: lo.ToPtr(1.0), BudgetDuration: "1d"})
	f.Count(used("a", 60, 0.75))
	f.clock.Advance(25 * time.Hour)
	f.Count(used("a", 70, 0.5)) // begins a minute and a day
	header := http.Header{}
	if r := h.Begin(f.clock.Now(), header); r != nil || header.Get("X-Ratelimit-Api_key-Remaining-tokens") != "30" {
		t.Errorf("%+v, %v", r, header)
	}
	if got := f.List()[0].Spend.Spend; got != 0.5 {
		t.Errorf("%v dollars of the new day", got)
	}
}

func TestAPeriodThatBecomesShorterEndsEarlier(t *testing.T) {
	t.Parallel()
	f := open(t, clientkey.Store{}, routertest.NewClock())
	defer f.Close()
	f.create("a", clientkey.Limits{MaxBudget: lo.ToPtr(1.0), BudgetDuration: "30d"})
	f.Count(used("a", 60, 0.75))
	path := filepath.Join(f.store.Folder, clientkey.FileName)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := privatefile.Write(path, []byte(strings.Replace(string(text), `"30d"`, `"1d"`, 1))); err != nil {
		t.Fatal(err)
	}
	routertest.Eventually(t, "the change is noticed", func() bool { return f.List()[0].BudgetDuration == "1d" })
	if got := f.List()[0].Spend; got.Spend != 0.75 || got.ResetAt.After(f.clock.Now().Add(24*time.Hour)) {
		t.Errorf("at %s: %+v", f.clock.Now(), got)
	}
	if err := privatefile.Write(path, []byte(strings.Replace(string(text), `"budget_duration": "30d"`, `"rpm_limit": 9`, 1))); err != nil {
		t.Fatal(err)
	}
	routertest.Eventually(t, "the change is noticed", func() bool { return f.List()[0].BudgetDuration == "" })
	if got := f.List()[0].Spend; got.Spend != 0.75 || !got.ResetAt.IsZero() {
		t.Errorf("without a period: %+v", got)
	}
}

func TestAReplyTellsEachLimitAndWhatRemains(t *testing.T) {
	t.Parallel()
	f := open(t, clientkey.Store{}, routertest.NewClock())
	defer f.Close()
	_, h := f.create("a", clientkey.Limits{MaxParallel: lo.ToPtr[int64](3), RPM: lo.ToPtr[int64](50), TPM: lo.ToPtr[int64](700)})
	f.Count(used("a", 60, 0))
	header := http.Header{}
	if r := h.Begin(f.clock.Now(), header); r != nil {
		t.Fatalf("%+v", r)
	}
	want := map[string]string{"Limit-Max_parallel_requests": "3", "Remaining-Max_parallel_requests": "2", "Limit-Requests": "50",
		"Remaining-Requests": "49", "Limit-Tokens": "700", "Remaining-Tokens": "640"}
	for name, value := range want {
		if got := header.Values("X-Ratelimit-Api_key-" + name); !slices.Equal(got, []string{value}) {
			t.Errorf("%s: %q, want %s", name, got, value)
		}
	}
	if len(header) != len(want) {
		t.Errorf("%v", header)
	}
}

func TestKeysWhoseFileWasAwayForAMomentKeepWhatTheyUsed(t *testing.T) {
	t.Parallel()
	f := open(t, clientkey.Store{}, routertest.NewClock())
	defer f.Close()
	key, h := f.create("a", clientkey.Limits{RPM: lo.ToPtr[int64](1)})
	if r := h.Begin(f.clock.Now(), http.Header{}); r != nil {
		t.Fatalf("%+v", r)
	}
	path := filepath.Join(f.store.Folder, clientkey.FileName)
	for _, move := range []struct {
		from, to string
		isKnown  bool
	}{{path, path + ".aside", false}, {path + ".aside", path, true}} {
		if err := os.Rename(move.from, move.to); err != nil {
			t.Fatal(err)
		}
		routertest.Eventually(t, "the move is noticed", func() bool { return (f.find(key) != nil) == move.isKnown })
	}
	if r := f.find(key).Begin(f.clock.Now(), http.Header{}); r == nil {
		t.Error("the requests of the minute are forgotten")
	}
}

func TestASpendThatCannotBeWrittenIsWrittenLater(t *testing.T) {
	t.Parallel()
	store := clientkey.Store{Folder: t.TempDir()}
	if _, err := store.Create(t.Context(), "a", clientkey.Limits{}); err != nil {
		t.Fatal(err)
	}
	var logs logBuffer
	l := keylimit.Open(store.Folder, keylimit.Options{Interval: 2 * time.Millisecond, Logger: slog.New(slog.NewTextHandler(&logs, nil))})
	defer l.Close()
	path := filepath.Join(store.Folder, clientkey.SpendFileName)
	if err := os.Mkdir(path, 0o700); err != nil { // nothing can take the place of a folder
		t.Fatal(err)
	}
	l.Count(used("a", 1, 2))
	routertest.Eventually(t, "it cannot be written", func() bool { return logs.count("cannot be kept") > 0 })
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	routertest.Eventually(t, "it is written", func() bool {
		spends, err := clientkey.ReadSpend(store.Folder)
		return err == nil && len(spends) == 1
	})
}

func TestAFileThatCannotBeReadIsLoggedOnce(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, clientkey.FileName), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	var logs logBuffer
	l := keylimit.Open(folder, keylimit.Options{Interval: time.Millisecond, Logger: slog.New(slog.NewTextHandler(&logs, nil))})
	time.Sleep(20 * time.Millisecond) // a moment in which it could be logged again
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if n := logs.count("cannot be read"); n != 1 {
		t.Errorf("logged %d times", n)
	}
}

func TestAKeyMayAskForItsRoutesAndModels(t *testing.T) {
	t.Parallel()
	f := open(t, clientkey.Store{}, routertest.NewClock())
	defer f.Close()
	_, all := f.create("all", clientkey.Limits{})
	_, few := f.create("few", clientkey.Limits{Models: []string{"m"}, AllowedRoutes: []string{"/metrics"}})
	for what, isAllowed := range map[string]bool{
		"any route":              all.CheckRoute("/v1/messages", false) == nil,
		"a route that it names":  few.CheckRoute("/metrics", true) == nil,
		"its model":              few.CheckModels([]string{"alias", "m"}, []string{"m"}) == nil,
		"any model and fallback": all.CheckModels([]string{"x"}, []string{"y"}) == nil,
	} {
		if !isAllowed {
			t.Errorf("refused: %s", what)
		}
	}
	for what, r := range map[string]*keylimit.Refusal{
		"a route of the owner": all.CheckRoute("/metrics", true),
		"another route":        few.CheckRoute("/v1/messages", false),
		"another model":        few.CheckModels([]string{"x"}, nil),
		"another fallback":     few.CheckModels([]string{"m"}, []string{"m", "x"}),
	} {
		if r == nil || r.Status != http.StatusForbidden {
			t.Errorf("%s: %+v", what, r)
		}
	}
	if r := few.CheckModels([]string{"m"}, []string{"x", "y"}); !strings.Contains(r.Message, "'x'") {
		t.Errorf("%s", r.Message)
	}
}

func TestAKeyThatHasExpiredIsRefusedFromThenOn(t *testing.T) {
	t.Parallel()
	f := open(t, clientkey.Store{}, routertest.NewClock())
	defer f.Close()
	end := f.clock.Now().Add(time.Hour)
	_, h := f.create("a", clientkey.Limits{Expires: &end})
	if r := h.CheckValid(end.Add(-1)); r != nil {
		t.Errorf("a moment before: %+v", r)
	}
	if r := h.CheckValid(end); r == nil || r.Status != 401 || r.Type != "expired_key" {
		t.Errorf("%+v", r)
	}
}

func TestAPreviousTokenLocksNoOtherKeyOut(t *testing.T) {
	t.Parallel()
	for _, replacing := range []string{"a", "z"} { // before and after the other key in the file
		folder := t.TempDir()
		store := clientkey.Store{Folder: folder}
		issued := map[string]clientkey.Issued{}
		for _, alias := range []string{"a", "z"} {
			key, err := store.Create(t.Context(), alias, clientkey.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			issued[alias] = key
		}
		other := map[string]string{"a": "z", "z": "a"}[replacing]
		path := filepath.Join(folder, clientkey.FileName)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		id := `"token_id": "` + clientkey.HashToken(issued[replacing].Key) + `",`
		edited := strings.Replace(string(text), id, id+` "previous_token": "`+clientkey.HashToken(issued[other].Key)+`",`, 1)
		if err := os.WriteFile(path, []byte(edited), 0o600); err != nil || edited == string(text) {
			t.Fatal(err)
		}
		l := keylimit.Open(folder, keylimit.Options{})
		for alias, key := range issued {
			h := l.Find(sha256.Sum256([]byte(key.Key)))
			if h == nil || h.Name() != alias || h.CheckValid(time.Now()) != nil {
				t.Errorf("%s is locked out by %s: %+v", alias, replacing, h)
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAClockThatWentBack(t *testing.T) {
	t.Parallel()
	f := open(t, clientkey.Store{}, routertest.NewClock())
	defer f.Close()
	_, h := f.create("a", clientkey.Limits{RPM: lo.ToPtr[int64](5), TPM: lo.ToPtr[int64](50),
		MaxBudget: lo.ToPtr(1.0), BudgetDuration: "1d"})
	f.Count(used("a", 20, 0.6))
	if r := h.Begin(f.clock.Now(), http.Header{}); r != nil {
		t.Fatalf("%+v", r)
	}
	f.clock.Advance(-48 * time.Hour)
	f.Count(used("a", 7, 0.1))
	got := f.List()[0]
	if got.Requests != 0 || got.Tokens != 7 {
		t.Errorf("a new minute did not begin: %+v", got)
	}
	if got.Spend.Spend != 0.7 || got.Spend.Tokens != 27 || got.Spend.Requests != 2 {
		t.Errorf("the budget was renewed, or lost something: %+v", got.Spend)
	}
	if got.Spend.ResetAt.After(f.clock.Now().Add(24 * time.Hour)) {
		t.Errorf("the budget of a day ends at %s, and it is %s", got.Spend.ResetAt, f.clock.Now())
	}
	f.clock.Advance(time.Minute - 1)
	if got := f.List()[0]; got.Tokens != 7 {
		t.Errorf("the minute ended early: %+v", got)
	}
	f.clock.Advance(1)
	if got := f.List()[0]; got.Tokens != 0 {
		t.Errorf("the minute did not end: %+v", got)
	}
}

func TestAChangeOfTheFileIsNoticedByTimeAndByFile(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"written in place", "replaced by a file of the same time"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t, clientkey.Store{}, routertest.NewClock())
			defer f.Close()
			key, _ := f.create("a", clientkey.Limits{})
			path := filepath.Join(f.store.Folder, clientkey.FileName)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			info, err := os.Lstat(path)
			if err != nil {
				t.Fatal(err)
			}
			to := path
			if name != "written in place" {
				to += ".new"
			}
			changed := strings.Replace(string(text), `"key_alias": "a"`, `"key_alias": "z"`, 1)
			if err := os.WriteFile(to, []byte(changed), 0o600); err != nil {
				t.Fatal(err)
			}
			at := info.ModTime()
			if to == path {
				at = at.Add(time.Second) // two writes at once may have one time
			}
			if err := errors.Join(os.Chtimes(to, at, at), os.Rename(to, path)); err != nil {
				t.Fatal(err)
			}
			routertest.Eventually(t, "the new name is known", func() bool { h := f.find(key); return h != nil && h.Name() == "z" })
		})
	}
}

func TestWhatIsWrongAgainIsLoggedAgain(t *testing.T) {
	t.Parallel()
	store := clientkey.Store{Folder: filepath.Join(t.TempDir(), "keys")}
	if _, err := store.Create(t.Context(), "a", clientkey.Limits{}); err != nil {
		t.Fatal(err)
	}
	var logs logBuffer
	l := keylimit.Open(store.Folder, keylimit.Options{Interval: time.Millisecond, Logger: slog.New(slog.NewTextHandler(&logs, nil))})
	defer l.Close()
	for n := 1; n <= 2; n++ {
		if err := errors.Join(os.Rename(store.Folder, store.Folder+".aside"), os.WriteFile(store.Folder, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
		routertest.Eventually(t, "the file in the place of the folder is noticed", func() bool {
			return logs.count("named keys cannot be read") == n
		})
		if err := errors.Join(os.Remove(store.Folder), os.Rename(store.Folder+".aside", store.Folder)); err != nil {
			t.Fatal(err)
		}
		before := readRequests(store.Folder)
		routertest.Eventually(t, "the folder is looked at again", func() bool {
			l.Count(used("a", 1, 1)) // counts, and is written, once the key is known again
			return readRequests(store.Folder) > before
		})
	}
}

// readRequests returns how many requests of all keys the folder tells.
func readRequests(folder string) (n int64) {
	spends, err := clientkey.ReadSpend(folder)
	for _, s := range spends {
		if err == nil {
			n += s.Requests
		}
	}
	return n
}

func TestOnlyWhatKeysOfTheFileHaveSpentIsKept(t *testing.T) {
	t.Parallel()
	f := open(t, clientkey.Store{}, routertest.NewClock())
	defer f.Close()
	f.create("unused", clientkey.Limits{})
	f.create("a", clientkey.Limits{})
	f.clock.Advance(1500 * time.Millisecond)
	f.Count(used("a", 1, 2))
	spendOf := func(dollars float64) (found clientkey.Spend, n int) {
		spends, err := clientkey.ReadSpend(f.store.Folder)
		for _, s := range spends {
			if err == nil && s.Spend == dollars {
				found, n = s, len(spends)
			}
		}
		return found, n
	}
	routertest.Eventually(t, "it is written", func() bool { _, n := spendOf(2); return n > 0 })
	if s, n := spendOf(2); n != 1 || s.LastUsed != f.clock.Now().UTC().Truncate(time.Second) {
		t.Errorf("%d keys, last used %s", n, s.LastUsed)
	}
	if _, err := f.store.Revoke(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	f.create("a", clientkey.Limits{}) // another key, in its place
	f.Count(used("a", 1, 3))
	routertest.Eventually(t, "it is written", func() bool { _, n := spendOf(3); return n > 0 })
	if _, n := spendOf(3); n != 1 {
		t.Errorf("what %d keys have spent is kept", n)
	}
}

func TestALimitOfRequestsAtOnceHasNoHeaderOfAMinute(t *testing.T) {
	t.Parallel()
	f := open(t, clientkey.Store{}, routertest.NewClock())
	defer f.Close()
	_, h := f.create("a", clientkey.Limits{MaxParallel: lo.ToPtr[int64](1)})
	if r := h.Begin(f.clock.Now(), http.Header{}); r != nil {
		t.Fatalf("%+v", r)
	}
	r := h.Begin(f.clock.Now(), http.Header{})
	if r == nil || r.Header.Get("X-Ratelimit-Api_key-Limit-max_parallel_requests") != "1" {
		t.Fatalf("%+v", r)
	}
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Ratelimit-") && !strings.HasPrefix(name, "X-Ratelimit-Api_key-") {
			t.Errorf("%s: %s", name, r.Header.Get(name))
		}
	}
}
