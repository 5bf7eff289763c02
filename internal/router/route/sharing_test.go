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

	order sync.Mutex
	told  []chan struct{} // by router: closed when its last event has been told
}

// shareAll has the routers of a cluster share what they know.
func shareAll(c *cluster) {
	s := &sharing{cluster: c, told: make([]chan struct{}, len(c.routers))}
	c.atEnd = s.underway.Wait
	for i, n := range c.routers {
		s.patience = append(s.patience, n.locked(rand.New(rand.NewPCG(uint64(i), 3))))
		n.policy.Sessions = c.routers[0].policy.Sessions
		n.policy.Cooldown.Announce = func(state *cooldown.State, e cooldown.Event) {
			before, told := s.takeTurn(i)
			s.underway.Go(func() {
				defer close(told)
				time.Sleep(sharingDelay)
				if before != nil {
					<-before
				}
				s.tell(i, state.Deployment.ID, e)
			})
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

// takeTurn returns what is closed when the last event of a router has been told, and what to close when the
// next one has: a request may end a trial and begin another one at the same instant of the fake clock, and
// the order in which they are told must be the same in each run.
func (s *sharing) takeTurn(router int) (before, told chan struct{}) {
	s.order.Lock()
	defer s.order.Unlock()
	before, told = s.told[router], make(chan struct{})
	s.told[router] = told
	return before, told
}

// tell has all routers but one honour an event of a deployment.
func (s *sharing) tell(from int, deployment string, e cooldown.Event) {
	e.Left -= sharingDelay
	for i, n := range s.routers {
		if i != from {
			n.policy.Cooldown.Honour(&n.find(deployment).Cooldown, e, s.patience[i](), false)
		}
	}
}
