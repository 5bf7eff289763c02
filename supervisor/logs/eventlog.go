package logs

import (
	"fmt"
	"log/slog"
	"sync"

	"github.com/flowgate-go/flowgate/supervisor/control"
)

// EventLog writes events to a file and passes them on to subscribers.
type EventLog struct {
	path        string
	logger      *slog.Logger
	profile     func() string // in force
	mu          sync.Mutex
	nextBatch   *batch // that has not begun to be written
	subscribers map[chan control.Event]struct{}
	writing     sync.Mutex // held while a batch is written
	unwritten   int        // since the last that could be written
}

// batch holds the events of one write.
type batch struct {
	once   sync.Once
	events []control.Event
}

// NewEventLog returns the events log at path. It asks profile for the profile in force,
// and logs failures to log.
func NewEventLog(path string, log *slog.Logger, profile func() string) *EventLog {
	return &EventLog{path: path, logger: log, profile: profile, subscribers: map[chan control.Event]struct{}{}}
}

// Emit records an event with the present time, and returns when it is in the file.
// Events of many services at once wait for the write in progress and share the next
// one.
func (l *EventLog) Emit(e control.Event) {
	l.mu.Lock()
	if l.nextBatch == nil {
		l.nextBatch = &batch{}
	}
	b := l.nextBatch
	e.Timestamp = control.EventTimestamp()
	b.events = append(b.events, e)
	l.mu.Unlock()
	b.once.Do(func() {
		l.writing.Lock()
		defer l.writing.Unlock()
		l.mu.Lock()
		l.nextBatch = nil // later events go into another batch
		l.mu.Unlock()
		l.write(b.events)
	})
}

// write writes events. A log that cannot be written (a full disk) stops nothing: lost
// events are counted, and EventLost says how many when there is room again.
func (l *EventLog) write(events []control.Event) {
	profile := l.profile()
	for i := range events {
		events[i].Profile = profile
	}
	if l.unwritten > 0 {
		note := control.Event{
			Timestamp: events[0].Timestamp,
			Event:     control.EventLost,
			Profile:   profile,
			Result:    "error",
			Detail:    fmt.Sprintf("%d events could not be written", l.unwritten),
		}
		if control.AppendEvents(l.path, note) == nil {
			l.unwritten = 0
		}
	}
	if err := control.AppendEvents(l.path, events...); err != nil {
		l.unwritten += len(events)
		l.logger.Warn(
			"events not recorded", "events", len(events), "first", events[0].Event, "service", events[0].Service, "err", err,
		)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for sub := range l.subscribers {
		for _, e := range events {
			select {
			case sub <- e:
			default: // a subscriber that does not keep up misses it; the file has it
			}
		}
	}
}

// Subscribe returns a channel of the events from now on, and a func that ends the
// subscription.
func (l *EventLog) Subscribe() (<-chan control.Event, func()) {
	sub := make(chan control.Event, 1024)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.subscribers[sub] = struct{}{}
	return sub, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.subscribers, sub)
	}
}

// HasUnwritten reports whether there are events that could not be written yet.
func (l *EventLog) HasUnwritten() bool {
	l.writing.Lock()
	defer l.writing.Unlock()
	return l.unwritten > 0
}
