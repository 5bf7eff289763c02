package keylimit_test

import (
	"crypto/sha256"
	"net/http"
	"testing"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/clientkey"
	"github.com/flowgate-go/flowgate/internal/router/keylimit"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
	"github.com/flowgate-go/flowgate/internal/router/tally"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// replica is one of several routers with the same named key.
type replica struct {
	*keylimit.Limiter
	use    *keylimit.Use
	holder *keylimit.Holder
	counts int // how often it was said that something has changed
}

// newReplicas returns two routers with a key that has limits.
func newReplicas(t *testing.T, clk *routertest.Clock, limits clientkey.Limits) (all [2]*replica) {
	t.Helper()
	store := clientkey.Store{Folder: t.TempDir()}
	issued, err := store.Create(t.Context(), "laptop", limits)
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		r := &replica{Limiter: keylimit.Open(store.Folder, keylimit.Options{Now: clk.Now, Interval: time.Hour})}
		t.Cleanup(func() { _ = r.Close() })
		changed := func() { r.counts++ }
		r.Share(keylimit.Sharer{Uncount: func(string) {}, Count: func(_ string, u *keylimit.Use) (window, spend, parallel func()) {
			r.use = u
			return changed, changed, changed
		}})
		if r.holder = r.Find(sha256.Sum256([]byte(issued.Key))); r.holder == nil || r.use == nil {
			t.Fatal("the key is not known, or not shared")
		}
		all[i] = r
	}
	return all
}

func TestALimitHoldsForRequestsAtAllRouters(t *testing.T) {
	t.Parallel()
	clk := routertest.NewClock()
	r := newReplicas(t, clk, clientkey.Limits{RPM: lo.ToPtr[int64](3)})
	for range 2 {
		if refusal := r[0].holder.Begin(clk.Now(), http.Header{}); refusal != nil {
			t.Fatal(refusal)
		}
	}
	p, ok := keylimit.Window{Use: r[0].use}.Take(clk.Now(), false)
	if !ok || p.Added != (tally.Sums{2, 0}) || p.Left != time.Minute || p.Window != 0 || r[0].counts == 0 {
		t.Fatalf("%+v, %v", p, ok)
	}
	clk.Advance(10 * time.Second)
	keylimit.Window{Use: r[1].use}.Merge(clk.Now(), tally.Total{Window: 77, Left: 50 * time.Second, Sums: p.Added})
	if refusal := r[1].holder.Begin(clk.Now(), http.Header{}); refusal != nil {
		t.Fatal("the third request:", refusal)
	}
	refusal := r[1].holder.Begin(clk.Now(), http.Header{})
	if refusal == nil || refusal.Header.Get("Retry-After") != "50" {
		t.Fatalf("the fourth: %+v; the window ends with that of the first router", refusal)
	}
	clk.Advance(50 * time.Second)
	if refusal := r[1].holder.Begin(clk.Now(), http.Header{}); refusal != nil {
		t.Error("in the next window:", refusal)
	}
}

func TestRequestsAtOnceCountAtAllRouters(t *testing.T) {
	t.Parallel()
	clk := routertest.NewClock()
	r := newReplicas(t, clk, clientkey.Limits{MaxParallel: lo.ToPtr[int64](2)})
	r[1].use.SetOthers(2)
	if r[1].holder.Begin(clk.Now(), http.Header{}) == nil {
		t.Error("a third request at once is let in")
	}
	r[1].use.SetOthers(1)
	if refusal := r[1].holder.Begin(clk.Now(), http.Header{}); refusal != nil || r[1].use.OwnInFlight() != 1 {
		t.Error(refusal, r[1].use.OwnInFlight())
	}
	if r[1].holder.End(); r[1].use.OwnInFlight() != 0 {
		t.Error(r[1].use.OwnInFlight())
	}
}

func TestABudgetIsSpentByAllRouters(t *testing.T) {
	t.Parallel()
	clk := routertest.NewClock()
	r := newReplicas(t, clk, clientkey.Limits{MaxBudget: lo.ToPtr(1.0), BudgetDuration: "1d"})
	spend := func(r *replica, dollars float64) {
		r.Count(&record.Request{Client: "laptop", Attempts: 1, CostKnown: true, Cost: dollars})
	}
	spend(r[0], 0.75)
	p, ok := keylimit.Budget{Use: r[0].use}.Take(clk.Now(), false)
	if !ok || p.Added[0] != 0.75 || p.Known[0] != 0 || p.Window <= clk.Now().Unix() {
		t.Fatalf("%+v, %v", p, ok)
	}
	spend(r[1], 0.5)
	other := keylimit.Budget{Use: r[1].use}
	other.Merge(clk.Now(), tally.Total{Window: p.Window + 86400, Sums: tally.Sums{9}})
	if r[1].holder.Begin(clk.Now(), http.Header{}) != nil {
		t.Error("a period that has not begun counts")
	}
	other.Merge(clk.Now(), tally.Total{Window: p.Window, Sums: tally.Sums{0.75}})
	if refusal := r[1].holder.Begin(clk.Now(), http.Header{}); refusal == nil || refusal.Type != keylimit.BudgetExceeded {
		t.Errorf("%+v", refusal)
	}
	q, _ := other.Take(clk.Now(), false)
	if q.Known[0] != 0.75 || q.Added[0] != 0.5 {
		t.Errorf("%+v", q)
	}
	other.GiveBack(q)
	if again, _ := other.Take(clk.Now(), false); again != q {
		t.Errorf("%+v, want %+v", again, q)
	}
	clk.Advance(24 * time.Hour)
	if refusal := r[1].holder.Begin(clk.Now(), http.Header{}); refusal != nil {
		t.Error("in the next period:", refusal)
	}
}
