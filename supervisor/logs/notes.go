package logs

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/flowgate-go/flowgate/internal/logfile"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// maxNoteAge is how far back notes go for a log whose lines name no time: where
// among them a note belongs cannot be told.
const maxNoteAge = 24 * time.Hour

// notes reads from the events log where lines of logs are missing or went elsewhere.
type notes struct {
	path     string
	from     map[string]time.Time // by service: none before
	follower *logfile.Follower
}

// newNotes returns the notes in the events log at path.
func newNotes(path string) *notes { return &notes{path: path, from: map[string]time.Time{}} }

// readPast returns the notes that belong among the lines that are shown.
func (n *notes) readPast(o Options) (notes []LogLine, err error) {
	wanted := o.N
	if wanted != 0 {
		wanted = -1 // N counts lines of each service, and the events log has the events of all
	}
	n.follower, err = logfile.Tail(n.path, wanted, false, func(line []byte) error {
		if note, ok := n.parse(line); ok && !note.Time.Before(o.Since) {
			notes = append(notes, note)
		}
		return nil
	})
	return notes, err
}

// readNew passes the notes that were written since the last call to emit.
func (n *notes) readNew(emit func(LogLine) error) error {
	return readFault(n.path, n.follower.Poll(func(line []byte) error {
		if note, ok := n.parse(line); ok {
			return wrapEmitError(emit(note))
		}
		return nil
	}))
}

// parse makes a line of an event that says that lines are missing or went
// elsewhere. It is shown at every level, since the level of those lines is not known.
func (n *notes) parse(line []byte) (LogLine, bool) {
	if !bytes.Contains(line, []byte(`"event":"log.`)) {
		return LogLine{}, false
	}
	var e control.Event
	if json.Unmarshal(line, &e) != nil ||
		e.Event != control.EventLogDropped && e.Event != control.EventLogGap && e.Event != control.EventLogMoved {
		return LogLine{}, false
	}
	at := e.Time()
	from, chosen := n.from[e.Service]
	if !chosen || at.Before(from) {
		return LogLine{}, false
	}
	return LogLine{
		Service: e.Service,
		Time:    &at,
		Level:   logfile.LevelError,
		Line:    e.Event + ": " + e.Detail,
		Event:   e.Event,
	}, true
}

// firstTime returns the time from which on notes are shown among lines: that of the first
// line, or maxNoteAge ago if the log has no times.
func (s *source) firstTime(lines []LogLine) time.Time {
	if s.time == nil || len(lines) == 0 {
		return time.Now().Add(-maxNoteAge)
	}
	return *lines[0].Time
}
