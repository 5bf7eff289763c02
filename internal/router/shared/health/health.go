// Package health knows whether routers share their state through Redis, and why not: New makes a Monitor, which logs
// each change once, and Classify says which problem an error shows.
package health

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/gomodule/redigo/redis"

	"github.com/flowgate-go/flowgate/internal/printable"
)

// Problem says why routers do not share everything; empty when they do.
type Problem string

// The problems.
const (
	Connecting  Problem = "connecting"  // since the start, no round trip has ended
	Unreachable Problem = "unreachable" // nobody listens, or the connection breaks
	Slow        Problem = "slow"        // no answer within 500 ms
	Refused     Problem = "refused"     // the password, or the rights of the user
	NotReady    Problem = "not-ready"   // it loads its data, or a script keeps it busy
	ReadOnly    Problem = "read-only"   // it is a replica: only what is sent to the others at once is shared
	Full        Problem = "full"        // its memory is used up: the same
	Clustered   Problem = "clustered"   // another node of a cluster has the keys
	TooOld      Problem = "too-old"     // it does not know a command, or what scripts need
	Strange     Problem = "strange"     // it answers what a Redis does not
)

// advice says what to do about a problem.
func (p Problem) advice() string {
	switch p {
	case Unreachable:
		return "start Redis, or correct redis_host and redis_port"
	case Slow:
		return "look for what keeps Redis or its host busy"
	case Refused:
		return "correct redis_password; docs/redis.md names the commands that the user needs"
	case ReadOnly:
		return "point redis_host at the primary, not at a replica"
	case Full:
		return "raise maxmemory of Redis, or set maxmemory-policy to volatile-ttl"
	case Clustered:
		return "use a Redis that is not a cluster, or one of its proxies"
	case TooOld:
		return "use Redis 5 or newer; docs/redis.md names the commands that it must have"
	case Strange:
		return "make sure that a Redis listens there, and whether it wants TLS (rediss://)"
	}
	return ""
}

// Status is how sharing works now.
type Status struct {
	Connected bool      `json:"connected"` // everything is shared
	Problem   Problem   `json:"problem,omitempty"`
	Message   string    `json:"message,omitempty"` // what Redis or the network said
	Since     time.Time `json:"since"`             // of Connected or the Problem
	Routers   int       `json:"routers"`           // that share with this one, without itself
	Problems  int64     `json:"problems"`          // that began since the start
}

// steadyAfter is how long a Redis must have no problem until it counts as steady again, so that one that
// comes and goes is not told of each time.
const steadyAfter = time.Second

// Source is one of the two connections.
type Source int

// The connections.
const (
	Commands Source = iota
	Messages
	sources
)

// Monitor knows whether sharing works, and logs each change once.
type Monitor struct {
	logger *slog.Logger
	now    func() time.Time

	mu      sync.Mutex
	found   [sources]finding // of each connection
	problem Problem          // that was told
	message string
	since   time.Time // of problem
	good    time.Time // since when there is none; zero: there is one
	count   int64
}

// New returns a Monitor that knows nothing yet.
func New(logger *slog.Logger, now func() time.Time) *Monitor {
	return &Monitor{logger: logger, now: now, problem: Connecting, since: now()}
}

// finding is what the last round trip over a connection showed.
type finding struct {
	isKnown bool // there was one
	problem Problem
	message string
}

// Note notes the result of a round trip over one of the connections.
func (h *Monitor) Note(from Source, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := finding{isKnown: true, problem: Classify(err)}
	if f.problem != "" {
		f.message = shorten(err.Error())
	}
	h.found[from] = f
	now := h.now()
	switch worst := h.worst(); {
	case worst.problem != "":
		h.good = time.Time{}
		h.tellProblem(worst, now)
	case !h.found[Commands].isKnown || !h.found[Messages].isKnown:
	case h.problem == Connecting:
		h.tellSteady(now)
	case h.good.IsZero():
		h.good = now
	case h.problem != "" && now.Sub(h.good) >= steadyAfter:
		h.tellSteady(now)
	}
}

// worst returns the first finding with a problem; the zero value: there is none.
func (h *Monitor) worst() finding {
	for _, f := range h.found {
		if f.problem != "" {
			return f
		}
	}
	return finding{}
}

// tellProblem tells of a problem, unless it is the one that was told last.
func (h *Monitor) tellProblem(f finding, now time.Time) {
	if f.problem == h.problem {
		return
	}
	h.count++
	h.problem, h.message, h.since = f.problem, f.message, now
	h.logger.Warn("state is not shared with other routers; this one goes on with what it knows", "problem",
		string(f.problem), "error", f.message, "remedy", f.problem.advice())
}

// tellSteady tells that there is no problem.
func (h *Monitor) tellSteady(now time.Time) {
	h.problem, h.message, h.since = "", "", now
	h.logger.Info("state is shared with other routers through Redis")
}

// IsDown reports whether the commands of the last round trip were not carried out.
func (h *Monitor) IsDown() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.found[Commands].problem
	return p != "" && p != Full && p != ReadOnly
}

// Status returns how sharing works.
func (h *Monitor) Status() Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	return Status{Connected: h.problem == "", Problem: h.problem, Message: h.message,
		Since: h.since.UTC(), Problems: h.count}
}

// maxShown is the longest message of an error that is shown.
const maxShown = 200

// shorten returns the text of an error, safe to show. Redis' own errors have no secrets in them.
func shorten(text string) string {
	if len(text) > maxShown {
		text = text[:maxShown] + "…"
	}
	return printable.EscapeLine(text)
}

// Classify returns which problem an error shows; empty for none.
func Classify(err error) Problem {
	var said redis.Error
	var network net.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &said):
		return classifyReply(said.Error())
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return Slow
	case strings.Contains(err.Error(), "redigo"), strings.Contains(err.Error(), "tls: "):
		return Strange
	}
	return Unreachable
}

// classifyReply returns which problem an error shows that Redis answered.
func classifyReply(text string) Problem {
	code, _, _ := strings.Cut(text, " ")
	switch code {
	case "NOAUTH", "WRONGPASS", "NOPERM":
		return Refused
	case "OOM", "MISCONF":
		return Full
	case "READONLY":
		return ReadOnly
	case "LOADING", "BUSY", "MASTERDOWN", "TRYAGAIN", "NOREPLICAS":
		return NotReady
	case "MOVED", "ASK", "CLUSTERDOWN", "CROSSSLOT":
		return Clustered
	}
	if strings.Contains(text, "max number of clients") {
		return Full
	}
	if isTooOld(text) {
		return TooOld
	}
	if strings.Contains(text, "invalid password") || strings.Contains(text, "AUTH") {
		return Refused
	}
	return Strange
}

// isTooOld reports whether an error is one of a Redis before version 5, or of one without some of the commands:
// before 6 a user has no name (AUTH), before 5 a script that has asked for the time must not write, and before 4
// HSET takes one field.
func isTooOld(text string) bool {
	return strings.HasPrefix(text, "ERR unknown command") || strings.Contains(text, "wrong number of arguments") ||
		strings.Contains(text, "after non deterministic commands") ||
		strings.Contains(text, "Wrong number of args calling Redis command")
}
