package shared_test

import (
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/affinity"
	"github.com/flowgate-go/flowgate/internal/router/shared/health"
)

// maxWait is the longest time that a request may wait for Redis.
const maxWait = 2 * time.Millisecond

func TestARequestWaitsTwoMillisecondsForARedisThatDoesNotAnswerAndThenNoneWaits(t *testing.T) {
	t.Parallel()
	inMemory(t, func(t *testing.T, r *redisInMemory) {
		r.set(func(io.Writer, []string) {})
		for i := range 5 {
			began, want := time.Now(), maxWait
			if i >= 3 { // as many came too late
				want = 0
			}
			if r.Lookup(wanted("a")) || time.Since(began) != want {
				t.Errorf("request %d waited %v, want %v", i, time.Since(began), want)
			}
		}
		time.Sleep(2 * time.Second)
		if s := r.Status(); s.Connected || s.Problem != health.Slow || s.Problems != 1 {
			t.Errorf("%+v", s)
		}
		r.sent("")
		began := time.Now()
		if r.Lookup(wanted("b")) || time.Since(began) != 0 || len(r.sent(" get ")) > 0 {
			t.Errorf("a request waited %v for a Redis that is known to be away", time.Since(began))
		}
		r.set(playWell)
		time.Sleep(5 * time.Second)
		began = time.Now()
		if s := r.Status(); !s.Connected || !r.Lookup(wanted("c")) || time.Since(began) != 0 {
			t.Errorf("after it answers again: %+v, waited %v", s, time.Since(began))
		}
	})
}

func TestAReplyThatComesTooLateIsForTheNextRequest(t *testing.T) {
	t.Parallel()
	inMemory(t, func(t *testing.T, r *redisInMemory) {
		d := newDeployment("d")
		store := affinity.NewStore(10, time.Hour, time.Now)
		r.Add(d, newDeployment("e"))
		r.ShareOwners(store, false)
		store.Set(affinity.NewKey("s", "of this router"), &d.Owner)
		time.Sleep(time.Second)
		var id string // of the owner, as the router wrote it
		if sent := r.sent(":o:"); len(sent) != 1 {
			t.Fatalf("%q", sent)
		} else if _, err := fmt.Sscanf(sent[0], "set %s %s", new(string), &id); err != nil {
			t.Fatal(err)
		}
		r.set(func(c io.Writer, command []string) {
			if command[0] == "get" {
				time.Sleep(3 * time.Millisecond)
				fmt.Fprintf(c, "$%d\r\n%s\r\n", len(id), id)
				return
			}
			playWell(c, command)
		})
		asked := []affinity.Wanted{{Store: store, Key: affinity.NewKey("s", "of another router")}}
		if r.Lookup(asked) {
			t.Error("a reply after 3 ms came in time")
		}
		if _, ok := store.Find(asked[0].Key); ok {
			t.Error("the owner is known before the reply")
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if o, ok := store.Find(asked[0].Key); !ok || o.Deployment != "d" {
			t.Errorf("%+v, %v", o, ok)
		}
		if s := r.Status(); !s.Connected {
			t.Errorf("one late reply is a problem: %+v", s)
		}
	})
}

func TestALookupThatFailsIsToldByHealth(t *testing.T) {
	t.Parallel()
	inMemory(t, func(t *testing.T, r *redisInMemory) {
		r.set(playButFor(":o:", "-NOPERM this user has no permissions to access one of the keys\r\n"))
		time.Sleep(100 * time.Millisecond) // the next sign of life comes later
		r.Lookup(wanted("a"))
		synctest.Wait()
		if s := r.Status(); s.Connected || s.Problem != health.Refused || s.Message == "" {
			t.Errorf("%+v", s)
		}
		r.sent("")
		if r.Lookup(wanted("b")) || len(r.sent(":o:")) > 0 {
			t.Error("the next request asks once more")
		}
		r.set(playWell)
		time.Sleep(5 * time.Second)
		if s := r.Status(); !s.Connected || !r.Lookup(wanted("c")) {
			t.Errorf("%+v", s)
		}
	})
}

func TestRequestsThatWaitAtOnceAskInOneRoundTrip(t *testing.T) {
	t.Parallel()
	inMemory(t, func(t *testing.T, r *redisInMemory) {
		first := make(chan struct{})
		r.set(func(c io.Writer, command []string) {
			if command[0] == "get" {
				<-first
			}
			playWell(c, command)
		})
		const requests = 10
		answered := make(chan bool, requests)
		for i := range requests {
			go func() { answered <- r.Lookup(wanted(fmt.Sprint(i))) }()
			synctest.Wait() // the first one is asked, the others wait
		}
		close(first)
		for range requests {
			if !<-answered {
				t.Error("a request got no answer")
			}
		}
		if n := len(r.sent(":o:")); n != requests || r.lookups != 2 {
			t.Errorf("%d of %d asked in %d round trips", n, requests, r.lookups)
		}
	})
}
