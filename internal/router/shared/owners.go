package shared

import (
	"context"
	"errors"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/affinity"
	"github.com/flowgate-go/flowgate/internal/router/deployment"
	"github.com/flowgate-go/flowgate/internal/router/shared/health"
	"github.com/flowgate-go/flowgate/internal/router/shared/message"
)

const (
	// maxLookup is how long a request waits for the owners of its session or state.
	maxLookup = 2 * time.Millisecond

	// maxLate is after how many lookups in a row that came too late none is made, until Redis answers in
	// time again.
	maxLate = 3

	// maxPins is how many owners are kept until they are sent: the newest.
	maxPins = 4096

	// maxLookups is how many requests may wait at once.
	maxLookups = 1024
)

// pin is an owner that was not sent.
type pin struct {
	name, owner string
	ttl         time.Duration
	isPushed    bool // all routers shall know it at once
}

// lookup is the question of one request.
type lookup struct {
	wanted []affinity.Wanted
	done   chan struct{} // closed when the stores have what Redis has
}

// ShareOwners implements Link.
func (l *link) ShareOwners(s *affinity.Store, push bool) {
	if push {
		l.mu.Lock()
		l.pushed = s
		l.mu.Unlock()
	}
	s.Tell = func(k affinity.Key, o *affinity.Owner, ttl time.Duration) {
		name := l.sealer.Seal(k)
		l.mu.Lock()
		defer l.mu.Unlock()
		owner, isKnown := l.ownerIDs[*o]
		if !isKnown {
			return
		}
		if l.pins = append(l.pins, pin{name, owner, ttl, push}); len(l.pins) == 1 {
			l.wakeSender()
		}
		if excess := len(l.pins) - maxPins; excess > 0 {
			l.pins = l.pins[excess:]
		}
	}
}

// addOwner makes the deployment one that owners in Redis may name. The caller holds mu.
func (l *link) addOwner(d *deployment.Deployment) {
	id := l.names.ID("owner", d.Owner.Deployment+"\x00"+d.Owner.Account)
	l.owners[id], l.ownerIDs[d.Owner] = &d.Owner, id
}

// addPins adds the owners that were not sent to a batch.
func (l *link) addPins(b *batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Now().Before(l.nextPins) || len(l.pins) == 0 {
		return
	}
	b.pins, l.pins = l.pins, nil
	l.nextPins = time.Now().Add(minPeriod)
	for _, p := range b.pins {
		b.pipe.set(l.names.Owner(p.name), p.owner, p.ttl)
		if p.isPushed {
			b.message = message.AppendLine(b.message, message.Pin, p.name, p.owner)
		}
	}
}

// restorePins keeps owners that could not be sent for the next time. The caller holds mu.
func (l *link) restorePins(pins []pin) {
	l.pins = append(pins, l.pins...)
	l.pins = l.pins[max(0, len(l.pins)-maxPins):]
}

// applyPin takes the owner of a session from another router.
func (l *link) applyPin(c message.Change) {
	k, ok := l.sealer.Unseal(c.ID)
	l.mu.Lock()
	owner, store := l.owners[c.Owner], l.pushed
	l.mu.Unlock()
	if ok && owner != nil && store != nil {
		store.Adopt(k, owner)
	}
}

// Lookup implements Link.
func (l *link) Lookup(wanted []affinity.Wanted) bool {
	if l.health.IsDown() || l.late.Load() >= maxLate {
		return false
	}
	q := &lookup{wanted: wanted, done: make(chan struct{})}
	select {
	case l.lookups <- q:
	default:
		return false
	}
	timer := time.NewTimer(maxLookup)
	defer timer.Stop()
	select {
	case <-q.done:
		l.late.Store(0)
		return true
	case <-timer.C:
		l.late.Add(1)
		return false
	}
}

// find answers lookups until ctx ends: those that wait at the same time in one round trip.
func (l *link) find(ctx context.Context) {
	for {
		var all []*lookup
		select {
		case <-ctx.Done():
			return
		case q := <-l.lookups:
			all = append(all, q)
		}
		for range len(l.lookups) {
			all = append(all, <-l.lookups)
		}
		l.findAll(ctx, all)
	}
}

// findAll makes one round trip for lookups.
func (l *link) findAll(ctx context.Context, all []*lookup) {
	var pipe pipeline
	var replies [][]*command
	for _, q := range all {
		var asked []*command
		for _, w := range q.wanted {
			asked = append(asked, pipe.add("get", l.names.Owner(l.sealer.Seal(w.Key))))
		}
		replies = append(replies, asked)
	}
	if err := l.finder.call(ctx, &pipe); health.Classify(err) != "" && !errors.Is(err, context.Canceled) {
		l.health.Note(health.Commands, err) // no further request waits, until the sender notes that Redis is back
	}
	for i, q := range all {
		for j, w := range q.wanted {
			l.mu.Lock()
			owner := l.owners[replies[i][j].text()]
			l.mu.Unlock()
			if owner != nil {
				w.Store.Adopt(w.Key, owner)
			}
		}
		close(q.done)
	}
}
