package shared_test

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/cooldown"
	"github.com/flowgate-go/flowgate/internal/router/deployment"
)

// began is the event of a cooldown that lasts a minute.
var began = cooldown.Event{Kind: cooldown.Began, Left: time.Minute, Failure: cooldown.Failure{Status: 429}}

// isCooling reports whether a deployment cools down.
func isCooling(d *deployment.Deployment) bool {
	access, _ := d.Cooldown.Access(time.Now())
	return access == cooldown.Closed
}

func TestARouterThatEndsWhileItSendsSendsWhatIsLeftAndSaysGoodbye(t *testing.T) {
	t.Parallel()
	inMemory(t, func(t *testing.T, r *redisInMemory) {
		a, b := newDeployment("a"), newDeployment("b")
		r.Add(a, b)
		time.Sleep(100 * time.Millisecond)
		r.sent("")
		answer := make(chan struct{})
		r.set(func(c io.Writer, command []string) {
			<-answer
			playWell(c, command)
		})
		r.Announce(&a.Cooldown, began)
		synctest.Wait()
		r.Announce(&b.Cooldown, began) // while the first one is on its way
		ended := make(chan struct{})
		go func() {
			r.Close() // as SIGTERM has it
			close(ended)
		}()
		synctest.Wait()
		close(answer)
		<-ended
		messages := r.sent("publish")
		if len(messages) != 2 || strings.Count(messages[0], "\ncool ") != 1 || strings.Count(messages[1], "\ncool ") != 1 ||
			!strings.HasSuffix(messages[1], "\nbye") {
			t.Errorf("%q", messages)
		}
	})
}

func TestARouterThatEndsDoesNotWaitForARedisThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	inMemory(t, func(t *testing.T, r *redisInMemory) {
		a := newDeployment("a")
		r.Add(a, newDeployment("b"))
		time.Sleep(100 * time.Millisecond)
		r.set(func(io.Writer, []string) {})
		r.Announce(&a.Cooldown, began)
		synctest.Wait()
		since := time.Now()
		r.Close()
		if took := time.Since(since); took > 500*time.Millisecond {
			t.Errorf("it took %v", took)
		}
	})
}

func TestCooldownsAreSentAtOnceAndThoseOfOthersAreHonoured(t *testing.T) {
	t.Parallel()
	inMemory(t, func(t *testing.T, r *redisInMemory) {
		a := newDeployment("a")
		r.Add(a, newDeployment("b"))
		time.Sleep(100 * time.Millisecond)
		r.sent("")
		r.Announce(&a.Cooldown, began)
		synctest.Wait() // no time passes
		told := r.sent("\ncool ")
		if len(told) != 1 {
			t.Fatalf("%q", told)
		}
		id := strings.Fields(told[0])[5]
		if isCooling(a) {
			t.Fatal("the policy was not asked, and yet it cools down")
		}
		r.publish("cool " + id + " 60000 429 RateLimitError - 1")
		if !isCooling(a) {
			t.Error("the cooldown of another router is not honoured")
		}
		r.publish("warm " + id)
		if isCooling(a) {
			t.Error("its end is not honoured")
		}
		r.Forget(a)
		r.publish("cool " + id + " 60000 429 RateLimitError - 1")
		if isCooling(a) {
			t.Error("one of a deployment that was forgotten is honoured")
		}
		r.sent("")
		r.Announce(&a.Cooldown, began)
		synctest.Wait()
		if told := r.sent("cool"); len(told) > 0 {
			t.Errorf("%q", told)
		}
	})
}

func TestCooldownsThatCouldNotBeSentAreSentWithWhatIsLeftOfThem(t *testing.T) {
	t.Parallel()
	inMemory(t, func(t *testing.T, r *redisInMemory) {
		a, b := newDeployment("a"), newDeployment("b")
		r.Add(a, b)
		time.Sleep(100 * time.Millisecond)
		r.set(playButFor("", "-LOADING Redis is loading the dataset in memory\r\n"))
		r.Announce(&a.Cooldown, began)
		short := began
		short.Left = time.Second
		r.Announce(&b.Cooldown, short)
		time.Sleep(9500 * time.Millisecond) // between two tries
		r.sent("")
		r.set(playWell)
		time.Sleep(1100 * time.Millisecond)
		told := r.sent("\ncool ")
		if len(told) != 1 || strings.Count(told[0], "\ncool ") != 1 {
			t.Fatalf("%q", told)
		}
		left, err := time.ParseDuration(strings.Fields(told[0][strings.Index(told[0], "\ncool "):])[2] + "ms")
		if err != nil || left != 50*time.Second {
			t.Errorf("%v is left of a minute after 10 s: %v", left, err)
		}
	})
}
