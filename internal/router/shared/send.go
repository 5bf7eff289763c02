package shared

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/flowgate-go/flowgate/internal/router/cooldown"
	"github.com/flowgate-go/flowgate/internal/router/shared/health"
	"github.com/flowgate-go/flowgate/internal/router/shared/message"
)

const (
	beatInterval = time.Second     // between two signs of life
	peerTTL      = 3 * time.Second // after the last sign of life, a router counts as dead
	retryAfter   = time.Second     // between two tries when Redis is away
)

// queuedEvent is an event with the time when it happened.
type queuedEvent struct {
	cooldown.Event
	at time.Time
}

// batch is what one round trip sends.
type batch struct {
	pipe    redis.Pipeliner
	message []byte
	loads   []loading
	owners  []*member // of events
	events  [][]queuedEvent
	sums    sumBatch
	pins    []pin
	isBeat  bool // the sign of life is in it
	time    *redis.TimeCmd
	begun   time.Time
}

// loading is a member whose cooldown is read.
type loading struct {
	member *member
	value  *redis.StringCmd
	left   *redis.DurationCmd
}

// send sends what has changed, until ctx ends; then once more what is left.
func (l *link) send(ctx context.Context) {
	for ctx.Err() == nil {
		l.sendOnce(context.WithoutCancel(ctx), nil)
		wake, wait := l.wake, time.Until(l.nextTime())
		if l.health.IsDown() {
			wake, wait = nil, retryAfter
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-wake:
		case <-timer.C:
		}
		timer.Stop()
	}
	if !l.health.IsDown() {
		l.sendOnce(context.WithoutCancel(ctx), message.AppendLine(nil, message.Bye))
	}
}

// sendOnce makes one round trip, if there is something to send. last is a line that is sent besides.
func (l *link) sendOnce(ctx context.Context, last []byte) {
	b := &batch{pipe: l.client.Pipeline(), message: []byte(message.Head(l.origin)), begun: l.now()}
	empty := len(b.message)
	l.addBeat(b)
	l.addEvents(b)
	l.addLoads(b)
	l.addSums(b)
	l.addGauges(b)
	l.addPins(b)
	if b.message = append(b.message, last...); len(b.message) > empty {
		b.pipe.Publish(ctx, l.names.Channel(), b.message)
	}
	if b.pipe.Len() == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	results, err := b.pipe.Exec(ctx)
	err = firstError(results, err)
	l.health.Note(health.Commands, err)
	l.finishSums(b)
	if l.health.IsDown() {
		l.restore(b)
		return
	}
	l.finishLoads(b)
	l.finishTime(b)
}

// nextTime returns when something must be sent, if nothing happens until then.
func (l *link) nextTime() time.Time {
	next := l.nextBeat
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.counts) > 0 && l.nextSums.Before(next) {
		next = l.nextSums
	}
	if len(l.pins) > 0 && l.nextPins.Before(next) {
		next = l.nextPins
	}
	if len(l.flights) > 0 && l.nextGauges.Before(next) {
		next = l.nextGauges
	}
	return next
}

// minDrift is by how much the clock of Redis must have changed against that of this machine to be set anew.
const minDrift = 250 * time.Millisecond

// finishTime compares the clock of Redis with that of this machine.
func (l *link) finishTime(b *batch) {
	if b.time == nil || b.time.Err() != nil {
		return
	}
	now := l.now()
	if now.Sub(b.begun) < maxLookup { // Redis is fast again
		l.late.Store(0)
	}
	ahead := b.time.Val().Sub(b.begun.Add(now.Sub(b.begun) / 2))
	drift := ahead - l.clock.At(now).Sub(now)
	isFirst := !l.isTimeKnown
	l.isTimeKnown = true
	if !isFirst && drift < minDrift && drift > -minDrift {
		return
	}
	l.clock.Set(ahead)
	l.mu.Lock()
	all := slices.Collect(maps.Values(l.sums))
	l.mu.Unlock()
	for _, c := range all {
		if by, isByClock := c.what.(interface{ Rebase(now time.Time) }); isByClock {
			by.Rebase(now)
		}
	}
}

// firstError returns the first error of the results that is one; err is that of the whole round trip.
func firstError(results []redis.Cmder, err error) error {
	for _, r := range results {
		if e := r.Err(); e != nil && !errors.Is(e, redis.Nil) {
			return e
		}
	}
	if errors.Is(err, redis.Nil) {
		return nil
	}
	return err
}

// addBeat adds the sign of life, when it is time for it. It writes, so that a Redis that is full or only
// reads is noticed.
func (l *link) addBeat(b *batch) {
	now := time.Now()
	if now.Before(l.nextBeat) {
		return
	}
	l.nextBeat = now.Add(beatInterval)
	b.pipe.Set(context.Background(), l.names.Router(l.origin), message.Version, peerTTL)
	b.message = message.AppendLine(b.message, message.Alive)
	b.isBeat, b.time = true, b.pipe.Time(context.Background())
}

// addEvents adds the changes of cooldowns.
func (l *link) addEvents(b *batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.changed {
		b.owners, b.events = append(b.owners, m), append(b.events, m.events)
		for _, e := range m.events {
			l.addEvent(b, m, e)
		}
		m.events = nil
	}
	l.changed = nil
}

// addEvent adds a change of a cooldown: to the message, and to what later routers read.
func (l *link) addEvent(b *batch, m *member, e queuedEvent) {
	ctx, age := context.Background(), l.now().Sub(e.at)
	switch e.Kind {
	case cooldown.Began:
		if e.Left -= age; e.Left < time.Millisecond {
			return
		}
		b.pipe.Set(ctx, l.names.Cooldown(m.id), message.EncodeStored(e.Failure), e.Left)
	case cooldown.Ended:
		b.pipe.Del(ctx, l.names.Cooldown(m.id))
	case cooldown.TrialBegan:
		if age > time.Second { // its result is known by now, or soon
			return
		}
	}
	b.message = message.AppendEvent(b.message, m.id, e.Event)
}

// restore keeps what could not be sent for the next time. What was sent, and not answered, is sent twice:
// no change is harmed by that.
func (l *link) restore(b *batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, m := range b.owners {
		if len(m.events) == 0 {
			l.changed = append(l.changed, m)
		}
		m.keepEvents(append(b.events[i], m.events...))
	}
	for _, load := range b.loads {
		l.fresh = append(l.fresh, load.member)
	}
	l.unread = append(l.unread, b.sums.unread...)
	l.restorePins(b.pins)
}

// maxEvents is how many changes of one deployment are kept until they are sent: the newest.
const maxEvents = 4

// keepEvents keeps the newest events until they are sent.
func (m *member) keepEvents(events []queuedEvent) { m.events = events[max(0, len(events)-maxEvents):] }

// addLoads adds the reading of cooldowns that began before this router knew the deployment.
func (l *link) addLoads(b *batch) {
	l.mu.Lock()
	fresh := l.fresh
	l.fresh = nil
	l.mu.Unlock()
	ctx := context.Background()
	for _, m := range fresh {
		key := l.names.Cooldown(m.id)
		b.loads = append(b.loads, loading{m, b.pipe.Get(ctx, key), b.pipe.PTTL(ctx, key)})
	}
}

// finishLoads honours the cooldowns that were read.
func (l *link) finishLoads(b *batch) {
	for _, load := range b.loads {
		if e, ok := message.DecodeStored(load.value.Val(), load.left.Val()); ok {
			l.honour(load.member.id, e)
		}
	}
}
