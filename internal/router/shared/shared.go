// Package shared lets several routers act as one through Redis: a cooldown that one of them begins is
// honoured by all. Open makes a Link, Add names the deployments, and Close ends it.
//
// Only a request of a session or with state that this router has not seen asks Redis, once and for at most
// 2 ms (Lookup), and only in a group of several deployments. Otherwise no request waits: one goroutine sends
// what has changed, another one receives what other routers have sent. When Redis does not answer, the router
// goes on with what it knows, Status says so, and the goroutines try again until it answers.
//
// All names in Redis begin with "flowgate:{…}:", where … is made from the gateway key, so that two stacks
// with different keys do not mix, and the names of deployments are digests that depend on it, too. Neither
// keys nor names of the user go to Redis.
//
//	c:ID      the cooldown of a deployment: the failure that it followed; expires with the cooldown
//	n:ID      a hash: requests and tokens of a deployment in a minute, or of a key in its window, or dollars
//	          of a key in the period of its budget; expires at the end of that
//	r:ORIGIN  a router that lives; expires after 3 s
//	m         the channel on which routers tell each other of changes (package message)
//
//	o:KEY     the deployment that a session or a piece of state belongs to; KEY is encrypted with a key that is
//	          made from the gateway key; expires as in the router
//
// A router adds what it has counted every 20 to 50 ms, in one round trip for all counts, and Redis tells
// all routers the new sums: a request makes no round trip. So a limit may be exceeded by what comes to the
// other routers within that time. What is in flight is told by each router and forgotten with it.
//
// The names are made by package name, the messages by package message, and package health knows whether Redis
// answers. What is left has more than 700 lines because one round trip holds all that has changed, whatever it is.
//
// Times in Redis are always spans, never times of a clock: the clocks of the routers may differ.
package shared

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	mathrand "math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/affinity"
	"github.com/flowgate-go/flowgate/internal/router/cooldown"
	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/settings"
	"github.com/flowgate-go/flowgate/internal/router/shared/health"
	"github.com/flowgate-go/flowgate/internal/router/shared/name"
	"github.com/flowgate-go/flowgate/internal/router/tally"
)

// Options are the settings of a Link. All are required, except Logger and Now.
type Options struct {
	Redis    settings.Redis
	Secret   string           // the gateway key, from which names are made; it never leaves this process
	Cooldown *cooldown.Policy // gets the cooldowns of other routers; Open sets its Announce
	Logger   *slog.Logger     // default: none
	Now      func() time.Time // default time.Now

	dial dialer // for tests whose clock is not real
}

// Link is a router's connection with the others. It is safe for concurrent use.
type Link interface {
	// Add makes the cooldowns of the deployments of a group shared ones.
	Add(group ...*deployment.Deployment)

	// Forget ends what Add began.
	Forget(group ...*deployment.Deployment)

	// Clock returns the clock of Redis.
	Clock() *tally.Clock

	// Count lets all routers count something together. kind and name are the same on all of them. The
	// function that it returns must be called when Take has something new; it does not block.
	Count(kind, name string, what Counted) (changed func())

	// Gauge lets all routers know the sum of a number. kind and name are the same on all of them. The function
	// that it returns must be called when the number has changed; it does not block.
	Gauge(kind, name string, what Gauge) (changed func())

	// Uncount ends what Count and Gauge began.
	Uncount(kind, name string)

	// ShareOwners lets routers share the owners in a store. With push all of them learn each change at once;
	// otherwise they ask for what they do not know.
	ShareOwners(s *affinity.Store, push bool)

	// Lookup asks Redis for owners that the stores do not have, in one round trip, and reports whether the
	// stores may have some of them now. It waits at most 2 ms; what comes later is kept for the next request.
	Lookup(wanted []affinity.Wanted) bool

	// Status returns how sharing works now.
	Status() health.Status

	// Close ends the Link. What has changed is sent before that, if Redis answers.
	Close()
}

