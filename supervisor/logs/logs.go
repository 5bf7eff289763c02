// Package logs reads what services wrote (Logs, Tail) and the events log (Events), and
// writes the events log for a supervisor (EventLog). DiskWatch finds out when a full
// disk may have cost log lines.
//
// It never rotates a service's log: the service has it open.
package logs

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/logfile"
	"github.com/flowgate-go/flowgate/supervisor/control"
)

// pollInterval is the time between two looks at a file.
const pollInterval = 100 * time.Millisecond

// Options choose lines of the services' own output.
type Options struct {
	Services []string                 // empty: all
	N        int                      // last lines of each; negative: all
	Since    time.Time                // none before; zero: no limit
	Level    string                   // none below: one of logfile.Levels; "": all
	Follow   bool                     // continue until ctx ends
	Scrub    func(line []byte) []byte // takes secrets out; may be nil
}

// LogLine is one line that a service wrote. A line without a time or level has those
// of the line before.
type LogLine struct {
	Service string     `json:"service"`
	Time    *time.Time `json:"time"`  // nil when it is not known
	Level   string     `json:"level"` // one of logfile.Levels
	Line    string     `json:"line"`
	// log.gap, log.dropped or log.moved: FlowGate wrote this line, since lines are missing here
	Event string `json:"event,omitempty"`
}

// Page returns the line as people read it, after the name of its service.
func (l LogLine) Page() string {
	return l.Service + ": " + strings.ReplaceAll(l.Line, "\n", "\\n") + "\n"
}

// Logs passes lines of the services' logs to emit in the order of their times, and new
// lines as they are written. It returns the error of emit. Faults:
// service-unknown, level-unknown, log-unreadable.
func Logs(ctx context.Context, cfg *config.Config, o Options, emit func(LogLine) error) error {
	names, err := control.SelectServices(cfg, o.Services)
	if err != nil {
		return err
	}
	if o.Level != "" && !slices.Contains(logfile.Levels(), o.Level) {
		return fault.Usage("level-unknown", "there is no level %q", o.Level).WithHint("debug, info, warn or error")
	}
	var sources []*source
	var past []LogLine
	noteReader := newNotes(cfg.Paths.LogFile)
	for _, name := range names {
		s := &source{service: name, path: control.LogPath(cfg, name), o: o}
		lines, err := s.readPast()
		if err != nil {
			return readFault(s.path, err)
		}
		sources, past = append(sources, s), append(past, lines...)
		noteReader.from[name] = s.firstTime(lines)
	}
	notes, err := noteReader.readPast(o)
	if err != nil {
		return readFault(cfg.Paths.LogFile, err)
	}
	past = append(past, notes...)
	slices.SortStableFunc(past, func(a, b LogLine) int { return timeOf(a).Compare(timeOf(b)) })
	for _, line := range past {
		if err := emit(line); err != nil {
			return err
		}
	}
	return pollUntilDone(ctx, o.Follow, func() error {
		for _, s := range sources {
			if err := s.readNew(emit); err != nil {
				return err
			}
		}
		return noteReader.readNew(emit)
	})
}

// timeOf returns the time of a line, the zero time when it is not known.
func timeOf(l LogLine) time.Time {
	if l.Time == nil {
		return time.Time{}
	}
	return *l.Time
}

// source reads the log of one service.
type source struct {
	service  string
	path     string
	o        Options
	follower *logfile.Follower
	time     *time.Time // of the line before
	level    string
}

// readPast reads the wanted lines that the log has already: from its end backwards, so
// that a long log costs neither time nor memory.
func (s *source) readPast() (lines []LogLine, err error) {
	p := pastLines{source: s}
	if s.o.N == 0 {
		s.follower, err = logfile.Tail(s.path, 0, !s.o.Follow, func([]byte) error { return nil })
		return nil, err
	}
	s.follower, err = logfile.Backwards(s.path, p.reset, p.add, p.isEnough)
	if err != nil {
		return nil, err
	}
	if rest := s.follower.Rest(); !s.o.Follow && len(rest) > 0 {
		_ = p.add(rest)
	}
	if n := s.o.N; n > 0 {
		p.lines = p.lines[max(0, len(p.lines)-n):]
	}
	s.dateUndatedStart(p.lines)
	return slices.DeleteFunc(p.lines, func(l LogLine) bool { return timeOf(l).Before(s.o.Since) }), nil
}

