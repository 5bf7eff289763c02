package keylimit_test

import (
	"crypto/sha256"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/clientkey"
	"github.com/flowgate-go/flowgate/internal/router/keylimit"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// fixture is a folder of keys with a Limiter that looks at it every few milliseconds.
type fixture struct {
	t     *testing.T
	store clientkey.Store
	clock *routertest.Clock
	*keylimit.Limiter
}

// open opens the limiter of an empty folder, or of store's.
func open(t *testing.T, store clientkey.Store, clock *routertest.Clock) *fixture {
	t.Helper()
	if store.Folder == "" {
		store = clientkey.Store{Folder: t.TempDir(), Now: clock.Now}
	}
	l := keylimit.Open(store.Folder, keylimit.Options{Now: clock.Now, Interval: 2 * time.Millisecond})
	f := &fixture{t, store, clock, l}
	return f
}

// create makes a key and waits until the limiter knows it.
func (f *fixture) create(alias string, l clientkey.Limits) (key string, h *keylimit.Holder) {
	f.t.Helper()
	issued, err := f.store.Create(f.t.Context(), alias, l)
	if err != nil {
		f.t.Fatal(err)
	}
	routertest.Eventually(f.t, "the key is known", func() bool { return f.find(issued.Key) != nil })
	return issued.Key, f.find(issued.Key)
}

// find returns the holder of a key.
func (f *fixture) find(key string) *keylimit.Holder { return f.Find(sha256.Sum256([]byte(key))) }

// used returns what a request has used that a deployment answered.
func used(alias string, tokens int, cost float64) *record.Request {
	return &record.Request{Client: alias, Attempts: 1, Status: 200, Cost: cost, CostKnown: true,
		Tokens: record.Tokens{Known: true, Input: tokens}}
}

func TestAChangeOfTheFileIsInForceWithoutARestart(t *testing.T) {
	t.Parallel()
	f := open(t, clientkey.Store{}, routertest.NewClock())
	defer f.Close()
	key, h := f.create("a", clientkey.Limits{})
	if r := h.CheckValid(f.clock.Now()); r != nil || h.Name() != "a" {
		t.Errorf("%+v", r)
	}
	fresh, err := f.store.Rotate(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	routertest.Eventually(t, "the new key is valid", func() bool { return f.find(fresh.Key) != nil })
	if r := f.find(key).CheckValid(f.clock.Now()); r == nil || r.Status != 401 {
		t.Errorf("the old key: %+v", r)
	}
	if _, err := f.store.Revoke(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	routertest.Eventually(t, "the key is revoked", func() bool { return f.find(fresh.Key).CheckValid(f.clock.Now()) != nil })
	if f.find("sk-other") != nil {
		t.Error("an unknown key has a holder")
	}
}

func TestAFileThatCannotBeReadChangesNothing(t *testing.T) {
	t.Parallel()
	f := open(t, clientkey.Store{}, routertest.NewClock())
	defer f.Close()
	key, _ := f.create("a", clientkey.Limits{})
	path := filepath.Join(f.store.Folder, clientkey.FileName)
	good, _ := os.ReadFile(path)
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	time.Sleep(20 * time.Millisecond) // a moment in which the key must not become invalid
	if f.find(key) == nil {
		t.Fatal("the key is gone")
	}
	if err := os.WriteFile(path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, h := f.create("b", clientkey.Limits{}); h == nil {
		t.Error("a key made after the file was mended is not known")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	routertest.Eventually(t, "no key is valid", func() bool { return f.find(key) == nil })
}

func TestRequestsOfAMinuteAreLimited(t *testing.T) {
	t.Parallel()
	f := open(t, clientkey.Store{}, routertest.NewClock())
	defer f.Close()
	_, h := f.create("a", clientkey.Limits{RPM: lo.ToPtr[int64](2)})
	for want := range 2 {
		header := http.Header{}
		if r := h.Begin(f.clock.Now(), header); r != nil {
			t.Fatalf("%+v", r)
		}
		h.End()
		if got := header.Get("x-ratelimit-api_key-remaining-requests"); got != strconv.Itoa(1-want) {
			t.Errorf("remaining %q", got)
		}
	}
	f.clock.Advance(15*time.Second + time.Millisecond)
	r := h.Begin(f.clock.Now(), http.Header{})
	if r == nil || r.Status != 429 || r.Header.Get("Retry-After") != "45" ||
		r.Header.Get("X-Ratelimit-Remaining-Requests") != "0" || r.Header.Get("X-Ratelimit-Reset-Requests") != "45s" {
		t.Fatalf("%+v", r)
	}
	f.clock.Advance(45 * time.Second)
	if r := h.Begin(f.clock.Now(), http.Header{}); r != nil {
		t.Errorf("after a minute: %+v", r)
	}
	f.clock.Advance(-time.Hour) // a clock that went back must not lock the key for an hour
	if r := h.Begin(f.clock.Now(), http.Header{}); r != nil {
		t.Errorf("after the clock went back: %+v", r)
	}
}

func TestTokensOfAMinuteAreLimited(t *testing.T) {
	t.Parallel()
	f := open(t, clientkey.Store{}, routertest.NewClock())
	defer f.Close()
	_, h := f.create("a", clientkey.Limits{TPM: lo.ToPtr[int64](100)})
	f.Count(used("a", 99, 0))
	f.Count(used("other", 99, 0))
	f.Count(&record.Request{Client: "a", Tokens: record.Tokens{Input: 50}}) // refused before any deployment was asked
	f.Count(used("a", -1000, 0))                                            // upstreams have told such numbers
	if r := h.Begin(f.clock.Now(), http.Header{}); r != nil {
		t.Fatalf("%+v", r)
	}
	f.Count(used("a", 1, 0))
	if r := h.Begin(f.clock.Now(), http.Header{}); r == nil || r.Header.Get("X-Ratelimit-Limit-Tokens") != "100" {
		t.Errorf("%+v", r)
	}
}

func TestTheLimitOfRequestsAtOnceHoldsExactly(t *testing.T) {
	t.Parallel()
	f := open(t, clientkey.Store{}, routertest.NewClock())
	defer f.Close()
	_, h := f.create("a", clientkey.Limits{MaxParallel: lo.ToPtr[int64](3)})
	var now, most, refused atomic.Int64
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			for range 50 {
				if h.Begin(f.clock.Now(), http.Header{}) != nil {
					refused.Add(1)
					continue
				}
				n := now.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				now.Add(-1)
				h.End()
			}
		})
	}
	all.Wait()
	if most.Load() > 3 {
		t.Errorf("%d at once", most.Load())
	}
	for range 3 {
		if r := h.Begin(f.clock.Now(), http.Header{}); r != nil {
			t.Fatalf("a place was lost: %+v", r)
		}
	}
	if r := h.Begin(f.clock.Now(), http.Header{}); r == nil || r.Header.Get("Retry-After") != "1" {
		t.Errorf("%+v", r)
	}
}

func TestRequestsAtOnceNeverExceedTheRequestsOfAMinute(t *testing.T) {
	t.Parallel()
	f := open(t, clientkey.Store{}, routertest.NewClock())
	defer f.Close()
	_, h := f.create("a", clientkey.Limits{RPM: lo.ToPtr[int64](77)})
	var allowed atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 20 {
				if h.Begin(f.clock.Now(), http.Header{}) == nil {
					allowed.Add(1)
					h.End()
				}
			}
		})
	}
	all.Wait()
	if allowed.Load() != 77 {
		t.Errorf("%d requests were allowed", allowed.Load())
	}
}

