package client

import (
	"strings"
	"time"
)

// Sighting is a request that the router has had.
type Sighting struct {
	Key       string // the name of the key that was sent
	UserAgent string
	At        time.Time
}

// lastSeen returns when the client last sent a request: one with its own key, which has its
// name, or one that names it as its user agent. It is nil when it sent none.
func (c Client) lastSeen(sightings []Sighting) *time.Time {
	var last *time.Time
	for _, s := range sightings {
		if (s.Key == c.Name || c.isAgent(s.UserAgent)) && (last == nil || s.At.After(*last)) {
			last = &s.At
		}
	}
	return last
}

// isAgent reports whether a user agent names the client, in a version that the entry is for.
func (c Client) isAgent(userAgent string) bool {
	for _, prefix := range c.Agents {
		if len(userAgent) >= len(prefix) && strings.EqualFold(userAgent[:len(prefix)], prefix) {
			_, version, _ := strings.Cut(userAgent, "/")
			version, _, _ = strings.Cut(version, " ")
			return c.covers(version)
		}
	}
	return false
}
