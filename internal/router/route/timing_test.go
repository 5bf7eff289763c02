package route_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

// budget is router_settings without cooldowns and with so many retries.
func budget(retries int) string {
	return fmt.Sprintf("router_settings: {disable_cooldowns: true, num_retries: %d}\n", retries)
}

func TestTheBackoffDoublesFromHalfASecondToEightAndAddsJitter(t *testing.T) {
	t.Parallel()
	const s, ms = time.Second, time.Millisecond
	for jitter, more := range map[float64]time.Duration{0: 0, 0.5: 375 * ms, 0.999: 749250 * time.Microsecond} {
		for model, waits := range map[string][]time.Duration{
			"fail-500":     {500 * ms, s, 2 * s, 4 * s, 8 * s, 8 * s, 8 * s},
			"fail-500-ra3": {3 * s, 3 * s, 3 * s, 3 * s, 3 * s, 3 * s, 3 * s},
		} {
			st := routertest.Start(t, routertest.Groups(budget(7), "m: "+model), router.Options{Rand: func() float64 { return jitter }})
			st.Chat("m")
			want := make([]time.Duration, len(waits))
			for i, w := range waits {
				want[i] = w + more
			}
			if !slices.Equal(st.Slept(), want) || len(st.Upstream.Calls()) != 8 {
				t.Errorf("%s, jitter %v: slept %v in %d calls, want %v", model, jitter, st.Slept(), len(st.Upstream.Calls()), want)
			}
		}
	}
}

func TestARetryAfterUpToASecondIsWaitedForThoughAFallbackIsThere(t *testing.T) {
	t.Parallel()
	for after, want := range map[int]string{1: "fail-429-ra1 fail-429-ra1 ok", 2: "fail-429-ra2 ok"} {
		bad := fmt.Sprintf("fail-429-ra%d", after)
		for name, yaml := range map[string]string{
			"another group": routertest.Groups("router_settings: {disable_cooldowns: true, num_retries: 1, fallbacks: [{m: [b]}]}\n",
				"m: "+bad, "b: ok"),
			"another order": routertest.Groups(budget(1), "m: "+bad+" | order: 1", "m: ok | order: 2"),
		} {
			s := routertest.Start(t, yaml, router.Options{})
			if got := s.Chat("m"); got.Status != 200 || strings.Join(s.Models(), " ") != want {
				t.Errorf("%s, %d s: %d after %v, want %s", name, after, got.Status, s.Models(), want)
			}
		}
	}
}

func TestEveryFallbackHasItsOwnRetriesAndNoGroupIsAskedTwice(t *testing.T) {
	t.Parallel()
	var lines, chain, want []string
	for i := range 8 {
		lines = append(lines, fmt.Sprintf("g%d: fail-500-n%d", i, i))
		chain = append(chain, fmt.Sprintf("{g%d: [g%d]}", i, i+1))
	}
	for i := range 6 { // the first and five more
		want = append(want, fmt.Sprintf("fail-500-n%d", i), fmt.Sprintf("fail-500-n%d", i))
	}
	s := routertest.Start(t, routertest.Groups("router_settings: {disable_cooldowns: true, num_retries: 1, fallbacks: ["+strings.Join(chain[:7],
		", ")+"]}\n", lines...), router.Options{})
	if got := s.Chat("g0"); got.Status != 500 || !slices.Equal(s.Models(), want) || len(s.Slept()) != 6 {
		t.Errorf("%d after %v, %d waits", got.Status, s.Models(), len(s.Slept()))
	}
	s = routertest.Start(t, routertest.Groups("router_settings: {disable_cooldowns: true, num_retries: 0, fallbacks: [{a: [b]}, {b: [a, c]}, "+
		"{c: [b]}]}\n", "a: fail-500-a", "b: fail-500-b", "c: fail-500-c"), router.Options{})
	if s.Chat("a"); !slices.Equal(s.Models(), []string{"fail-500-a", "fail-500-b", "fail-500-c"}) {
		t.Errorf("%v", s.Models())
	}
}

func TestASiblingIsAskedAtOnceAndCountsAsARetry(t *testing.T) {
	t.Parallel()
	for retries, want := range map[int]int{0: 500, 1: 200} {
		s := routertest.Start(t, routertest.Groups(budget(retries), "m: fail-500 ok"), router.Options{Rand: func() float64 { return 0 }})
		if got := s.Chat("m"); got.Status != want || len(s.Upstream.Calls()) != retries+1 || len(s.Slept()) != 0 {
			t.Errorf("%d retries: %d after %v, slept %v", retries, got.Status, s.Models(), s.Slept())
		}
	}
}
