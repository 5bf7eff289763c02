package router_test

import (
	"testing"

	"github.com/flowgate-go/flowgate/internal/router"
	"github.com/flowgate-go/flowgate/internal/router/routertest"
)

// A Transport may read a request's body after its reply has come: the router
// must not give the buffers to another request as long.
func TestBuffersAreNotUsedAgainWhileTheTransportStillReadsThem(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Minimal, router.Options{})
	const times = 20 // under the race detector, a sync.Pool forgets at random
	var small, lent, closed int
	for range times {
		small += map[bool]int{true: 1}[s.Router.LendBody(1<<10, false)] // copied
		lent += map[bool]int{true: 1}[s.Router.LendBody(100<<10, false)]
		closed += map[bool]int{true: 1}[s.Router.LendBody(100<<10, true)]
	}
	if lent != 0 || closed == 0 || small == 0 {
		t.Errorf("of %d calls each, %d whose body is lent were used again, %d whose body is closed, %d whose body was copied",
			times, lent, closed, small)
	}
}

// TestShortRequestsDoNotKeepLongBuffers: they would hold their memory as long as they come.
func TestShortRequestsDoNotKeepLongBuffers(t *testing.T) {
	t.Parallel()
	s := routertest.Start(t, routertest.Minimal, router.Options{})
	for range 20 {
		s.Router.LendBody(100<<10, true)
		if room := s.Router.ShortCallRoom(); room > 16<<10 {
			t.Errorf("a short request got a buffer of %d bytes", room)
		}
	}
}
