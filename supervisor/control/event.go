package control

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/logfile"
)

// Names of events.
const (
	EventStarting             = "service.starting"
	EventReady                = "service.ready"
	EventUnready              = "service.unready"
	EventExited               = "service.exited"
	EventRestarting           = "service.restarting" // decided on evidence; the detail begins with its kind
	EventKept                 = "service.kept"       // a restart that was decided against, on evidence too
	EventAdopted              = "service.adopted"    // taken over from a supervisor that was killed or replaced
	EventFailed               = "service.failed"
	EventStopping             = "service.stopping"
	EventStopped              = "service.stopped"
	EventStuck                = "service.stuck" // its process does not end by SIGKILL
	EventSupervisorStarted    = "supervisor.started"
	EventSupervisorStopped    = "supervisor.stopped"
	EventProfileChanged       = "profile.changed"
	EventCredentialChanged    = "credential.changed"    // by a command: signed in, imported, renewed, removed
	EventSupervisorSuperseded = "supervisor.superseded" // another one has its folder; the services stay
	EventSupervisorRestored   = "supervisor.restored"   // it restored its removed folder or control socket
	EventSupervisorUpgrade    = "supervisor.upgrade"    // handed over to a new program
	EventSupervisorUnrecorded = "supervisor.unrecorded" // supervisor.json cannot be written; result ok: it can again
	EventSupervisorRebuilt    = "supervisor.rebuilt"    // supervisor.json was not a ledger: rebuilt from what runs
	EventLost                 = "events.lost"           // events that could not be written; the detail has their number
	EventLogDropped           = "log.dropped"           // bytes of a log were given up; the detail has their number
	EventLogMoved             = "log.moved"             // a service writes to a file that is no longer where its log is
	EventLogGap               = "log.gap"               // the disk was full: a log may lack lines of that time
)

// TimestampLayout is the layout of an event's timestamp: RFC 3339 with milliseconds.
const TimestampLayout = "2006-01-02T15:04:05.000Z07:00"

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

// Time returns when the event happened, the zero time when its timestamp does not
// parse.
func (e Event) Time() time.Time {
	t, _ := time.Parse(time.RFC3339, e.Timestamp)
	return t
}

// EventTimestamp returns the present time in TimestampLayout.
func EventTimestamp() string { return time.Now().UTC().Format(TimestampLayout) }

// AppendEvents appends events to the events log in one write, so that lines of
// several processes never mix. An event without a timestamp gets the present time.
func AppendEvents(path string, events ...Event) error {
	var lines bytes.Buffer
	enc := json.NewEncoder(&lines)
	enc.SetEscapeHTML(false)
	for _, e := range events {
		if e.Timestamp == "" {
			e.Timestamp = EventTimestamp()
		}
		if err := enc.Encode(e); err != nil {
			return fmt.Errorf("encode event %q: %w", e.Event, err)
		}
	}
	return logfile.Append(path, bytes.TrimRight(lines.Bytes(), "\n"), logfile.StandardLimits())
}

// Names of the events of commands that change what services run from.
const (
	EventGenerationRecorded   = "generation.recorded"
	EventGenerationUnrecorded = "generation.unrecorded" // the state that runs could not be kept
	EventUpdateFailed         = "update.failed"         // the detail says how the version before came back
	EventGenerationRestored   = "generation.restored"
	EventRollbackFailed       = "rollback.failed" // the detail says how the state before came back
	EventRuntimeUpdated       = "runtime.updated"
	EventChangeRecovered      = "change.recovered" // an interrupted change was taken back
)

// Line returns the event as a person reads it: "litellm: ready".
func (e Event) Line() string {
	text := e.Event
	if e.Service != "" {
		text = e.Service + ": " + strings.TrimPrefix(e.Event, "service.")
	}
	if e.Detail != "" {
		text += " (" + e.Detail + ")"
	}
	return text
}
