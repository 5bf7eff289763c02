package shared_test

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/affinity"
)

// countOwners returns how many owners were written since the last call.
func (r *redisInMemory) countOwners() (n int) {
	for _, line := range r.sent(":o:") {
		if strings.HasPrefix(line, "set ") {
			n++
		}
	}
	return n
}

// TestOwnersThatWaitForRedisAreBounded has more sessions than are kept, before and while a round trip fails.
func TestOwnersThatWaitForRedisAreBounded(t *testing.T) {
	t.Parallel()
	const kept = 4096
	for name, inFlight := range map[string]int{"while it is away": 0, "while a round trip fails": kept} {
		inMemory(t, func(t *testing.T, r *redisInMemory) {
			d := newDeployment("d")
			store := affinity.NewStore(1<<20, time.Hour, time.Now)
			r.Add(d, newDeployment("e"))
			r.ShareOwners(store, false)
			next := 0
			set := func(n int) {
				for range n {
					store.Set(affinity.NewKey("s", strconv.Itoa(next)), &d.Owner)
					next++
				}
			}
			time.Sleep(time.Second)
			r.set(func(io.Writer, []string) {})
			if inFlight == 0 {
				time.Sleep(2 * time.Second) // it counts as away
			}
			set(inFlight)
			time.Sleep(100 * time.Millisecond)
			set(kept - 1)
			if inFlight == 0 {
				set(kept)
			} else {
				time.Sleep(time.Second)
			}
			r.countOwners()
			r.set(playWell)
			time.Sleep(5 * time.Second)
			if n := r.countOwners(); n != kept {
				t.Errorf("%s: %d owners were written, want %d", name, n, kept)
			}
		})
	}
}

// TestWhatCouldNotBeReadIsReadLater has a Redis that refuses to read while it still loads what it has, and keeps the
// connections.
func TestWhatCouldNotBeReadIsReadLater(t *testing.T) {
	t.Parallel()
	inMemory(t, func(t *testing.T, r *redisInMemory) {
		play := func(isLoading bool) func(io.Writer, []string) {
			return func(w io.Writer, command []string) {
				isRead := command[0] == "get" || command[0] == "pttl" || command[0] == "hmget"
				switch {
				case isRead && isLoading:
					fmt.Fprint(w, "-LOADING Redis is loading the dataset in memory\r\n")
				case command[0] == "get":
					fmt.Fprint(w, "$24\r\n1 429 RateLimitError - 0\r\n")
				case command[0] == "pttl":
					fmt.Fprint(w, ":60000\r\n")
				case command[0] == "hmget":
					fmt.Fprint(w, "*3\r\n$1\r\n7\r\n$2\r\n11\r\n$1\r\n0\r\n")
				default:
					playWell(w, command)
				}
			}
		}
		time.Sleep(time.Second)
		r.set(play(true))
		c := &counter{}
		r.share(t, c)
		a, b := newDeployment("a"), newDeployment("b")
		r.Add(a, b)
		time.Sleep(1500 * time.Millisecond)
		if isCooling(a) || c.sum() != 0 || r.Status().Connected {
			t.Fatalf("%v, %d, %+v", isCooling(a), c.sum(), r.Status())
		}
		r.set(play(false))
		time.Sleep(5 * time.Second)
		if !isCooling(a) || !isCooling(b) || c.sum() != 11 {
			t.Errorf("%v, %v, %d", isCooling(a), isCooling(b), c.sum())
		}
	})
}
