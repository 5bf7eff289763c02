package cluster_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/samber/lo"
)

func TestAKilledRouterLosesOnlyWhatWasInFlightInIt(t *testing.T) {
	t.Parallel()
	c := startCluster(t, nil)
	waiting, open := c.upstream.hold()
	l := startLoad(t, c)
	eventually(t, "all requests are in flight", func() bool { return lo.Sum(lo.Values(waiting())) == workers })
	lost := waiting()["r0"]
	killed := time.Now()
	c.routers[0].signal(t, syscall.SIGKILL)
	c.routers[0].wait()
	gone := time.Now()
	open()
	l.wait(t, 20*workers)
	failed := l.end()
	late := lo.CountBy(failed, func(r result) bool { return r.began.After(gone) })
	meanwhile := l.countBegun(killed, gone) // their connections may be in the queue of the router that ends
	if lost == 0 || len(failed) < lost || len(failed) > lost+meanwhile || late > 0 {
		t.Errorf("%d of %d requests failed, %d of them began after the router was gone; %d were in flight in it, %d began while "+
			"it ended: %+v", len(failed), l.total, late, lost, meanwhile, failed[:min(3, len(failed))])
	}
	t.Logf("%d of %d requests failed, %d were in flight in the killed router", len(failed), l.total, lost)
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
