package cluster_test

import (
	"testing"
	"time"
)

func TestARefusalOfAnUpstreamIsHonouredByAllRouters(t *testing.T) {
	t.Parallel()
	c := startCluster(t, nil)
	c.upstream.refuse("a", "120")
	eventually(t, "the upstream has refused a request", func() bool {
		if got := ask(c.routers[0].url, masterKey, ""); got.status != 200 {
			t.Fatalf("%d %v %s: the other deployment answers", got.status, got.err, got.body)
		}
		return c.upstream.count("a") > 0
	})
	began := time.Now()
	for _, r := range c.routers {
		eventually(t, "the router knows that the deployment cools down", func() bool { return r.cools("a") })
	}
	t.Logf("all routers knew it after %v at most", time.Since(began).Round(time.Millisecond))
	for range 20 {
		for _, url := range []string{c.url, c.routers[1].url, c.routers[2].url} {
			if got := ask(url, masterKey, ""); got.status != 200 || got.deployment != "b" {
				t.Fatalf("%d from %q: %v %s", got.status, got.deployment, got.err, got.body)
			}
		}
	}
	if n := c.upstream.count("a"); n != 1 {
		t.Errorf("the deployment that refuses was asked %d times", n)
	}
}
