package shared_test

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/affinity"
	"github.com/flowgate-go/flowgate/internal/router/cooldown"
)

// hangUp ends all connections, as a Redis does that is restarted.
func (r *redisInMemory) hangUp() {
	r.mu.Lock()
	subscribers := r.subscribers
	r.subscribers = nil
	r.mu.Unlock()
	for _, c := range subscribers {
		_ = c.Close()
	}
	synctest.Wait()
}

func TestWhatWasSaidWhileNobodyListenedIsReadAfterwards(t *testing.T) {
	t.Parallel()
	inMemory(t, func(t *testing.T, r *redisInMemory) {
		c := &counter{}
		r.share(t, c)
		a, b := newDeployment("a"), newDeployment("b")
		r.Add(a, b)
		time.Sleep(time.Second)
		if isCooling(a) {
			t.Fatal("nobody said that it cools down")
		}
		r.set(func(w io.Writer, command []string) {
			switch line := strings.Join(command, " "); {
			case command[0] == "get" && strings.Contains(line, ":c:"):
				fmt.Fprint(w, "$24\r\n1 429 RateLimitError - 0\r\n")
			case command[0] == "pttl":
				fmt.Fprint(w, ":60000\r\n")
			case command[0] == "hmget":
				fmt.Fprint(w, "*3\r\n$1\r\n7\r\n$2\r\n11\r\n$1\r\n0\r\n")
			default:
				playWell(w, command)
			}
		})
		r.hangUp()
		time.Sleep(time.Second)
		if !isCooling(a) || !isCooling(b) || c.sum() != 11 {
			t.Errorf("%v, %v, %d", isCooling(a), isCooling(b), c.sum())
		}
	})
}

func TestASessionOfAnotherRouterIsKnownWithoutAQuestion(t *testing.T) {
	t.Parallel()
	inMemory(t, func(t *testing.T, r *redisInMemory) {
		a := newDeployment("a")
		pushed, asked := affinity.NewStore(10, time.Hour, time.Now), affinity.NewStore(10, time.Hour, time.Now)
		r.Add(a, newDeployment("b"))
		r.ShareOwners(pushed, true)
		r.ShareOwners(asked, false)
		own, foreign := affinity.NewKey("s", "own"), affinity.NewKey("s", "foreign")
		pushed.Set(own, &a.Owner)
		asked.Set(own, &a.Owner)
		time.Sleep(time.Second)
		var told []string
		for _, line := range strings.Split(strings.Join(r.sent("publish"), "\n"), "\n") {
			if strings.HasPrefix(line, "pin ") {
				told = append(told, line)
			}
		}
		if len(told) != 1 {
			t.Fatalf("%q: those of one store are told to all", told)
		}
		r.publish(told[0]) // as another router would pin it
		pushed.Set(foreign, &a.Owner)
		time.Sleep(time.Second)
		var another string
		if _, err := fmt.Sscanf(strings.Join(r.sent("\npin "), ""), "publish %s 1 %s\npin %s %s", new(string), new(string), &another,
			new(string)); err != nil {
			t.Fatal(err)
		}
		fresh := affinity.NewStore(10, time.Hour, time.Now)
		r.ShareOwners(fresh, true)
		r.publish("pin " + another + " " + strings.Fields(told[0])[2] + "\npin " + another + "x " + strings.Fields(told[0])[2] +
			"\npin " + another + " nobody")
		if o, ok := fresh.Find(foreign); !ok || o.Deployment != "a" || fresh.Size() != 1 {
			t.Errorf("%+v, %v, %d keys", o, ok, fresh.Size())
		}
	})
}

