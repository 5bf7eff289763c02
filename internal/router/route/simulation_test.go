package route_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
)

// simulation is many clients before the routing code, under a fake clock: a seed gives
// the same run every time.
type simulation struct {
	*network
	arrivals *rand.Rand // of requests; upstreams have sources of their own, since both draw at the same instant
	started  time.Time
	requests int
	every    time.Duration // the mean time between two requests
	sessions int

	mu       sync.Mutex
	sent     map[string][]time.Duration // by deployment: when it was asked
	answers  map[int]string             // by session: which deployments answered, one after the other
	statuses map[int]int
}

// upstreamTimes are how long the deployments of a simulation take.
var upstreamTimes = map[string]time.Duration{"a": 400 * time.Millisecond, "b": 800 * time.Millisecond,
	"c": 1600 * time.Millisecond, "d": 3200 * time.Millisecond}

// simulate runs 4,200 requests of 200 sessions in about seven minutes. From the third to
// the fifth minute b refuses with 429 and asks for a pause of ten seconds.
func simulate(t *testing.T, yaml string, seed uint64) *simulation {
	s := &simulation{network: newNetwork(t, yaml, seed), arrivals: rand.New(rand.NewPCG(seed, 1)), started: time.Now(),
		requests: 4_200, every: 100 * time.Millisecond, sessions: 200,
		sent: map[string][]time.Duration{}, answers: map[int]string{}, statuses: map[int]int{}}
	for name, latency := range upstreamTimes {
		s.answer(name, s.upstream(name, latency))
	}
	var clients sync.WaitGroup
	for range s.requests {
		time.Sleep(time.Duration(s.arrivals.Int64N(2 * int64(s.every))))
		session := s.arrivals.IntN(s.sessions)
		clients.Go(func() { s.client(session) })
	}
	clients.Wait()
	return s
}

// upstream returns a chat upstream that takes about latency for 100 tokens.
func (s *simulation) upstream(name string, latency time.Duration) upstreamDouble {
	random := rand.New(rand.NewPCG(uint64(latency), 2))
	return func(string) doubleReply {
		at := time.Since(s.started)
		s.mu.Lock()
		s.sent[name] = append(s.sent[name], at)
		took := time.Duration(float64(latency) * (0.8 + 0.4*random.Float64()))
		s.mu.Unlock()
		if name == "b" && at > 3*time.Minute && at < 5*time.Minute {
			return doubleReply{status: 429, header: map[string][]string{"Retry-After": {"10"}}, body: "{}"}
		}
		time.Sleep(took)
		return chatReply("100", "100")
	}
}

// client makes a request of a session.
func (s *simulation) client(session int) {
	got := s.ask(dialect.Chat, `{"model":"m","messages":[]}`,
		map[string]string{"X-Claude-Code-Session-Id": fmt.Sprintf("0193-session-%d", session)})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.statuses[got.status]++
	if !strings.HasSuffix(s.answers[session], got.deployment) {
		s.answers[session] += got.deployment
	}
}

// between returns how often a deployment was asked from one time to another.
func (s *simulation) between(name string, from, to time.Duration) int {
	n := 0
	for _, at := range s.sent[name] {
		if at >= from && at < to {
			n++
		}
	}
	return n
}

// shares returns how many of a hundred requests each deployment got until a time.
func (s *simulation) shares(until time.Duration) map[string]float64 {
	all, shares := 0, map[string]float64{}
	for name := range upstreamTimes {
		all += s.between(name, 0, until)
	}
	for name := range upstreamTimes {
		shares[name] = 100 * float64(s.between(name, 0, until)) / float64(all)
	}
	return shares
}

func TestSimulatedRequestsAreSpreadByTheStrategy(t *testing.T) {
	t.Parallel()
	for strategy, want := range map[string]map[string]float64{
		"simple-shuffle":         {"a": 40, "b": 30, "c": 20, "d": 10}, // by weight
		"least-busy":             {"a": 53, "b": 27, "c": 13, "d": 7},  // by how fast they are
		"latency-based-routing":  {"a": 99, "b": 0, "c": 0, "d": 0},
		"usage-based-routing-v2": {"a": 25, "b": 25, "c": 25, "d": 25},
		"cost-based-routing":     {"a": 0, "b": 0, "c": 0, "d": 100},
	} {
		t.Run(strategy, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := simulate(t, models(strategy, "a b c d", "a weight: 4", "b weight: 3", "c weight: 2",
					"d weight: 1, input_cost_per_token: 0, output_cost_per_token: 0"), 42)
				got := s.shares(3 * time.Minute) // all upstreams are well
				for name, share := range want {
					if got[name] < share-4 || got[name] > share+4 {
						t.Errorf("%s: requests are spread %v, want %v", name, got, want)
						break
					}
				}
				if s.statuses[200] < s.requests-14 { // nothing is retried: the trials of b fail
					t.Errorf("statuses %v", s.statuses)
				}
			})
		})
	}
}

