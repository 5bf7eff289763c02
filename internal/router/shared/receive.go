package shared

import (
	"cmp"
	"context"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gomodule/redigo/redis"

	"github.com/flowgate-go/flowgate/internal/router/cooldown"
	"github.com/flowgate-go/flowgate/internal/router/shared/health"
	"github.com/flowgate-go/flowgate/internal/router/shared/message"
)

// reconnectAfter is how long the receiver waits before it connects again.
const reconnectAfter = 200 * time.Millisecond

// receive applies what other routers send, until ctx ends.
func (l *link) receive(ctx context.Context) {
	for ctx.Err() == nil {
		err := l.listen(ctx)
		if ctx.Err() != nil {
			return
		}
		l.health.Note(health.Messages, err)
		wait := time.NewTimer(reconnectAfter)
		select {
		case <-ctx.Done():
		case <-wait.C:
		}
		wait.Stop()
	}
}

// listen subscribes and applies messages, until the connection breaks, or has been silent for twice as long as a router
// may be.
func (l *link) listen(ctx context.Context) error {
	conn, err := l.dial(ctx)
	if err != nil {
		return err
	}
	channel := redis.PubSubConn{Conn: conn}
	defer func() { _ = channel.Close() }() // it is of no further use
	// What waits for a message does not look at ctx, and messages of others may never cease.
	stop := context.AfterFunc(ctx, func() { _ = channel.Close() })
	defer stop()
	if err := subscribe(channel, l.names.Channel()); err != nil {
		return err
	}
	l.health.Note(health.Messages, nil)
	l.reload()
	var heard atomic.Int64
	defer askWhenSilent(channel, &heard)()
	for {
		heard.Store(time.Now().UnixNano())
		switch got := channel.ReceiveWithTimeout(2 * peerTTL).(type) {
		case error:
			return cmp.Or(conn.Err(), got) // the first error, when the question failed
		case redis.Message:
			l.apply(string(got.Data))
		}
		l.health.Note(health.Messages, nil)
	}
}

// askWhenSilent asks the other end whether it is there when nothing was heard for peerTTL, until the function that it
// returns is called. heard is when something was heard last, in nanoseconds of Unix time. No question is needed as long
// as the messages of this router come back.
func askWhenSilent(channel redis.PubSubConn, heard *atomic.Int64) (end func()) {
	ctx, stop := context.WithCancel(context.Background())
	var asking sync.WaitGroup
	asking.Go(func() {
		tick := time.NewTicker(beatInterval)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if time.Since(time.Unix(0, heard.Load())) >= peerTTL {
					_ = channel.Ping("") // who reads returns the error
				}
			}
		}
	})
	return func() {
		stop()
		asking.Wait()
	}
}

// subscribe subscribes to a channel and waits until Redis has confirmed that.
func subscribe(channel redis.PubSubConn, name string) error {
	if err := channel.Subscribe(name); err != nil {
		return err
	}
	err, _ := channel.ReceiveWithTimeout(callTimeout).(error)
	return err
}

// reload lets the sender read all cooldowns: some may have begun, and ended, while nothing was received.
func (l *link) reload() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fresh = l.fresh[:0]
	for _, m := range l.members {
		l.fresh = append(l.fresh, m)
	}
	l.recount()
	l.wakeSender()
}

// apply applies a message. The own ones come back, too, and the beginnings and ends of cooldowns in them
// are applied once more: so all routers come to the same state, that of the last message.
func (l *link) apply(text string) {
	message.Decode(text, func(origin string, c message.Change) {
		l.notePeer(origin, c.Verb)
		isOwnTrial := origin == l.origin && (c.Event.Kind == cooldown.TrialBegan || c.Event.Kind == cooldown.TrialEnded)
		switch {
		case c.Event.Kind != 0 && !isOwnTrial:
			l.honour(c.ID, c.Event)
		case c.Verb == message.Sum:
			l.mergeSums(c)
		case c.Verb == message.Pin:
			l.applyPin(c)
		case c.Verb == message.Now && origin != l.origin:
			l.setForeign(origin, c)
		}
	})
}

// notePeer notes that another router lives, or that it has ended.
func (l *link) notePeer(origin, verb string) {
	if origin == l.origin {
		return
	}
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if verb == message.Bye {
		delete(l.peers, origin)
		l.forgetRouter(origin)
		return
	}
	if len(l.peers) < maxPeers {
		l.peers[origin] = now
	}
}

// maxPeers is how many other routers are known.
const maxPeers = 10_000

// Status implements Link.
func (l *link) Status() health.Status {
	s := l.health.Status()
	oldest := time.Now().Add(-peerTTL)
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.peers, func(_ string, seen time.Time) bool { return seen.Before(oldest) })
	s.Routers = len(l.peers)
	return s
}
