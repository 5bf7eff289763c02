package cluster_test

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"
	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/clientkey"
	"github.com/flowgate-go/flowgate/internal/tcp/tcptest"
)

// fault is something that happens to Redis until it is ended.
type fault struct {
	name, begin, end string // what is sent to Redis
	problem          string // what the routers say
}

// faults are those that a command brings about.
var faults = []fault{
	{"maxmemory is reached", "CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0", "full"},
	{"it became a replica of one that is gone", "REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE", "read-only"},
	{"another password", "CONFIG SET requirepass other", `CONFIG SET requirepass ""`, "refused"},
	{"the user lost a right", "ACL SETUSER default -publish", "ACL SETUSER default +publish", "refused"},
}

func TestNoClientSeesAFaultOfRedis(t *testing.T) {
	t.Parallel()
	c := startCluster(t, nil)
	l := startLoad(t, c)
	operator := c.redisAt(c.redisCommand[2], "") // one connection: that of an operator who has logged in
	for _, f := range faults {
		c.ask(operator, f.begin)
		c.ask(operator, "CLIENT KILL TYPE normal SKIPME yes") // all must say again who they are
		c.ask(operator, "CLIENT KILL TYPE pubsub")
		c.waitShared(f.problem)
		c.checkTold(f.problem)
		l.wait(t, 5*workers)
		c.ask(operator, f.end)
		c.waitShared("")
		c.checkTold("")
		l.wait(t, 2*workers)
		t.Logf("%s: %s, and well again", f.name, f.problem)
	}
	for _, command := range []string{"DEBUG SLEEP 2", "CLIENT PAUSE 2000"} { // these end by themselves
		before := lo.Map(c.routers, func(r *router, _ int) int { return r.countTold("slow") })
		words := wordsOf(command)
		_, err := redis.DoWithTimeout(c.redisAt(c.redisCommand[2], ""), 20*time.Second, words[0].(string), words[1:]...)
		if timeout := net.Error(nil); err != nil && (!errors.As(err, &timeout) || !timeout.Timeout()) {
			t.Fatalf("%s: %v", command, err)
		}
		for i, r := range c.routers {
			eventually(t, fmt.Sprintf("router %d said that Redis was slow after %s", i, command),
				func() bool { return r.countTold("slow") > before[i] })
		}
		c.waitShared("")
		c.checkTold("")
	}
	l.checkNoneFailed(t)
	c.checkShares()
}

// countTold returns how often a router has logged a problem of Redis.
func (r *router) countTold(problem string) int {
	return strings.Count(r.output(), `"problem":"`+problem+`"`)
}

// wordsOf returns the words of a command.
func wordsOf(command string) []any {
	return lo.Map(strings.Fields(command), func(w string, _ int) any { return strings.Trim(w, `"`) })
}

func TestAReplicaThatIsPromotedHasWhatTheRoutersCounted(t *testing.T) {
	t.Parallel()
	var at *address
	var key string
	c := startCluster(t, func(c *cluster) {
		key = c.createKey("laptop", clientkey.Limits{RPM: lo.ToPtr[int64](6)})
		at = startAddress(t, c.redisCommand[2])
		c.redisPort = at.number()
	})
	replica := c.startReplica()
	first := ask(c.url, masterKey, "session-of-the-failover")
	for got := ask(c.url, key, ""); got.status != 429; got = ask(c.url, key, "") {
		if got.status != 200 {
			t.Fatalf("%d %v %s", got.status, got.err, got.body)
		}
	}
	eventually(t, "the replica has what the routers counted", func() bool {
		return strings.Contains(c.ask(c.redisAt(c.redisCommand[2], ""), "INFO replication"), "lag=0")
	})
	l := startLoad(t, c)
	_ = c.redis.cmd.Process.Kill()
	c.redis.wait()
	c.waitShared("unreachable")
	c.checkTold("unreachable")
	l.wait(t, 5*workers)
	c.ask(c.redisAt(replica, ""), "REPLICAOF NO ONE")
	at.moveTo(replica)
	c.waitShared("")
	c.checkTold("")
	l.wait(t, 5*workers)
	l.checkNoneFailed(t)
	c.routers[0].restart() // it knows nothing but what is in Redis
	c.waitShared("")
	if got := ask(c.routers[0].url, masterKey, "session-of-the-failover"); got.deployment != first.deployment {
		t.Errorf("the session went from %q to %q", first.deployment, got.deployment)
	}
	c.checkShares()
}

// startReplica starts a replica of Redis, waits until it has all data, and returns its port.
func (c *cluster) startReplica() string {
	c.t.Helper()
	port := tcptest.FreePort(c.t)
	command := redisCommand(c.redisCommand[0], port, filepath.Dir(c.mounted), "--replicaof", "127.0.0.1", c.redisCommand[2])
	start(c.t, "Finished with success", command[0], command[1:]...)
	return fmt.Sprint(port)
}

func TestCountsAreStillThereAfterRedisLostAll(t *testing.T) {
	t.Parallel()
	var key string
	c := startCluster(t, func(c *cluster) {
		key = c.createKey("dear", clientkey.Limits{MaxBudget: lo.ToPtr(0.05), BudgetDuration: "30d"}) // a request costs 0.02
	})
	for got := ask(c.url, key, ""); got.status != 429; got = ask(c.url, key, "") {
		if got.status != 200 {
			t.Fatalf("%d %v %s", got.status, got.err, got.body)
		}
	}
	c.askRedis("FLUSHALL")
	_ = c.redis.cmd.Process.Kill()
	c.redis.wait()
	c.waitShared("unreachable")
	c.startRedis() // it has no data
	c.waitShared("")
	c.routers[1].restart() // it knows nothing but what the others have told Redis again
	c.waitShared("")
	for i, r := range c.routers {
		if got := ask(r.url, key, ""); got.status != 429 || !strings.Contains(got.body, "budget") {
			t.Errorf("router %d: %d %s", i, got.status, got.body)
		}
	}
}

func TestRequestsDoNotWaitForASlowRedis(t *testing.T) {
	t.Parallel()
	var at *address
	c := startCluster(t, func(c *cluster) {
		c.createKey("first", clientkey.Limits{})
		at = startAddress(t, c.redisCommand[2])
		c.redisPort = at.number()
	})
	const delay = 400 * time.Millisecond // each round trip is in time, and no request waits for one
	at.setDelay(delay)
	var took []time.Duration
	reads := c.countReads()
	const asked = 60
	for i := range asked {
		began := time.Now()
		got := ask(c.routers[i%routers].url, masterKey, fmt.Sprintf("session-%d-0123456789", i))
		if took = append(took, time.Since(began)); got.status != 200 {
			t.Fatalf("%d %v %s", got.status, got.err, got.body)
		}
	}
	slices.Sort(took)
	if median := took[asked/2]; median > delay {
		t.Errorf("half of the requests took %v and more, and Redis answers after %v", median, delay)
	}
	if n := c.countReads() - reads; n == 0 || n > asked/2 {
		t.Errorf("%d of %d requests asked a Redis that answers late", n, asked)
	}
	at.setDelay(0)
	eventually(t, "requests ask Redis again", func() bool {
		before := c.countReads()
		_ = ask(c.routers[0].url, masterKey, fmt.Sprintf("session-%d-later", time.Now().UnixNano()))
		return c.countReads() > before
	})
}
