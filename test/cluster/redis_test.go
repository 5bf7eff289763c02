package cluster_test

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// ready returns what a router answers to a readiness probe.
func (r *router) ready() (status int, body string) {
	return getAs(r.t, r.url+"/health/readiness", masterKey)
}

// getAs returns the status and the text of a page that is asked for with a key.
func getAs(t *testing.T, url, key string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var text strings.Builder
	if err := resp.Write(&text); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, text.String()
}

// checkTold checks that health and metrics of each router say how sharing works.
func (c *cluster) checkTold(problem string) {
	c.t.Helper()
	connected, health := "flowgate_redis_connected 1", `"redis":"connected"`
	if problem != "" {
		connected, health = "flowgate_redis_connected 0", `"redis":"`+problem+`"`
	}
	for i, r := range c.routers {
		if status, body := r.ready(); status != 200 || !strings.Contains(body, health) {
			c.t.Errorf("router %d, readiness: %d %s", i, status, body)
		}
		if _, body := getAs(c.t, r.url+"/metrics", masterKey); !strings.Contains(body, connected) {
			c.t.Errorf("router %d: the metrics do not say %s", i, connected)
		}
	}
}

func TestNoClientSeesWhatHappensToRedis(t *testing.T) {
	t.Parallel()
	c := startCluster(t, nil)
	c.checkTold("")
	l := startLoad(t, c)
	l.wait(t, 5*workers)

	c.redis.signal(t, syscall.SIGSTOP)
	c.waitShared("slow")
	c.checkTold("slow")
	l.wait(t, 10*workers)
	c.redis.signal(t, syscall.SIGCONT)
	c.waitShared("")
	c.checkTold("")

	c.askRedis("FLUSHALL")
	l.wait(t, 10*workers)
	c.waitShared("")

	c.redis.end()
	c.waitShared("unreachable")
	c.checkTold("unreachable")
	l.wait(t, 10*workers)
	c.startRedis()
	c.waitShared("")
	c.checkTold("")
	l.wait(t, 5*workers)

	l.checkNoneFailed(t)
	t.Logf("%d requests, served by %v", l.total, l.served)
	c.checkShares()
}

func TestRequestsNeedAtMostOneCommandOfRedis(t *testing.T) {
	t.Parallel()
	c := startCluster(t, nil)
	before := c.redisNumber("INFO stats", "total_commands_processed:")
	began := time.Now()
	l := startLoad(t, c)
	l.wait(t, 100*workers)
	l.checkNoneFailed(t)
	commands, seconds := c.redisNumber("INFO stats", "total_commands_processed:")-before, time.Since(began).Seconds()
	signs := int(3 * routers * (seconds + 2)) // what is sent each second without any request
	if commands > l.total+signs {
		t.Errorf("%d requests needed %d commands of Redis", l.total, commands)
	}
	t.Logf("%d requests in %.0f s, %d commands of Redis", l.total, seconds, commands)
}

// checkShares checks that a cooldown that begins now is known to all routers.
func (c *cluster) checkShares() {
	c.t.Helper()
	c.upstream.refuse("b", "120")
	before := c.upstream.count("b")
	eventually(c.t, "the upstream has refused a request", func() bool {
		_ = ask(c.routers[2].url, masterKey, "")
		return c.upstream.count("b") > before
	})
	for _, r := range c.routers {
		eventually(c.t, "the router knows that the deployment cools down", func() bool { return r.cools("b") })
	}
}

func TestOnlyTheFirstRequestOfASessionAsksRedis(t *testing.T) {
	t.Parallel()
	c := startCluster(t, nil)
	const sessions = 5
	before := c.countReads()
	for i := range 10 * routers { // a group of one deployment
		got := askModel(t.Context(), "solo", c.routers[i%routers].url, masterKey, fmt.Sprintf("0193-solo-session-%d", i))
		if got.status != 200 {
			t.Fatalf("%d %v %s", got.status, got.err, got.body)
		}
	}
	if n := c.countReads() - before; n != 0 {
		t.Errorf("requests for a model with one deployment asked Redis %d times", n)
	}
	for i := range sessions {
		_ = ask(c.routers[i%routers].url, masterKey, fmt.Sprintf("0193-session-number-%d", i))
	}
	if n := c.countReads() - before; n < 1 || n > sessions {
		t.Errorf("the first requests of %d sessions asked Redis %d times", sessions, n)
	}
	eventually(t, "all routers know the sessions", func() bool {
		before := c.countReads()
		for i := range sessions * routers {
			_ = ask(c.routers[i%routers].url, masterKey, fmt.Sprintf("0193-session-number-%d", i/routers))
		}
		return c.countReads() == before
	})
}