// dateUndatedStart gives the lines before the first one with a time that time, or the
// file's own when no line has one.
func (s *source) dateUndatedStart(lines []LogLine) {
	i := slices.IndexFunc(lines, func(l LogLine) bool { return l.Time != nil })
	first := (*time.Time)(nil)
	if i >= 0 {
		first = lines[i].Time
	} else if info, err := os.Stat(s.path); err == nil {
		at := info.ModTime().UTC().Truncate(time.Millisecond)
		i, first = len(lines), &at
	}
	for j := range max(i, 0) {
		lines[j].Time = first
	}
}

// readNew passes the wanted lines that were written since the last call to emit.
func (s *source) readNew(emit func(LogLine) error) error {
	return readFault(s.path, s.follower.Poll(func(raw []byte) error {
		line := s.parse(raw)
		if !s.hasWantedLevel(line) {
			return nil
		}
		return wrapEmitError(emit(line))
	}))
}

// readTimeAndLevel reads the time and level of a line, which also hold for lines after
// it that have none.
func (s *source) readTimeAndLevel(raw []byte) {
	if at, ok := logfile.ReadTime(raw); ok {
		at = at.UTC()
		s.time = &at
	}
	if level := logfile.Level(raw); level != "" {
		s.level = level
	}
}

// parse returns a line of the log, with secrets taken out.
func (s *source) parse(raw []byte) LogLine {
	s.readTimeAndLevel(raw)
	if s.level == "" {
		s.level = logfile.LevelInfo
	}
	if s.o.Scrub != nil {
		raw = s.o.Scrub(raw)
	}
	return LogLine{Service: s.service, Time: s.time, Level: s.level, Line: string(raw)}
}

// hasWantedLevel reports whether a line is not below the level that is asked for.
func (s *source) hasWantedLevel(l LogLine) bool {
	levels := logfile.Levels()
	return slices.Index(levels, l.Level) >= slices.Index(levels, s.o.Level)
}

// EventOptions choose events.
type EventOptions struct {
	N      int       // the last ones; negative: all
	Since  time.Time // none before; zero: no limit
	Follow bool      // continue until ctx ends
}

// Events passes events of the events log to emit, and new ones as they are written. It
// skips lines that are not events. It returns the error of emit. Fault:
// log-unreadable.
func Events(ctx context.Context, cfg *config.Config, o EventOptions, emit func(control.Event) error) error {
	passEvent := func(line []byte) error {
		var e control.Event
		if json.Unmarshal(line, &e) != nil || e.Event == "" || e.Time().Before(o.Since) {
			return nil
		}
		return wrapEmitError(emit(e))
	}
	path := cfg.Paths.LogFile
	f, err := logfile.Tail(path, o.N, !o.Follow, passEvent)
	if err == nil && !o.Follow && o.N != 0 && len(f.Rest()) > 0 {
		err = passEvent(f.Rest())
	}
	if err != nil {
		return readFault(path, err)
	}
	return pollUntilDone(ctx, o.Follow, func() error { return readFault(path, f.Poll(passEvent)) })
}

// pollUntilDone polls until ctx ends, which is not an error.
func pollUntilDone(ctx context.Context, follow bool, poll func() error) error {
	if !follow {
		return nil
	}
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if err := poll(); err != nil {
				return err
			}
		}
	}
}

// emitError is an error of emit, which must be told apart from the errors of a log.
type emitError struct{ error }

// wrapEmitError returns an error of emit as an emitError; nil for nil.
func wrapEmitError(err error) error {
	if err == nil {
		return nil
	}
	return emitError{err}
}

// readFault returns the fault log-unreadable for an error of the log at path, an error of
// emit as emit returned it, and nil for nil.
func readFault(path string, err error) error {
	var emitErr emitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &emitErr):
		return emitErr.error
	}
	return fault.New("log-unreadable", "read %s: %w", path, err).WithHint("check that the file is yours and readable")
}
