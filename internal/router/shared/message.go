package shared

import (
	"strconv"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/router/cooldown"
	"github.com/flowgate-go/flowgate/internal/router/tally"
	"github.com/flowgate-go/flowgate/internal/router/transport"
)

// A message is lines of words. The first line has the version of the format and the router that sent it;
// each other line is one change. Lines that a router does not know are passed over, so that routers of
// several versions can work together.
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
const formatVersion = "1"

// Bounds of what is read: nobody else should write to the channel, but somebody may.
const (
	maxMessage  = 256 << 10
	maxWord     = 64
	maxCooldown = 366 * 24 * time.Hour
)

// change is one line of a message.
type change struct {
	verb  string
	id    string
	event cooldown.Event // of cool, warm, try and tried
	total tally.Total    // of sum
	n     int            // of now
	owner string         // of pin
}

// The verbs of the changes of a cooldown.
const (
	verbAlive = "alive"
	verbBye   = "bye"
	verbCool  = "cool"
	verbWarm  = "warm"
	verbTry   = "try"
	verbTried = "tried"
	verbSum   = "sum"
	verbNow   = "now"
	verbPin   = "pin"
)

// verbOf returns the verb of an event.
func verbOf(kind cooldown.EventKind) string {
	switch kind {
	case cooldown.Began:
		return verbCool
	case cooldown.Ended:
		return verbWarm
	case cooldown.TrialBegan:
		return verbTry
	}
	return verbTried
}

// appendEvent appends the line of an event.
func appendEvent(line []byte, id string, e cooldown.Event) []byte {
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

// decodeMessage reads a message and calls visit for each change that it understands. ok is false when it
// is not a message of a router.
func decodeMessage(text string, visit func(origin string, c change)) (ok bool) {
	if len(text) > maxMessage {
		return false
	}
	head, rest, _ := strings.Cut(text, "\n")
	version, origin, _ := strings.Cut(head, " ")
	if name, isWord := decodeWord(origin); version != formatVersion || !isWord || name == "" {
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
func decodeChange(words []string) (c change, ok bool) {
	c.verb = words[0]
	if c.verb == verbAlive || c.verb == verbBye {
		return c, true
	}
	if len(words) < 2 {
		return c, false
	}
	if c.id, ok = decodeWord(words[1]); !ok {
		return c, false
	}
	switch c.verb {
	case verbSum:
		c.total, ok = decodeTotal(words[2:])
		return c, ok
	case verbPin:
		if len(words) > 2 {
			c.owner, ok = decodeWord(words[2])
		}
		return c, ok && c.owner != ""
	case verbNow:
		return c, decodeNow(words[2:], &c.n)
	case verbCool:
		return c, decodeCool(words[2:], &c.event)
	case verbWarm:
		c.event.Kind = cooldown.Ended
	case verbTry:
		c.event.Kind = cooldown.TrialBegan
	case verbTried:
		c.event.Kind = cooldown.TrialEnded
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

// decodeStored reads a cooldown that Redis keeps, and how long it still lasts.
func decodeStored(value string, left time.Duration) (e cooldown.Event, ok bool) {
	words := strings.Split(value[:min(len(value), 4*maxWord)], " ")
	if words[0] != formatVersion || left < time.Millisecond || left > maxCooldown {
		return e, false
	}
	failure, ok := decodeFailure(words[1:])
	return cooldown.Event{Kind: cooldown.Began, Left: left, Failure: failure}, ok
}
