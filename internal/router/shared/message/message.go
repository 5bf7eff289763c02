// Package message has the text that routers send each other through Redis, and what one keeps there for others:
// AppendEvent and the other functions of that kind write lines, Decode reads a message. It trusts nothing that it
// reads.
package message

import (
	"strconv"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/cooldown"
	"github.com/flowgate-go/flowgate/internal/router/tally"
	"github.com/flowgate-go/flowgate/internal/router/transport"
)

// Version is the version of the format of messages. A message is lines of words. The first line has the
// version of the format and the router that sent it; each other line is one change. Lines that a router does
// not know are passed over, so that routers of several versions can work together.
//
//	1 ORIGIN
//	alive                                          the router lives
//	bye                                            it ends
//	cool ID MILLISECONDS STATUS CLASS CAUSE LIMIT  a cooldown began; LIMIT is 1 for a limit of the upstream
//	warm ID                                        a cooldown ended before its time
//	try ID                                         a request is the trial
//	tried ID                                       the trial ended without a result
//	sum ID WINDOW MILLISECONDS SUM SUM             the sums of all routers in a window, what is left of it
//	now ID NUMBER                                  requests in flight at the router
//	pin KEY ID                                     a session belongs to a deployment
const Version = "1"

// Head returns the first line of a message from a router.
func Head(origin string) string { return Version + " " + origin }

// Bounds of what is read: nobody else should write to the channel, but somebody may.
const (
	maxMessage  = 256 << 10
	maxWord     = 64
	maxCooldown = 366 * 24 * time.Hour
)

// Change is one line of a message.
type Change struct {
	Verb  string
	ID    string
	Event cooldown.Event // of a cooldown; its Kind is 0 for other lines
	Total tally.Total    // of Sum
	N     int            // of Now
	Owner string         // of Pin
}

// The verbs. Those of cooldowns have an Event.
const (
	Alive = "alive"
	Bye   = "bye"
	cool  = "cool"
	warm  = "warm"
	try   = "try"
	tried = "tried"
	Sum   = "sum"
	Now   = "now"
	Pin   = "pin"
)

// verbOf returns the verb of an event.
func verbOf(kind cooldown.EventKind) string {
	switch kind {
	case cooldown.Began:
		return cool
	case cooldown.Ended:
		return warm
	case cooldown.TrialBegan:
		return try
	}
	return tried
}

// AppendEvent appends the line of an event.
func AppendEvent(line []byte, id string, e cooldown.Event) []byte {
	line = append(line, '\n')
	line = append(line, verbOf(e.Kind)...)
	line = append(append(line, ' '), id...)
	if e.Kind == cooldown.Began {
		line = append(line, ' ')
		line = strconv.AppendInt(line, max(1, e.Left.Milliseconds()), 10)
		line = append(append(line, ' '), encodeFailure(e.Failure)...)
	}
	return line
}

// AppendLine appends a line of one verb, and words that follow it.
func AppendLine(text []byte, verb string, words ...string) []byte {
	text = append(append(text, '\n'), verb...)
	for _, w := range words {
		text = append(append(text, ' '), w...)
	}
	return text
}

// EncodeStored returns the text that Redis keeps of a cooldown that followed a failure.
func EncodeStored(f cooldown.Failure) string { return Version + " " + encodeFailure(f) }

// encodeFailure returns the words of a failure: STATUS CLASS CAUSE LIMIT.
func encodeFailure(f cooldown.Failure) string {
	limit := "0"
	if f.FromRateLimit {
		limit = "1"
	}
	return strconv.Itoa(f.Status) + " " + encodeWord(f.Class) + " " + encodeWord(string(f.Cause)) + " " + limit
}

// encodeWord returns a text as a word: "-" for an empty one.
func encodeWord(text string) string {
	if text == "" {
		return "-"
	}
	return strings.Map(func(r rune) rune {
		if isWordRune(r) {
			return r
		}
		return '_'
	}, text[:min(len(text), maxWord)])
}

