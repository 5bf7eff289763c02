package cluster_test

import (
	"sync"
	"testing"
	"time"

	"github.com/samber/lo"
)

// workers is how many clients send requests at once under load.
const workers = 12

// load is clients that send one request after the other to haproxy.
type load struct {
	stop    chan struct{}
	clients sync.WaitGroup

	mu     sync.Mutex
	total  int
	began  []time.Time
	failed []result
	served map[string]int // good replies by router
}

// startLoad starts clients that send requests until end is called, or the test ends.
func startLoad(t *testing.T, c *cluster) *load {
	t.Helper()
	l := &load{stop: make(chan struct{}), served: map[string]int{}}
	for range workers {
		l.clients.Go(func() {
			for {
				select {
				case <-l.stop:
					return
				default:
					l.note(ask(c.url, masterKey, ""))
				}
			}
		})
	}
	t.Cleanup(func() { l.end() })
	return l
}

// note notes what became of a request.
func (l *load) note(got result) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total++
	l.began = append(l.began, got.began)
	if got.err != nil || got.status != 200 {
		l.failed = append(l.failed, got)
		return
	}
	l.served[got.router]++
}

// wait waits until n further requests have ended.
func (l *load) wait(t *testing.T, n int) {
	t.Helper()
	before := l.count()
	eventually(t, "further requests have ended", func() bool { return l.count() >= before+n })
}

// count returns how many requests have ended.
func (l *load) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total
}

// countBegun returns how many requests began in a span of time, and have ended.
func (l *load) countBegun(from, to time.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return lo.CountBy(l.began, func(at time.Time) bool { return !at.Before(from) && !at.After(to) })
}

// servedBy returns how many good replies a router has given.
func (l *load) servedBy(router string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.served[router]
}

// checkNoneFailed ends the load and checks that no request failed.
func (l *load) checkNoneFailed(t *testing.T) {
	t.Helper()
	failed := l.end()
	if len(failed) > 0 {
		t.Errorf("%d of %d requests failed, the first: %+v", len(failed), l.total, failed[:min(3, len(failed))])
	}
}

// end ends the load and returns the requests that failed.
func (l *load) end() []result {
	select {
	case <-l.stop:
	default:
		close(l.stop)
	}
	l.clients.Wait()
	return l.failed
}
