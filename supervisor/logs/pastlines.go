package logs

import (
	"time"

	"github.com/flowgate-go/flowgate/internal/logfile"
)

// pastLines collects the lines of a log that were written before a command began to
// follow it, as far as they have the level, the age and the number that it asks for.
type pastLines struct {
	source    *source
	lines     []LogLine
	fromStart bool      // the part that is read begins with the log
	firstTime time.Time // of the first line of the part that says one
}

// reset starts a part that is read from its beginning to the log's end.
func (p *pastLines) reset(whole bool) {
	p.lines, p.fromStart, p.firstTime = p.lines[:0], whole, time.Time{}
	p.source.time, p.source.level = nil, ""
}

// add looks at one line and keeps it if it is wanted, instead of the oldest
// when there are enough.
func (p *pastLines) add(raw []byte) error {
	s := p.source
	known := p.fromStart || s.level != "" || logfile.Level(raw) != ""
	at, dated := logfile.ReadTime(raw)
	if dated && p.firstTime.IsZero() {
		p.firstTime = at
	}
	if dated && at.Before(s.o.Since) || !known && s.o.Level != "" {
		s.readTimeAndLevel(raw) // the line is too old, or its level is that of a line before the part
		return nil
	}
	line := s.parse(raw)
	if !s.hasWantedLevel(line) || line.Time != nil && line.Time.Before(s.o.Since) {
		return nil
	}
	if n := s.o.N; n > 0 && len(p.lines)/2 >= n { // cut now and then: each time would copy all
		p.lines = append(p.lines[:0], p.lines[len(p.lines)-n+1:]...)
	}
	p.lines = append(p.lines, line)
	return nil
}

// isEnough reports whether a longer part of the log would add nothing.
func (p *pastLines) isEnough() bool {
	n, since := p.source.o.N, p.source.o.Since
	return n > 0 && len(p.lines) > n || !since.IsZero() && !p.firstTime.IsZero() && p.firstTime.Before(since)
}
