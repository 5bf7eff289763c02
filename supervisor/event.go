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
	EventStuck              = "service.stuck" // its process does not end by SIGKILL
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
	EventLogMoved           = "log.moved"             // a service writes to a file that is no longer where its log is
	EventLogGap             = "log.gap"               // the disk was full: so long a log may lack lines
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
	path    string
	log     *slog.Logger
	profile func() string // in force
	mu      sync.Mutex
	next    *batch // that has not begun to be written
	subs    map[chan Event]struct{}
	writing sync.Mutex // held while a batch is written
	lost    int        // since the last that could be written
}

// batch are events that one write records.
type batch struct {
	once   sync.Once
	events []Event
}

func newEventLog(path string, log *slog.Logger, profile func() string) *eventLog {
	return &eventLog{path: path, log: log, profile: profile, subs: map[chan Event]struct{}{}}
}

// emit stamps and records an event, and returns when it is in the file. Those
// of a hundred services at once wait for the write that goes on and share the
// next one.
func (l *eventLog) emit(e Event) {
	l.mu.Lock()
	if l.next == nil {
		l.next = &batch{}
	}
	b := l.next
	e.Timestamp = stamp()
	b.events = append(b.events, e)
	l.mu.Unlock()
	b.once.Do(func() {
		l.writing.Lock()
		defer l.writing.Unlock()
		l.mu.Lock()
		l.next = nil // who comes from now on is in another
		l.mu.Unlock()
		l.record(b.events)
	})
}

// record writes events. A log that cannot be written (a full disk) stops
// nothing: what is lost is counted, and said when there is room again.
func (l *eventLog) record(events []Event) {
	profile := l.profile()
	for i := range events {
		events[i].Profile = profile
	}
	if l.lost > 0 {
		note := Event{Timestamp: events[0].Timestamp, Event: EventLost, Profile: profile, Result: "error", Detail: fmt.Sprintf("%d events could not be written", l.lost)}
		if appendEvents(l.path, note) == nil {
			l.lost = 0
		}
	}
	if err := appendEvents(l.path, events...); err != nil {
		l.lost += len(events)
		l.log.Warn("events not recorded", "events", len(events), "first", events[0].Event, "service", events[0].Service, "err", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for sub := range l.subs {
		for _, e := range events {
			select {
			case sub <- e:
			default: // a listener that does not keep up misses it; the file has it
			}
		}
	}
}

// subscribe returns a channel of the events from now on and how to leave.
func (l *eventLog) subscribe() (<-chan Event, func()) {
	sub := make(chan Event, 1024)
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

// appendEvents adds a line for each in one write, so that lines of several
// processes never mix. An event without a stamp gets one.
func appendEvents(path string, events ...Event) error {
	var lines bytes.Buffer
	enc := json.NewEncoder(&lines)
	enc.SetEscapeHTML(false)
	for _, e := range events {
		if e.Timestamp == "" {
			e.Timestamp = stamp()
		}
		if err := enc.Encode(e); err != nil {
			return fmt.Errorf("encode event %q: %w", e.Event, err)
		}
	}
	return logfile.Append(path, bytes.TrimRight(lines.Bytes(), "\n"), logfile.Standard())
}
