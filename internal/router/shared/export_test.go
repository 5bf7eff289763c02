package shared

import (
	"github.com/flowgate-go/flowgate/internal/router/affinity"
	"github.com/flowgate-go/flowgate/internal/router/cooldown"
	"github.com/flowgate-go/flowgate/internal/router/tally"
)

// EncodeEvent returns a message with one event.
func EncodeEvent(origin, id string, e cooldown.Event) string {
	return string(appendEvent([]byte(formatVersion+" "+origin), id, e))
}

// DecodeEvents returns the events in a message by their deployments, and whether it is a message.
func DecodeEvents(text string) (events map[string]cooldown.Event, ok bool) {
	events = map[string]cooldown.Event{}
	ok = decodeMessage(text, func(_ string, c change) {
		if c.event.Kind != 0 {
			events[c.id] = c.event
		}
	})
	return events, ok
}

// DecodeStored reads a cooldown that Redis keeps.
var DecodeStored = decodeStored

// Prefix returns what the names in Redis of a stack begin with, and the id of a deployment.
func Prefix(secret, namespace, deployment string) (prefix, id string) {
	n := newNames(secret, namespace)
	return n.prefix, n.id("deployment", deployment)
}

// Classify returns which problem an error shows.
var Classify = classify

// DecodeSums returns the sums, the numbers in flight and the owners in a message, by id.
func DecodeSums(text string) (sums map[string]tally.Total, flights map[string]int, owners map[string]string) {
	sums, flights, owners = map[string]tally.Total{}, map[string]int{}, map[string]string{}
	decodeMessage(text, func(_ string, c change) {
		switch c.verb {
		case verbSum:
			sums[c.id] = c.total
		case verbNow:
			flights[c.id] = c.n
		case verbPin:
			owners[c.id] = c.owner
		}
	})
	return sums, flights, owners
}

// SealAndUnseal returns the name of a key in Redis, and the key of that name.
func SealAndUnseal(secret string, k affinity.Key) (name string, back affinity.Key, ok bool) {
	n := newNames(secret, "")
	s := newSealer(n.key)
	name = s.seal(k)
	back, ok = s.unseal(name)
	return name, back, ok
}
