package route_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/dialect"
)

// The size of a simulation of many routers. Clients are sessions: each is at every router some time.
const (
	manyRouters = 50
	manyClients = 5_000
	manyAsked   = 20_000                 // requests
	manyEvery   = 10 * time.Millisecond  // the mean time between two requests
	manyHosts   = "a b c d e f g h"      // deployments of one model
	manyLatency = 400 * time.Millisecond // the mean time of a reply
)

// The failures of a simulation: b has used up its limits and says for how long, c is broken, d is too
// slow in saying that it is.
const (
	failuresBegin = 60 * time.Second
	failuresEnd   = 120 * time.Second
	slowFailure   = 3 * time.Second
)

// cluster is many routers before the same upstreams. Each request of a client comes to another
// router, as behind a balancer that sends requests round robin.
type cluster struct {
	routers  []*network
	arrivals *rand.Rand
	atEnd    func() // waits until nothing is under way between the routers; nil: nothing is
	started  time.Time

	mu      sync.Mutex
	sent    map[string][]time.Duration // by deployment: when it was asked
	failed  map[string]int             // by deployment: how many requests it refused
	answers map[int][]string           // by client: which deployments answered, one after the other
	ended   map[int]int                // by status: how many requests
	retried int                        // requests that more than one deployment was asked for
}

// newCluster returns routers with the settings in yaml, which join connects with each other.
func newCluster(t *testing.T, yaml string, seed uint64, join func(*cluster)) *cluster {
	c := &cluster{arrivals: rand.New(rand.NewPCG(seed, 1)), started: time.Now(), sent: map[string][]time.Duration{},
		failed: map[string]int{}, answers: map[int][]string{}, ended: map[int]int{}}
	upstreams := map[string]upstreamDouble{}
	for i, name := range strings.Fields(manyHosts) {
		upstreams[name] = c.upstream(name, rand.New(rand.NewPCG(seed, uint64(10+i))))
	}
	for i := range manyRouters {
		n := newNetwork(t, yaml, seed+uint64(100+i))
		n.upstreams = upstreams
		c.routers = append(c.routers, n)
	}
	if join != nil {
		join(c)
	}
	return c
}

// upstream returns a chat upstream that takes about manyLatency. Only b, c and d fail.
func (c *cluster) upstream(name string, random *rand.Rand) upstreamDouble {
	return func(string) doubleReply {
		at := time.Since(c.started)
		c.mu.Lock()
		c.sent[name] = append(c.sent[name], at)
		took := time.Duration(float64(manyLatency) * (0.5 + random.Float64()))
		fails := at >= failuresBegin && at < failuresEnd && strings.Contains("b c d", name)
		if fails {
			c.failed[name]++
		}
		c.mu.Unlock()
		switch {
		case !fails:
		case name == "b":
			time.Sleep(20 * time.Millisecond)
			return doubleReply{status: 429, header: map[string][]string{"Retry-After": {"10"}}, body: "{}"}
		case name == "c":
			time.Sleep(20 * time.Millisecond)
			return doubleReply{status: 500, body: "{}"}
		default:
			time.Sleep(slowFailure)
			return doubleReply{status: 503, body: "{}"}
		}
		time.Sleep(took)
		return chatReply("100", "100")
	}
}

// run sends all requests and waits for their ends.
func (c *cluster) run() {
	var clients sync.WaitGroup
	for i := range manyAsked {
		time.Sleep(time.Duration(c.arrivals.Int64N(2 * int64(manyEvery))))
		client, n := c.arrivals.IntN(manyClients), c.routers[i%manyRouters]
		clients.Go(func() { c.client(n, client) })
	}
	clients.Wait()
	if c.atEnd != nil {
		c.atEnd()
	}
}

// client makes a request of a client at a router.
func (c *cluster) client(n *network, client int) {
	got := n.ask(dialect.Chat, `{"model":"m","messages":[]}`,
		map[string]string{"X-Claude-Code-Session-Id": fmt.Sprintf("0193-session-%d", client)})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended[got.status]++
	c.answers[client] = append(c.answers[client], got.deployment)
	if got.header.Get("X-Litellm-Attempted-Retries") != "0" {
		c.retried++
	}
}

// between returns how often a deployment was asked from one time to another.
func (c *cluster) between(name string, from, to time.Duration) (n int) {
	for _, at := range c.sent[name] {
		if at >= from && at < to {
			n++
		}
	}
	return n
}

// spread returns the fewest and the most requests that a deployment got until a time.
func (c *cluster) spread(until time.Duration) (fewest, most int) {
	fewest = manyAsked
	for _, name := range strings.Fields(manyHosts) {
		n := c.between(name, 0, until)
		fewest, most = min(fewest, n), max(most, n)
	}
	return fewest, most
}

// busiestSecond returns the most requests that a deployment got in a second of a span.
func (c *cluster) busiestSecond(name string, from, to time.Duration) (most int) {
	for at := from; at < to; at += time.Second {
		most = max(most, c.between(name, at, at+time.Second))
	}
	return most
}

// busiestMinute returns the most requests that any deployment got in a minute of the clock.
func (c *cluster) busiestMinute() (most int) {
	offset := c.started.Sub(c.started.Truncate(time.Minute))
	for _, name := range strings.Fields(manyHosts) {
		for minute := -offset; minute < manyAsked*manyEvery+time.Minute; minute += time.Minute {
			most = max(most, c.between(name, minute, minute+time.Minute))
		}
	}
	return most
}

// movedWithoutReason returns how many requests, of how many that followed another one of their client,
// were answered by another deployment than the one before, although none had failed.
func (c *cluster) movedWithoutReason() (moved, followed int) {
	for _, path := range c.answers {
		for i := 1; i < len(path); i++ {
			followed++
			if path[i] != path[i-1] && !strings.Contains("b c d", path[i-1]) {
				moved++
			}
		}
	}
	return moved, followed
}