// isWordRune reports whether a word may have r.
func isWordRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' || r == '.'
}

// decodeWord is the reverse of encodeWord. ok is false for what is not a word.
func decodeWord(word string) (text string, ok bool) {
	if word == "" || len(word) > maxWord || strings.ContainsFunc(word, func(r rune) bool { return !isWordRune(r) }) {
		return "", false
	}
	if word == "-" {
		return "", true
	}
	return word, true
}

// decodeFailure reads what encodeFailure wrote, and whatever else there is.
func decodeFailure(words []string) (f cooldown.Failure, ok bool) {
	if len(words) < 4 {
		return f, false
	}
	status, err := strconv.Atoi(words[0])
	class, okClass := decodeWord(words[1])
	cause, okCause := decodeWord(words[2])
	if err != nil || status < 0 || status > 999 || !okClass || !okCause {
		return f, false
	}
	return cooldown.Failure{Status: status, Class: class, Cause: transport.Cause(cause), FromRateLimit: words[3] == "1"},
		true
}

// Decode reads a message and calls visit for each change that it understands. ok is false when it
// is not a message of a router.
func Decode(text string, visit func(origin string, c Change)) (ok bool) {
	if len(text) > maxMessage {
		return false
	}
	head, rest, _ := strings.Cut(text, "\n")
	version, origin, _ := strings.Cut(head, " ")
	if name, isWord := decodeWord(origin); version != Version || !isWord || name == "" {
		return false
	}
	for line := range strings.SplitSeq(rest, "\n") {
		if c, ok := decodeChange(strings.Split(line, " ")); ok {
			visit(origin, c)
		}
	}
	return true
}

// decodeChange reads the words of a line.
func decodeChange(words []string) (c Change, ok bool) {
	c.Verb = words[0]
	if c.Verb == Alive || c.Verb == Bye {
		return c, true
	}
	if len(words) < 2 {
		return c, false
	}
	if c.ID, ok = decodeWord(words[1]); !ok {
		return c, false
	}
	switch c.Verb {
	case Sum:
		c.Total, ok = decodeTotal(words[2:])
		return c, ok
	case Pin:
		if len(words) > 2 {
			c.Owner, ok = decodeWord(words[2])
		}
		return c, ok && c.Owner != ""
	case Now:
		return c, decodeNow(words[2:], &c.N)
	case cool:
		return c, decodeCool(words[2:], &c.Event)
	case warm:
		c.Event.Kind = cooldown.Ended
	case try:
		c.Event.Kind = cooldown.TrialBegan
	case tried:
		c.Event.Kind = cooldown.TrialEnded
	default:
		return c, false
	}
	return c, true
}

// decodeNow reads a number of requests in flight.
func decodeNow(words []string, n *int) bool {
	if len(words) == 0 {
		return false
	}
	number, err := strconv.Atoi(words[0])
	*n = number
	return err == nil && number >= 0 && number <= maxFlight
}

// maxFlight bounds the requests in flight of one router.
const maxFlight = 1 << 24

// decodeCool reads the words of a cooldown that began.
func decodeCool(words []string, e *cooldown.Event) bool {
	if len(words) == 0 {
		return false
	}
	left, err := strconv.ParseInt(words[0], 10, 64)
	if err != nil || left < 1 || left > maxCooldown.Milliseconds() {
		return false
	}
	failure, ok := decodeFailure(words[1:])
	*e = cooldown.Event{Kind: cooldown.Began, Left: time.Duration(left) * time.Millisecond, Failure: failure}
	return ok
}

// DecodeStored reads a cooldown that Redis keeps, and how long it still lasts.
func DecodeStored(value string, left time.Duration) (e cooldown.Event, ok bool) {
	words := strings.Split(value[:min(len(value), 4*maxWord)], " ")
	if words[0] != Version || left < time.Millisecond || left > maxCooldown {
		return e, false
	}
	failure, ok := decodeFailure(words[1:])
	return cooldown.Event{Kind: cooldown.Began, Left: left, Failure: failure}, ok
}
