package shared

import (
	"context"
	"maps"
	"slices"
	"time"

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
	pipe    pipeline
	message []byte
	loads   []loading
	owners  []*member // of events
	events  [][]queuedEvent
	sums    sumBatch
	pins    []pin
	isBeat  bool // the sign of life is in it
	time    *command
	begun   time.Time
}

// loading is a member whose cooldown is read.
type loading struct {
	member *member
	value  *command
	left   *command
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
	b := &batch{message: []byte(message.Head(l.origin)), begun: l.now()}
	empty := len(b.message)
	l.addBeat(b)
	l.addEvents(b)
	l.addLoads(b)
	l.addSums(b)
	l.addGauges(b)
	l.addPins(b)
	if b.message = append(b.message, last...); len(b.message) > empty {
		b.pipe.add("publish", l.names.Channel(), b.message)
	}
	if len(b.pipe.commands) == 0 {
		return
	}
	err := l.sender.call(ctx, &b.pipe)
	if err == nil && b.time != nil {
		_, err = b.time.time() // what is no Redis may answer something to everything
	}
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
	if b.time == nil {
		return
	}
	redisTime, err := b.time.time()
	if err != nil {
		return
	}
	now := l.now()
	if now.Sub(b.begun) < maxLookup { // Redis is fast again
		l.late.Store(0)
	}
	ahead := redisTime.Sub(b.begun.Add(now.Sub(b.begun) / 2))
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

// addBeat adds the sign of life, when it is time for it. It writes, so that a Redis that is full or only
// reads is noticed.
func (l *link) addBeat(b *batch) {
	now := time.Now()
	if now.Before(l.nextBeat) {
		return
	}
	l.nextBeat = now.Add(beatInterval)
	b.pipe.set(l.names.Router(l.origin), message.Version, peerTTL)
	b.message = message.AppendLine(b.message, message.Alive)
	b.isBeat, b.time = true, b.pipe.add("time")
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
	age := l.now().Sub(e.at)
	switch e.Kind {
	case cooldown.Began:
		if e.Left -= age; e.Left < time.Millisecond {
			return
		}
		b.pipe.set(l.names.Cooldown(m.id), message.EncodeStored(e.Failure), e.Left)
	case cooldown.Ended:
		b.pipe.add("del", l.names.Cooldown(m.id))
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
	for _, m := range fresh {
		key := l.names.Cooldown(m.id)
		b.loads = append(b.loads, loading{m, b.pipe.add("get", key), b.pipe.add("pttl", key)})
	}
}

// finishLoads honours the cooldowns that were read.
func (l *link) finishLoads(b *batch) {
	for _, load := range b.loads {
		if e, ok := message.DecodeStored(load.value.text(), load.left.left()); ok {
			l.honour(load.member.id, e)
		}
	}
}
