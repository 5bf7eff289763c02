package supervisor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/flowgate-go/flowgate/internal/logfile"
)

// Names of events.
const (
	EventStarting           = "service.starting"
	EventReady              = "service.ready"
	EventUnready            = "service.unready"
	EventExited             = "service.exited"
	EventRestarting         = "service.restarting" // decided on evidence; the detail begins with its kind
	EventKept               = "service.kept"       // decided not to restart it, on evidence too
	EventAdopted            = "service.adopted"    // taken over from a supervisor that was killed or replaced
	EventFailed             = "service.failed"
	EventStopping           = "service.stopping"
	EventStopped            = "service.stopped"
	EventSupervisorStarted  = "supervisor.started"
	EventSupervisorStopped  = "supervisor.stopped"
	EventProfileChanged     = "profile.changed"
	EventCredential         = "credential.changed"    // by a command: signed in, imported, renewed, removed
	EventSupervisorAway     = "supervisor.superseded" // another one has its folder; the services stay
	EventSupervisorRestored = "supervisor.restored"   // its folder had been removed and is there again
	EventSupervisorUpgrade  = "supervisor.upgrade"    // handed over to a new program
	EventUnrecorded         = "supervisor.unrecorded" // supervisor.json cannot be written; result ok: it can again
	EventLedgerDamaged      = "supervisor.rebuilt"    // supervisor.json was no ledger: rebuilt from what runs
	EventLost               = "events.lost"           // so many could not be written
	EventLogCut             = "log.dropped"           // so much of a log was given up
)

// stampLayout is RFC 3339 with milliseconds.
const stampLayout = "2006-01-02T15:04:05.000Z07:00"

// Event is one change of state, one line of events.log. It never holds output
// of a service, which may hold secrets.
type Event struct {
	Timestamp string `json:"timestamp"` // RFC 3339 UTC with milliseconds
	Event     string `json:"event"`
	Service   string `json:"service"`
	Profile   string `json:"profile"`
	Provider  string `json:"provider"`
	Result    string `json:"result"` // ok or error
	Detail    string `json:"detail"`
}

// Time is when the event happened; the zero time when its stamp does not parse.
func (e Event) Time() time.Time {
	t, _ := time.Parse(time.RFC3339, e.Timestamp)
	return t
}

// eventLog writes events to a file and passes them on to those who listen.
type eventLog struct {
	path string
	log  *slog.Logger
	mu   sync.Mutex
	subs map[chan Event]struct{}
	lost int // since the last that could be written
}

func newEventLog(path string, log *slog.Logger) *eventLog {
	return &eventLog{path: path, log: log, subs: map[chan Event]struct{}{}}
}

// emit stamps and records an event. A log that cannot be written (a full disk)
// stops nothing: what is lost is counted, and said when there is room again.
func (l *eventLog) emit(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Timestamp = stamp()
	if l.lost > 0 {
		note := Event{Timestamp: e.Timestamp, Event: EventLost, Profile: e.Profile, Result: "error", Detail: fmt.Sprintf("%d events could not be written", l.lost)}
		if appendEvent(l.path, note) == nil {
			l.lost = 0
		}
	}
	if err := appendEvent(l.path, e); err != nil {
		l.lost++
		l.log.Warn("event not recorded", "event", e.Event, "service", e.Service, "err", err)
	}
	for sub := range l.subs {
		select {
		case sub <- e:
		default: // a listener that does not keep up misses it; the file has it
		}
	}
}

// subscribe returns a channel of the events from now on and how to leave.
func (l *eventLog) subscribe() (<-chan Event, func()) {
	sub := make(chan Event, 256)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.subs[sub] = struct{}{}
	return sub, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.subs, sub)
	}
}

func stamp() string { return time.Now().UTC().Format(stampLayout) }

// appendEvent adds one line in one write, so that lines of several processes
// never mix. An event without a stamp gets one.
func appendEvent(path string, e Event) error {
	if e.Timestamp == "" {
		e.Timestamp = stamp()
	}
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return fmt.Errorf("encode event %q: %w", e.Event, err)
	}
	return logfile.Append(path, bytes.TrimRight(line.Bytes(), "\n"), logfile.Standard())
}