func TestOnlyTheNewestOwnersAndEventsWaitForRedis(t *testing.T) {
	t.Parallel()
	inMemory(t, func(t *testing.T, r *redisInMemory) {
		a := newDeployment("a")
		r.Add(a, newDeployment("b"))
		store := affinity.NewStore(10_000, time.Hour, time.Now)
		r.ShareOwners(store, false)
		time.Sleep(100 * time.Millisecond)
		r.set(playButFor("", "-LOADING Redis is loading the dataset in memory\r\n"))
		const most, events = 4096, 4
		for i := range 2 { // what was taken for a batch that failed comes back
			for j := range most - 10 {
				store.Set(affinity.NewKey("s", strconv.Itoa(i*most+j)), &a.Owner)
			}
			for range events {
				r.Announce(&a.Cooldown, cooldown.Event{Kind: cooldown.Ended})
			}
			time.Sleep(5300 * time.Millisecond) // between two tries
		}
		r.Announce(&a.Cooldown, cooldown.Event{Kind: cooldown.TrialBegan})
		time.Sleep(5 * time.Second) // it is too old to be told
		r.sent("")
		r.set(playWell)
		time.Sleep(1500 * time.Millisecond)
		r.mu.Lock()
		pins, ends, trials := 0, 0, 0
		for _, command := range r.commands {
			line := strings.Join(command, " ")
			if strings.HasPrefix(line, "set ") && strings.Contains(line, ":o:") {
				pins++
			}
			ends += strings.Count(line, "\nwarm ")
			trials += strings.Count(line, "\ntry ")
		}
		r.mu.Unlock()
		if pins != most || ends != events-1 || trials != 0 { // the trial is the newest event
			t.Errorf("%d owners, %d ends of cooldowns and %d trials", pins, ends, trials)
		}
	})
}

func TestARouterDoesNotCountItselfAmongTheOthers(t *testing.T) {
	t.Parallel()
	inMemory(t, func(t *testing.T, r *redisInMemory) {
		c := &counter{}
		id, _, flown := r.share(t, c)
		a := newDeployment("a")
		r.Add(a, newDeployment("b"))
		c.add(2)
		flown()
		r.Announce(&a.Cooldown, cooldown.Event{Kind: cooldown.Began, Left: time.Millisecond * 10})
		time.Sleep(100 * time.Millisecond)
		messages := r.sent("now " + id + " 2")
		if len(messages) != 1 {
			t.Fatalf("%q", messages)
		}
		r.echo(strings.SplitN(messages[0], " ", 3)[2])
		if c.inFlight() != 0 || r.Status().Routers != 0 {
			t.Errorf("%d in flight at %d others", c.inFlight(), r.Status().Routers)
		}
	})
}

// echo sends a message as Redis sends it to the router that it is from.
func (r *redisInMemory) echo(text string) {
	r.mu.Lock()
	subscribers := r.subscribers
	r.mu.Unlock()
	for _, c := range subscribers {
		fmt.Fprintf(c, "*3\r\n$7\r\nmessage\r\n$1\r\nm\r\n$%d\r\n%s\r\n", len(text), text)
	}
	synctest.Wait()
}

// byClock is a counter that is told when the clock of Redis is found to be another one.
type byClock struct {
	counter

	rebased int
}

func (b *byClock) Rebase(time.Time) { b.rebased++ }

func TestTheClockOfRedisCountsOnceItDiffersByAQuarterOfASecond(t *testing.T) {
	t.Parallel()
	inMemory(t, func(t *testing.T, r *redisInMemory) {
		c := &byClock{}
		r.Count("key", "k", c)
		time.Sleep(time.Second)
		synctest.Wait()
		before := c.rebased
		for ahead, want := range map[time.Duration]time.Duration{200 * time.Millisecond: 0, time.Minute: time.Minute} {
			r.set(func(w io.Writer, command []string) {
				if command[0] != "time" {
					playWell(w, command)
					return
				}
				now := time.Now().Add(ahead)
				micros := strconv.Itoa(now.Nanosecond() / 1000)
				seconds := strconv.FormatInt(now.Unix(), 10)
				fmt.Fprintf(w, "*2\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", len(seconds), seconds, len(micros), micros)
			})
			time.Sleep(3 * time.Second)
			synctest.Wait()
			now := time.Now()
			if got := r.Clock().At(now).Sub(now).Round(10 * time.Millisecond); got != want && want != 0 {
				t.Errorf("%v ahead counts as %v", ahead, got)
			}
		}
		if c.rebased == before {
			t.Error("nobody is told of another time")
		}
	})
}
