package cluster_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/clientkey"
)

// beyond is by how many requests a limit may be exceeded here, by design: routers tell each other what they
// have counted every 20 to 50 ms, and two requests of 20 ms and more, one after the other, end in that time.
const beyond = routers

func TestANewKeyReachesEveryRouterAndItsLimitsHoldOverAll(t *testing.T) {
	t.Parallel()
	c := startCluster(t, func(c *cluster) { c.createKey("first", clientkey.Limits{}) })
	key := c.createKey("laptop", clientkey.Limits{RPM: lo.ToPtr[int64](9)})
	dear := c.createKey("dear", clientkey.Limits{MaxBudget: lo.ToPtr(0.05), BudgetDuration: "30d"}) // a request costs 0.02
	c.mountKeys()
	for _, r := range c.routers {
		eventually(t, "the router knows the new key", func() bool {
			status, _ := getAs(t, r.url+"/v1/models", dear)
			return status == 200
		})
	}
	var good, refused int
	for range 30 {
		switch got := ask(c.url, key, ""); got.status {
		case 200:
			good++
		case 429:
			refused++
		default:
			t.Fatalf("%d %v %s", got.status, got.err, got.body)
		}
	}
	if good < 9 || good > 9+beyond {
		t.Errorf("%d requests of 30 were allowed over three routers, and 9 to %d may be", good, 9+beyond)
	}
	spent := 0
	for i := 0; ; i++ {
		got := ask(c.url, dear, "")
		if got.status == 200 && i < 50 {
			spent++
			continue
		}
		if got.status != 429 || !strings.Contains(got.body, "budget") {
			t.Errorf("%d %s", got.status, got.body)
		}
		break
	}
	if spent < 3 || spent > 3+beyond {
		t.Errorf("%d requests were paid by a budget for 3, and at most %d may be", spent, 3+beyond)
	}
	t.Logf("rpm 9: %d allowed, %d refused; a budget for 3: %d", good, refused, spent)
}

func TestASessionStaysAtItsDeploymentWhateverTheRouter(t *testing.T) {
	t.Parallel()
	c := startCluster(t, nil)
	used := map[string]int{}
	for _, session := range []string{"0193-session-a", "0193-session-b", "0193-session-c", "0193-session-d",
		"0193-session-e", "0193-session-f", "0193-session-g", "0193-session-h"} {
		first := ask(c.url, masterKey, session)
		used[first.deployment]++
		for range 2 * routers {
			if got := ask(c.url, masterKey, session); got.status != 200 || got.deployment != first.deployment {
				t.Errorf("%s: %d from %q by %s, and the first was %q by %s", session, got.status, got.deployment, got.router,
					first.deployment, first.router)
			}
		}
	}
	t.Logf("deployments of the sessions: %v", used)
}

func TestAKeyHasItsParallelRequestsOverAllRouters(t *testing.T) {
	t.Parallel()
	var key string
	c := startCluster(t, func(c *cluster) { key = c.createKey("laptop", clientkey.Limits{MaxParallel: lo.ToPtr[int64](3)}) })
	waiting, open := c.upstream.hold()
	var held sync.WaitGroup
	for i := range routers {
		held.Go(func() { _ = ask(c.routers[i].url, key, "") })
	}
	defer held.Wait()
	defer open()
	eventually(t, "one request is in flight at each router", func() bool { return lo.Sum(lo.Values(waiting())) == routers })
	isRefused := func(r *router) bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second) // a router that allows it keeps it waiting
		defer cancel()
		return askModel(ctx, "m", r.url, key, "").status == 429
	}
	for i, r := range c.routers {
		eventually(t, fmt.Sprintf("router %d refuses a fourth request", i), func() bool { return isRefused(r) })
	}
	_ = c.routers[0].cmd.Process.Kill()
	c.routers[0].wait()
	eventually(t, "the request of a router that was killed does not count any more", func() bool { return !isRefused(c.routers[1]) })
}

func TestASessionThatChangedItsDeploymentStaysAtTheNewOne(t *testing.T) {
	t.Parallel()
	c := startCluster(t, nil)
	const session = "0193-session-that-moves"
	first := ask(c.routers[0].url, masterKey, session).deployment
	c.upstream.refuse(first, "1")
	var second string
	eventually(t, "the session has another deployment", func() bool {
		got := ask(c.routers[1].url, masterKey, session)
		second = got.deployment
		return got.status == 200 && second != first
	})
	c.upstream.accept(first)
	for i, r := range c.routers {
		eventually(t, "the first deployment works again", func() bool { return !r.cools(first) })
		for range 5 {
			if got := ask(r.url, masterKey, session); got.status != 200 || got.deployment != second {
				t.Errorf("router %d: %d from %q, and the session is at %q now", i, got.status, got.deployment, second)
			}
		}
	}
	used := map[string]int{}
	eventually(t, "requests without a session go to both", func() bool {
		used[ask(c.url, masterKey, "").deployment]++
		return used[first] > 0 && used[second] > 0
	})
}
