package cluster_test

import (
	"fmt"
	"syscall"
	"testing"

	"github.com/samber/lo"
)

func TestAKilledRouterLosesOnlyWhatWasInFlightInIt(t *testing.T) {
	t.Parallel()
	c := startCluster(t, nil)
	waiting, open := c.upstream.hold()
	l := startLoad(t, c)
	eventually(t, "all requests are in flight", func() bool { return lo.Sum(lo.Values(waiting())) == workers })
	lost := waiting()["r0"]
	c.routers[0].signal(t, syscall.SIGKILL)
	c.routers[0].wait()
	open()
	l.wait(t, 20*workers)
	failed := l.end()
	if lost == 0 || len(failed) != lost {
		t.Errorf("%d of %d requests failed, and %d were in flight in the killed router: %v", len(failed), l.total, lost, failed[:min(3, len(failed))])
	}
	if l.servedBy("r1") == 0 || l.servedBy("r2") == 0 {
		t.Errorf("served by %v", l.served)
	}
}

func TestARollingRestartLosesNothing(t *testing.T) {
	t.Parallel()
	c := startCluster(t, nil)
	l := startLoad(t, c)
	for i, r := range c.routers {
		l.wait(t, 5*workers)
		r.restart()
		name := fmt.Sprintf("r%d", i)
		before := l.servedBy(name)
		eventually(t, "the router gets requests again", func() bool { return l.servedBy(name) > before })
	}
	l.checkNoneFailed(t)
	t.Logf("%d requests, served by %v", l.total, l.served)
}
