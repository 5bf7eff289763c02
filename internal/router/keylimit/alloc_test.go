package keylimit_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/clientkey"
	"github.com/flowgate-go/flowgate/internal/router/keylimit"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

// TestAKeyWithAllLimitsCostsARequestTwoObjects is not parallel: it counts what the whole process allocates.
func TestAKeyWithAllLimitsCostsARequestTwoObjects(t *testing.T) {
	clock := routertest.NewClock()
	store := clientkey.Store{Folder: t.TempDir(), Now: clock.Now}
	issued, err := store.Create(t.Context(), "a", clientkey.Limits{Models: []string{"m"}, RPM: lo.ToPtr[int64](1e9),
		TPM: lo.ToPtr[int64](1e12), MaxParallel: lo.ToPtr[int64](1e6), MaxBudget: lo.ToPtr(1e6), BudgetDuration: "7d"})
	if err != nil {
		t.Fatal(err)
	}
	l := keylimit.Open(store.Folder, keylimit.Options{Now: clock.Now, Interval: time.Hour})
	defer l.Close()
	f := &fixture{t, store, clock, l}
	header, now, request := http.Header{}, clock.Now(), used("a", 10, 0.1)
	names := []string{"m", "group"}
	objects := testing.AllocsPerRun(1000, func() {
		h := f.find(issued.Key)
		if h.CheckValid(now) != nil || h.CheckModels(names, nil) != nil || h.Begin(now, header) != nil {
			t.Error("the key is refused")
		}
		h.End()
		l.Count(request)
	})
	if objects > 3 { // the text of what remains and its values; the key's own text here
		t.Errorf("%v objects", objects)
	}
}
