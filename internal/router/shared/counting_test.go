package shared_test

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/shared/health"
	"github.com/flowgate-go/flowgate/internal/router/tally"
)

// counter counts requests, as a named key does, and is a number in flight too.
type counter struct {
	mu     sync.Mutex
	tally  tally.Tally
	flying int
	others int
}

func (c *counter) Take(_ time.Time, all bool) (tally.Part, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tally.Take(time.Minute, all)
}

func (c *counter) GiveBack(p tally.Part) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tally.GiveBack(p)
}

func (c *counter) Merge(_ time.Time, total tally.Total) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tally.Merge(total)
}

func (c *counter) OwnInFlight() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.flying
}

func (c *counter) SetOthers(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.others = n
}

// add counts n requests that are in flight now.
func (c *counter) add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tally.Add(float64(n), 0)
	c.flying = n
}

// sum returns what all routers have counted, as far as this one knows.
func (c *counter) sum() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return int(c.tally.Sums[0])
}

// inFlight returns how many are in flight at the other routers.
func (c *counter) inFlight() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.others
}

// share shares a counter and returns its id in messages.
func (r *redisInMemory) share(t *testing.T, c *counter) (id string, changed, flown func()) {
	t.Helper()
	changed, flown = r.Count("key", "k", c), r.Gauge("key", "k", c)
	time.Sleep(time.Second) // what Redis has of it is read, and the clocks are compared
	read := strings.Fields(strings.Join(r.sent("hmget"), " "))
	if len(read) != 5 {
		t.Fatalf("what Redis has was not read: %q", read)
	}
	return read[1][strings.LastIndex(read[1], ":")+1:], changed, flown
}

func TestWhatIsNotCountedTogetherAnyMoreIsLeftAlone(t *testing.T) {
	t.Parallel()
	inMemory(t, func(t *testing.T, r *redisInMemory) {
		c := &counter{}
		id, _, _ := r.share(t, c)
		r.publish("sum " + id + " 7 60000 5 0\nnow " + id + " 3")
		if c.sum() != 5 || c.inFlight() != 3 {
			t.Fatalf("%d, %d in flight", c.sum(), c.inFlight())
		}
		r.Uncount("key", "k")
		r.publish("sum " + id + " 7 60000 9 0\nnow " + id + " 4\nbye")
		if c.sum() != 5 || c.inFlight() != 3 {
			t.Errorf("after Uncount: %d, %d in flight", c.sum(), c.inFlight())
		}
		time.Sleep(5 * time.Second)
		if told := r.sent(id); len(told) > 0 {
			t.Errorf("Redis is told of it: %q", told)
		}
	})
}

func TestCountsOfOneBatchNeedOneCommandAndAreSentAfterTwentyMilliseconds(t *testing.T) {
	t.Parallel()
	inMemory(t, func(t *testing.T, r *redisInMemory) {
		c := &counter{}
		id, changed, _ := r.share(t, c)
		began := time.Now()
		var sent []time.Duration
		r.set(func(w io.Writer, command []string) {
			if strings.EqualFold(command[0], "eval") {
				sent = append(sent, time.Since(began)) // commands come one after the other
			}
			playWell(w, command)
		})
		for range 50 { // in 50 ms
			c.add(1)
			changed()
			time.Sleep(time.Millisecond)
		}
		time.Sleep(200 * time.Millisecond)
		synctest.Wait()
		want := []time.Duration{0, 20 * time.Millisecond, 40 * time.Millisecond, 60 * time.Millisecond}
		if !slices.Equal(sent, want) {
			t.Errorf("batches went at %v, want %v", sent, want)
		}
		added := 0
		for _, line := range r.sent(id) {
			words := strings.Fields(line)
			var known, n int
			if _, err := fmt.Sscan(strings.Join(words[len(words)-4:], " "), &known, &n); err == nil {
				added += n
			}
		}
		if added != 50 {
			t.Errorf("%d of 50 were added", added)
		}
	})
}

func TestCountsThatRedisRefusedAreAddedLaterOnceAndThoseThatMayHaveBeenAddedAreNot(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer  string
		problem health.Problem
		want    string // known and added, when Redis answers again
	}{
		"refused": {"-NOPERM this user has no permissions\r\n", health.Refused, "0 5"},
		"an old version": {"-ERR Error running script (call to f_0): @user_script:24: Write commands not allowed after non " +
			"deterministic commands.\r\n", health.TooOld, "0 5"},
		"no answer": {"", health.Slow, "5 0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inMemory(t, func(t *testing.T, r *redisInMemory) {
				counted := &counter{}
				id, changed, _ := r.share(t, counted)
				r.set(playButFor("eval", c.answer))
				counted.add(5)
				changed()
				time.Sleep(3 * time.Second)
				if s := r.Status(); s.Problem != c.problem {
					t.Errorf("%+v, want %s", s, c.problem)
				}
				r.sent("")
				r.set(playWell)
				time.Sleep(5 * time.Second)
				adds := regexp.MustCompile(id+` \d+ \d+ (\d+ \d+) 0 0`).FindAllStringSubmatch(strings.Join(r.sent("eval"), "\n"), -1)
				if len(adds) == 0 || adds[0][1] != c.want {
					t.Errorf("%q, want %q", adds, c.want)
				}
				for _, later := range adds[min(1, len(adds)):] {
					if !strings.HasSuffix(later[1], " 0") {
						t.Errorf("added twice: %q", adds)
					}
				}
				if s := r.Status(); !s.Connected {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

func TestRequestsInFlightOfARouterThatIsSilentAreForgotten(t *testing.T) {
	t.Parallel()
	inMemory(t, func(t *testing.T, r *redisInMemory) {
		c := &counter{}
		id, _, flown := r.share(t, c)
		r.publish("now " + id + " 3")
		if c.inFlight() != 3 {
			t.Fatalf("%d in flight at others", c.inFlight())
		}
		c.add(2)
		flown()
		time.Sleep(10 * time.Millisecond)
		if told := r.sent("now " + id + " 2"); len(told) != 1 {
			t.Errorf("%q", told)
		}
		time.Sleep(2500 * time.Millisecond)
		if n := len(r.sent("now " + id + " 2")); c.inFlight() != 3 || n != 2 {
			t.Errorf("%d in flight at others, told %d times in 2.5 s", c.inFlight(), n)
		}
		time.Sleep(2 * time.Second)
		if c.inFlight() != 0 {
			t.Errorf("%d in flight at a router that is silent", c.inFlight())
		}
		r.publish("now " + id + " 4")
		r.publish("bye")
		if c.inFlight() != 0 {
			t.Errorf("%d in flight at a router that has ended", c.inFlight())
		}
	})
}

func TestRoutersAreCountedUntilTheyAreSilent(t *testing.T) {
	t.Parallel()
	inMemory(t, func(t *testing.T, r *redisInMemory) {
		r.publish("alive")
		if n := r.Status().Routers; n != 1 {
			t.Errorf("%d others", n)
		}
		time.Sleep(2900 * time.Millisecond)
		synctest.Wait()
		if n := r.Status().Routers; n != 1 {
			t.Errorf("%d others after 2.9 s", n)
		}
		time.Sleep(200 * time.Millisecond)
		if n := r.Status().Routers; n != 0 {
			t.Errorf("%d others after 3.1 s", n)
		}
		r.publish("alive")
		r.publish("bye")
		if n := r.Status().Routers; n != 0 {
			t.Errorf("%d others after a goodbye", n)
		}
	})
}
