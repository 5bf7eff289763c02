package route_test

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/cooldown"
)

// sharingDelay is how long it takes until the other routers know what one of them has seen: the longest that
// is promised.
const sharingDelay = 50 * time.Millisecond

// sharing is a double of what routers share through Redis (package shared): events of cooldowns come to the
// others after sharingDelay, and all look sessions up in one store.
type sharing struct {
	*cluster
	patience []func() float64 // of each router
	underway sync.WaitGroup
}

// shareAll has the routers of a cluster share what they know.
func shareAll(c *cluster) {
	s := &sharing{cluster: c}
	c.atEnd = s.underway.Wait
	for i, n := range c.routers {
		s.patience = append(s.patience, n.locked(rand.New(rand.NewPCG(uint64(i), 3))))
		n.policy.Sessions = c.routers[0].policy.Sessions
		n.policy.Cooldown.Announce = func(state *cooldown.State, e cooldown.Event) {
			s.underway.Go(func() { s.tell(i, state.Deployment.ID, e) })
		}
	}
}

// shareWithOtherClocks is shareAll with clocks of the routers that are up to a minute apart.
func shareWithOtherClocks(c *cluster) {
	shareAll(c)
	for i, n := range c.routers {
		ahead := time.Duration(i) * time.Minute / manyRouters
		n.policy.Now = func() time.Time { return time.Now().Add(ahead) }
		n.policy.Cooldown.Now = n.policy.Now
	}
}

// tell has all routers but one honour an event of a deployment.
func (s *sharing) tell(from int, deployment string, e cooldown.Event) {
	time.Sleep(sharingDelay)
	e.Left -= sharingDelay
	for i, n := range s.routers {
		if i != from {
			n.policy.Cooldown.Honour(&n.find(deployment).Cooldown, e, s.patience[i](), false)
		}
	}
}
