package supervisor

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/flowgate-go/flowgate/internal/logfile"
)

// noteAge is how far back notes go for a log whose lines name no time: where
// among them a note belongs cannot be told.
const noteAge = 24 * time.Hour

// logNotes reads from the events where lines of logs are missing or went elsewhere.
type logNotes struct {
	path     string
	from     map[string]time.Time // by service: none before
	follower *logfile.Follower
}

func newLogNotes(path string) *logNotes { return &logNotes{path: path, from: map[string]time.Time{}} }

// begin are the notes that belong among the lines that are shown.
func (n *logNotes) begin(o LogOptions) (notes []LogLine, err error) {
	wanted := o.N
	if wanted != 0 {
		wanted = -1 // lines of each service; events are of all
	}
	n.follower, err = logfile.Tail(n.path, wanted, false, func(line []byte) error {
		if note, ok := n.note(line); ok && !note.Time.Before(o.Since) {
			notes = append(notes, note)
		}
		return nil
	})
	return notes, err
}

func (n *logNotes) poll(emit func(LogLine) error) error {
	return unreadable(n.path, n.follower.Poll(func(line []byte) error {
		if note, ok := n.note(line); ok {
			return received(emit(note))
		}
		return nil
	}))
}

// note makes a line of an event that says that lines are missing or went
// elsewhere. It passes every choice of a level: which they had is not known.
func (n *logNotes) note(line []byte) (LogLine, bool) {
	if !bytes.Contains(line, []byte(`"event":"log.`)) {
		return LogLine{}, false
	}
	var e Event
	if json.Unmarshal(line, &e) != nil || e.Event != EventLogCut && e.Event != EventLogGap && e.Event != EventLogMoved {
		return LogLine{}, false
	}
	at := e.Time()
	from, chosen := n.from[e.Service]
	if !chosen || at.Before(from) {
		return LogLine{}, false
	}
	return LogLine{Service: e.Service, Time: &at, Level: logfile.LevelError, Line: e.Event + ": " + e.Detail, Event: e.Event}, true
}

// first is when the lines that are shown of a log begin.
func (s *logSource) first(lines []LogLine) time.Time {
	if s.time == nil || len(lines) == 0 {
		return time.Now().Add(-noteAge)
	}
	return *lines[0].Time
}