func TestNoHerdReturnsAfterASimulatedCooldown(t *testing.T) {
	t.Parallel()
	for _, strategy := range []string{"simple-shuffle", "least-busy", "usage-based-routing-v2", "latency-based-routing"} {
		t.Run(strategy, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				yaml := strings.Replace(models(strategy, "a b c d"), "num_retries: 0", "num_retries: 2", 1)
				s := simulate(t, yaml, 7)
				refused := s.between("b", 3*time.Minute, 5*time.Minute)
				if refused > 14 { // the first one, and a trial every ten seconds
					t.Errorf("b was asked %d times while it refused", refused)
				}
				if s.statuses[200] != s.requests {
					t.Errorf("statuses %v: a sibling answers what b refuses", s.statuses)
				}
				back := s.sent["b"][len(s.sent["b"])-1]
				if strategy != "latency-based-routing" && back < 6*time.Minute {
					t.Errorf("b was asked for the last time after %v", back)
				}
				for at := 5 * time.Minute; at < 6*time.Minute; at += time.Second {
					if n := s.between("b", at, at+time.Second); n > 20 { // all of two seconds
						t.Errorf("b got %d requests in the second after %v", n, at)
					}
				}
			})
		})
	}
}

func TestSimulatedSessionsMoveOnlyWhenTheirDeploymentFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := simulate(t, strings.Replace(sticky("session_affinity", "a b c d"), "num_retries: 0", "num_retries: 2", 1), 3)
		moved, used := 0, map[string]int{}
		for session, path := range s.answers {
			if len(path) > 1 {
				moved++
			}
			if len(path) > 2 || len(path) == 2 && path[0] != 'b' {
				t.Errorf("session %d went to %s; only b failed", session, path)
			}
			used[path[len(path)-1:]]++
		}
		if moved < 30 || len(used) < 3 || s.statuses[200] != s.requests {
			t.Errorf("%d of %d sessions moved, they ended at %v, statuses %v", moved, s.sessions, used, s.statuses)
		}
	})
}

func TestSimulatedUsageStaysBelowItsLimits(t *testing.T) {
	t.Parallel()
	for _, strategy := range []string{"usage-based-routing-v2", "latency-based-routing", "cost-based-routing"} {
		t.Run(strategy, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := simulate(t, models(strategy, "a b c d", "a rpm: 50", "b rpm: 100", "c rpm: 150", "d rpm: 200"), 5)
				limits := map[string]int{"a": 50, "b": 100, "c": 150, "d": 200}
				offset := s.started.Sub(s.started.Truncate(time.Minute))
				for name, limit := range limits {
					full := 0
					for minute := -offset; minute < 7*time.Minute; minute += time.Minute {
						n := s.between(name, minute, minute+time.Minute)
						if n > limit {
							t.Errorf("%s got %d requests in a minute, and may get %d", name, n, limit)
						}
						if n == limit {
							full++
						}
					}
					if full < 4 {
						t.Errorf("%s used its limit up in %d minutes only, although more was asked for", name, full)
					}
				}
				if s.statuses[429] < 500 || s.statuses[200]+s.statuses[429] != s.requests {
					t.Errorf("statuses %v: 600 requests a minute are asked for, 500 may be answered", s.statuses)
				}
			})
		})
	}
}

func TestASimulationIsTheSameEveryTime(t *testing.T) {
	t.Parallel()
	run := func() (order string) {
		synctest.Test(t, func(t *testing.T) {
			s := simulate(t, models("least-busy", "a b c d"), 99)
			order = fmt.Sprint(s.sent)
		})
		return order
	}
	if first, second := run(), run(); first != second {
		t.Error("two runs with one seed differ")
	}
}