func TestABudgetIsSpentRenewedAndKeptOverARestart(t *testing.T) {
	t.Parallel()
	clock := routertest.NewClock()
	f := open(t, clientkey.Store{}, clock)
	key, h := f.create("a", clientkey.Limits{MaxBudget: lo.ToPtr(1.0), BudgetDuration: "1d"})
	f.Count(used("a", 1, 0.75))
	f.Count(used("a", 1, math.Inf(1)))
	f.Count(used("a", 1, -3))
	f.Count(used("a", 1, math.NaN()))
	if r := h.Begin(clock.Now(), http.Header{}); r != nil {
		t.Fatalf("%+v", r)
	}
	f.Count(used("a", 1, 0.25))
	check := func(f *fixture) {
		t.Helper()
		r := f.find(key).Begin(clock.Now(), http.Header{})
		if r == nil || r.Status != 429 || r.Type != "budget_exceeded" || r.Header.Get("X-Should-Retry") != "false" ||
			r.Header.Get("Retry-After") != strconv.Itoa(int((20*time.Hour+55*time.Minute+55*time.Second).Seconds())) {
			t.Fatalf("%+v", r)
		}
	}
	check(f)
	fresh, err := f.store.Rotate(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	routertest.Eventually(t, "rotated", func() bool { return f.find(fresh.Key) != nil })
	key = fresh.Key
	check(f) // a rotation does not renew the budget
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, f.store, clock)
	defer again.Close()
	check(again)
	clock.Advance(21 * time.Hour)
	if r := again.find(key).Begin(clock.Now(), http.Header{}); r != nil {
		t.Errorf("on the next day: %+v", r)
	}
}

