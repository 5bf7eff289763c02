package shared

import "github.com/flowgate-go/flowgate/internal/router/cooldown"

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