// link is a Link.
type link struct {
	names    name.Names
	origin   string // the name of this router among the others, new at each start
	dial     func(context.Context) (*connected, error)
	sender   connection // used by send only
	finder   connection // used by find only
	policy   *cooldown.Policy
	now      func() time.Time
	health   *health.Monitor
	wake     chan struct{} // something shall be sent at once
	stop     context.CancelFunc
	running  sync.WaitGroup
	nextBeat time.Time // when the others must be told that this router lives; used by send only

	clock       tally.Clock // of Redis
	isTimeKnown bool        // clock was set; used by send only
	nextSums    time.Time   // when the next batch of sums may be sent; used by send only
	nextGauges  time.Time   // the same for gauges

	mu      sync.Mutex
	sums    map[string]*counted // by id
	counts  []*counted          // of sums, that have something new
	unread  []*counted          // of sums, that were not read
	gauges  map[string]*gauge   // by id
	flights []*gauge            // of gauges, that have changed

	sealer   name.Sealer
	owners   map[string]*affinity.Owner // by id
	ownerIDs map[affinity.Owner]string
	pushed   *affinity.Store // whose changes all routers learn at once; nil: none
	pins     []pin           // that were not sent
	nextPins time.Time       // when the next ones may be sent
	lookups  chan *lookup
	late     atomic.Int64 // lookups in a row that came too late

	tellsAll bool // the next batch tells all that others should know: Redis may have lost it

	members map[string]*member // by id
	byState map[*cooldown.State]*member
	changed []*member // with an event that was not sent
	fresh   []*member // whose cooldown in Redis was not read
	peers   map[string]time.Time
}

// member is a deployment with its name in Redis.
type member struct {
	id     string
	state  *cooldown.State
	isOnly bool

	events []queuedEvent // that were not sent
}

// Open makes a Link and begins to connect. It does not wait for Redis.
func Open(o Options) Link {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	l := &link{names: name.New(o.Secret, o.Redis.Namespace), origin: newOrigin(),
		policy: o.Cooldown, now: o.Now, wake: make(chan struct{}, 1), members: map[string]*member{},
		byState: map[*cooldown.State]*member{}, peers: map[string]time.Time{}, sums: map[string]*counted{},
		gauges: map[string]*gauge{}, owners: map[string]*affinity.Owner{}, ownerIDs: map[affinity.Owner]string{},
		lookups: make(chan *lookup, maxLookups)}
	l.dial = func(ctx context.Context) (*connected, error) { return connect(ctx, &o.Redis, o.dial) }
	l.sender.dial, l.finder.dial = l.dial, l.dial
	l.sealer = name.NewSealer(&l.names)
	l.health = health.New(o.Logger, o.Now)
	l.policy.Announce = l.announce
	ctx, stop := context.WithCancel(context.Background())
	l.stop = stop
	l.running.Go(func() { l.send(ctx) })
	l.running.Go(func() { l.receive(ctx) })
	l.running.Go(func() { l.find(ctx) })
	return l
}

// newOrigin returns a random name.
func newOrigin() string {
	var random [8]byte
	_, _ = rand.Read(random[:]) // it never fails
	return hex.EncodeToString(random[:])
}

// Close implements Link.
func (l *link) Close() {
	l.stop()
	l.running.Wait()
	l.sender.close()
	l.finder.close()
}

// DeploymentName returns the name of a deployment that is the same at all routers.
func DeploymentName(d *deployment.Deployment) string {
	s := d.Cooldown.Deployment
	return s.ID + "\x00" + s.Group + "\x00" + s.Model
}

// Clock implements Link.
func (l *link) Clock() *tally.Clock { return &l.clock }

// Add implements Link.
func (l *link) Add(group ...*deployment.Deployment) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, d := range group {
		m := &member{id: l.names.ID("deployment", DeploymentName(d)), state: &d.Cooldown, isOnly: len(group) == 1}
		l.addOwner(d)
		if old := l.members[m.id]; old != nil {
			delete(l.byState, old.state)
		}
		l.members[m.id], l.byState[m.state] = m, m
		l.fresh = append(l.fresh, m)
	}
	l.wakeSender()
}

// Forget implements Link.
func (l *link) Forget(group ...*deployment.Deployment) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, d := range group {
		if m := l.byState[&d.Cooldown]; m != nil {
			delete(l.byState, m.state)
			delete(l.members, m.id)
		}
	}
}

// announce keeps a change of a cooldown until it is sent. It is cooldown.Policy.Announce.
func (l *link) announce(s *cooldown.State, e cooldown.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.byState[s]
	if m == nil {
		return
	}
	if len(m.events) == 0 {
		l.changed = append(l.changed, m)
	}
	m.keepEvents(append(m.events, queuedEvent{e, l.now()}))
	l.wakeSender()
}

// wakeSender makes send look for something to send.
func (l *link) wakeSender() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// honour applies a change that another router announced to the deployment with an id.
func (l *link) honour(id string, e cooldown.Event) {
	l.mu.Lock()
	m := l.members[id]
	l.mu.Unlock()
	if m != nil {
		l.policy.Honour(m.state, e, mathrand.Float64(), m.isOnly)
	}
}