func TestWhatWasSpentIsWrittenWithoutAnEndOfTheRouter(t *testing.T) {
	t.Parallel()
	f := open(t, clientkey.Store{}, routertest.NewClock())
	defer f.Close()
	f.create("a", clientkey.Limits{})
	unpriced := used("a", 5, 0)
	unpriced.CostKnown = false
	f.Count(used("a", 7, 2.5))
	f.Count(unpriced)
	routertest.Eventually(t, "the spend is written", func() bool {
		listing, err := f.store.List(t.Context())
		if err != nil || len(listing.Keys) != 1 {
			return false
		}
		k := listing.Keys[0]
		return k.Spend.Spend == 2.5 && k.Tokens == 12 && k.Requests == 2 && k.Unpriced == 1 && !k.LastUsed.IsZero()
	})
}

func TestASpendFileThatCannotBeReadIsKeptBeside(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, clientkey.SpendFileName)
	if err := os.WriteFile(path, []byte(`{"version":7}`), 0o600); err != nil {
		t.Fatal(err)
	}
	f := open(t, clientkey.Store{Folder: folder}, routertest.NewClock())
	f.create("a", clientkey.Limits{})
	f.Count(used("a", 1, 1))
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if kept, err := os.ReadFile(path + ".damaged"); err != nil || string(kept) != `{"version":7}` {
		t.Errorf("%s, %v", kept, err)
	}
	if spends, err := clientkey.ReadSpend(folder); err != nil || len(spends) != 1 {
		t.Errorf("%v, %v", spends, err)
	}
}

// BenchmarkFind has what the key of a request costs, with one key and among 500.
func BenchmarkFind(b *testing.B) {
	for _, keys := range []int{1, 500} {
		b.Run(strconv.Itoa(keys), func(b *testing.B) { findAmong(b, keys) })
	}
}

// findAmong finds a key among many and counts a request of it.
func findAmong(b *testing.B, keys int) {
	clock := routertest.NewClock()
	store := clientkey.Store{Folder: b.TempDir(), Now: clock.Now}
	var key string
	for i := range keys {
		issued, err := store.Create(b.Context(), "client-"+strconv.Itoa(i), clientkey.Limits{RPM: lo.ToPtr[int64](math.MaxInt64)})
		if err != nil {
			b.Fatal(err)
		}
		key = issued.Key
	}
	l := keylimit.Open(store.Folder, keylimit.Options{Now: clock.Now})
	defer l.Close()
	header := http.Header{}
	for b.Loop() {
		h := l.Find(sha256.Sum256([]byte(key)))
		if h.CheckValid(clock.Now()) != nil || h.Begin(clock.Now(), header) != nil {
			b.Fatal("refused")
		}
		h.End()
	}
}
