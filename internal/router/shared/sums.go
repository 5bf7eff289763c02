package shared

import (
	_ "embed"
	"errors"
	"slices"
	"time"

	"github.com/gomodule/redigo/redis"

	"github.com/flowgate-go/flowgate/internal/router/shared/message"
	"github.com/flowgate-go/flowgate/internal/router/tally"
)

// addScript adds what one router counted to the sums of all, and tells all of the new sums.
//
//go:embed add.lua
var addScript string

// Counted is something that several routers count together: requests and tokens of a deployment or of a
// key, dollars of a key. The methods are those of tally.Tally, with a lock, and the time now.
type Counted interface {
	Take(now time.Time, all bool) (tally.Part, bool)
	GiveBack(tally.Part)
	Merge(now time.Time, total tally.Total)
}

// counted is something counted with its name in Redis.
type counted struct {
	id        string
	what      Counted
	isChanged bool // it is in link.counts
}

const (
	// minPeriod and maxPeriod bound the time between two batches of sums: a millisecond for each router.
	minPeriod = 20 * time.Millisecond
	maxPeriod = 50 * time.Millisecond
)

// period returns the time between two batches of sums.
func (l *link) period() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return min(maxPeriod, max(minPeriod, time.Duration(len(l.peers)+1)*time.Millisecond))
}

// Count implements Link.
func (l *link) Count(kind, name string, what Counted) (changed func()) {
	c := &counted{id: l.names.ID(kind, name), what: what}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sums[c.id] = c
	l.unread = append(l.unread, c)
	l.wakeSender()
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.queueCount(c)
	}
}

// Uncount implements Link.
func (l *link) Uncount(kind, name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	id := l.names.ID(kind, name)
	delete(l.sums, id)
	delete(l.gauges, id)
}

// queueCount lets the next batch have what was counted. The caller holds mu.
func (l *link) queueCount(c *counted) {
	if c.isChanged {
		return
	}
	c.isChanged = true
	l.counts = append(l.counts, c)
	if len(l.counts) == 1 {
		l.wakeSender()
	}
}

// sumBatch is what a round trip adds to sums, and reads of them.
type sumBatch struct {
	counts []*counted
	parts  []tally.Part
	added  *command // nil: nothing is added

	unread []*counted
	reads  []*command
	lefts  []*command
}

// addSums adds what was counted to a batch, when it is time for that, and the sums that were not read.
func (l *link) addSums(b *batch) {
	now := l.now()
	l.mu.Lock()
	b.sums.unread, l.unread = l.unread, nil
	var counts []*counted
	if !time.Now().Before(l.nextSums) && l.isTimeKnown {
		counts, l.counts = l.counts, nil
		for _, c := range counts {
			c.isChanged = false
		}
	}
	all := l.tellsAll
	l.tellsAll = l.tellsAll && counts == nil
	l.mu.Unlock()
	var keys []any
	args := []any{l.names.Channel(), message.Head(l.origin)}
	for _, c := range counts {
		if p, ok := c.what.Take(now, all); ok {
			keys = append(keys, l.names.Sum(c.id))
			b.sums.counts, b.sums.parts = append(b.sums.counts, c), append(b.sums.parts, p)
			args = appendPart(args, c.id, p)
		}
	}
	if len(keys) > 0 {
		l.nextSums = time.Now().Add(l.period())
		b.sums.added = b.pipe.add(slices.Concat([]any{"eval", addScript, len(keys)}, keys, args)...)
	}
	for _, c := range b.sums.unread {
		key := l.names.Sum(c.id)
		b.sums.reads = append(b.sums.reads, b.pipe.add("hmget", key, "w", "a", "b"))
		b.sums.lefts = append(b.sums.lefts, b.pipe.add("pttl", key))
	}
}

// appendPart appends the arguments of the script for one part.
func appendPart(args []any, id string, p tally.Part) []any {
	left := p.Left
	if left <= 0 || left > message.MaxLeft {
		left = message.MaxLeft
	}
	return append(args, id, p.Window, max(1, left.Milliseconds()), p.Known[0], p.Added[0], p.Known[1], p.Added[1])
}

// finishSums takes the sums that came back.
func (l *link) finishSums(b *batch) {
	s := &b.sums
	for i, c := range s.unread {
		if t, ok := message.DecodeSums(s.reads[i].fields(), s.lefts[i].left()); ok {
			c.what.Merge(l.now(), t)
		}
	}
	if s.added == nil {
		return
	}
	text, err := redis.String(s.added.value, s.added.err)
	if err == nil {
		message.Decode(text, func(_ string, c message.Change) { l.mergeSums(c) })
		return
	}
	if isUndone(err) {
		for i, c := range s.counts {
			c.what.GiveBack(s.parts[i])
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range s.counts {
		l.queueCount(c)
	}
	l.tellsAll = true // what may have been added must not be added once more, but must not be lost either
}

// isUndone reports whether an error says that a command was not carried out. After others it may have been.
func isUndone(err error) bool {
	var said redis.Error
	var unconnected connectError
	return errors.As(err, &said) || errors.As(err, &unconnected)
}

// mergeSums takes the sums of all routers.
func (l *link) mergeSums(c message.Change) {
	if c.Verb != message.Sum {
		return
	}
	l.mu.Lock()
	known := l.sums[c.ID]
	l.mu.Unlock()
	if known != nil {
		known.what.Merge(l.now(), c.Total)
	}
}

// recount lets the sender read all sums, and tell what Redis may have lost.
func (l *link) recount() {
	l.unread = l.unread[:0]
	for _, c := range l.sums {
		l.unread = append(l.unread, c)
		l.queueCount(c)
	}
	l.tellsAll = true
}
