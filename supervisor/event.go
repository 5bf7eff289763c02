package supervisor

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Names of events.
const (
	EventStarting          = "service.starting"
	EventReady             = "service.ready"
	EventUnready           = "service.unready"
	EventExited            = "service.exited"
	EventRestarting        = "service.restarting"
	EventFailed            = "service.failed"
	EventStopping          = "service.stopping"
	EventStopped           = "service.stopped"
	EventSupervisorStarted = "supervisor.started"
	EventSupervisorStopped = "supervisor.stopped"
	EventProfileChanged    = "profile.changed"
	EventUnrecorded        = "service.unrecorded" // supervisor.json could not be written
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
}

func newEventLog(path string, log *slog.Logger) *eventLog {
	return &eventLog{path: path, log: log, subs: map[chan Event]struct{}{}}
}

// emit stamps and records an event. A log that cannot be written (a full disk)
// stops nothing: the loss is said in the supervisor's own log.
func (l *eventLog) emit(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Timestamp = stamp()
	if err := appendEvent(l.path, e); err != nil {
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
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(line.Bytes())
	if cerr := file.Close(); err == nil {
		err = cerr
	}
	return err
}
