package affinity_test

import (
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/affinity"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

func TestOtherRoutersAreToldOfWhatIsNew(t *testing.T) {
	t.Parallel()
	clk := routertest.NewClock()
	s := affinity.NewStore(10, 80*time.Minute, clk.Now)
	var told []string
	s.Tell = func(_ affinity.Key, o *affinity.Owner, ttl time.Duration) {
		if ttl != 80*time.Minute {
			t.Error(ttl)
		}
		told = append(told, o.Deployment)
	}
	k, a, b := affinity.NewKey("session", "one"), affinity.Owner{Deployment: "a"}, affinity.Owner{Deployment: "b"}
	s.Set(k, &a)
	s.Set(k, &a)
	s.Set(k, &b)
	if len(told) != 2 || told[0] != "a" || told[1] != "b" {
		t.Fatalf("told %v", told)
	}
	s.Adopt(k, &a)
	if owner, ok := s.Find(k); !ok || owner != a || len(told) != 2 {
		t.Errorf("%v, %v, told %v", owner, ok, told)
	}
	clk.Advance(9 * time.Minute)
	if s.Set(k, &a); len(told) != 2 {
		t.Errorf("told %v: an owner that stays one is told once in ten minutes", told)
	}
	clk.Advance(2 * time.Minute)
	if s.Set(k, &a); len(told) != 3 {
		t.Errorf("told %v: an owner that stays one is not told again", told)
	}
}
