package shared

import (
	"strconv"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/shared/message"
)

// Gauge is a number that each router has of its own, such as requests in flight, and whose sum counts.
type Gauge interface {
	OwnInFlight() int
	SetOthers(n int)
}

// gauge is a Gauge with its name in messages.
type gauge struct {
	id        string
	what      Gauge
	told      int  // what the others know
	isChanged bool // it is in link.flights
	others    map[string]foreign
}

// foreign is the number of another router.
type foreign struct {
	n    int
	seen time.Time
}

// Gauge implements Link.
func (l *link) Gauge(kind, name string, what Gauge) (changed func()) {
	g := &gauge{id: l.names.ID(kind, name), what: what, others: map[string]foreign{}}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gauges[g.id] = g
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if !g.isChanged {
			g.isChanged = true
			if l.flights = append(l.flights, g); len(l.flights) == 1 {
				l.wakeSender()
			}
		}
	}
}

// addGauges adds the numbers that have changed to a message, and at a sign of life all that are not 0: a
// router that began later does not know them, and others forget those of a router that is silent.
func (l *link) addGauges(b *batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b.isBeat {
		for _, g := range l.gauges {
			if n := g.what.OwnInFlight(); n > 0 && !g.isChanged {
				b.message = g.appendLine(b.message, n)
			}
			g.forgetSilent(time.Now())
		}
	}
	if time.Now().Before(l.nextGauges) {
		return
	}
	for _, g := range l.flights {
		g.isChanged = false
		if n := g.what.OwnInFlight(); n != g.told {
			g.told = n
			b.message = g.appendLine(b.message, n)
		}
	}
	if len(l.flights) > 0 {
		l.nextGauges = time.Now().Add(min(maxPeriod, max(minPeriod, time.Duration(len(l.peers)+1)*time.Millisecond)))
	}
	l.flights = l.flights[:0]
}

// appendLine appends the line of a number.
func (g *gauge) appendLine(text []byte, n int) []byte {
	return message.AppendLine(text, message.Now, g.id, strconv.Itoa(n))
}

// forgetSilent forgets the numbers of routers that do not live any more.
func (g *gauge) forgetSilent(now time.Time) {
	sum := 0
	for origin, f := range g.others {
		if now.Sub(f.seen) > peerTTL {
			delete(g.others, origin)
			continue
		}
		sum += f.n
	}
	g.what.SetOthers(sum)
}

// setForeign notes the number of another router.
func (l *link) setForeign(origin string, c message.Change) {
	l.mu.Lock()
	defer l.mu.Unlock()
	g := l.gauges[c.ID]
	if g == nil || len(g.others) >= maxPeers {
		return
	}
	if g.others[origin] = (foreign{c.N, time.Now()}); c.N == 0 {
		delete(g.others, origin)
	}
	g.forgetSilent(time.Now())
}

// forgetRouter forgets the numbers of a router that has ended. The caller holds mu.
func (l *link) forgetRouter(origin string) {
	for _, g := range l.gauges {
		if _, isKnown := g.others[origin]; isKnown {
			delete(g.others, origin)
			g.forgetSilent(time.Now())
		}
	}
}
