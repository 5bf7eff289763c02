package supervisor

import (
	"time"

	"github.com/flowgate-go/flowgate/internal/logfile"
)

// pastLines are the lines of a log that were written before a command began to
// follow it: those that its level, age and number ask for, and no others.
type pastLines struct {
	source *logSource
	kept   []LogLine
	whole  bool      // the part that is read begins with the log
	first  time.Time // of the first line of the part that says one
}

// begin starts a part that is read from its beginning to the log's end.
func (p *pastLines) begin(whole bool) {
	p.kept, p.whole, p.first = p.kept[:0], whole, time.Time{}
	p.source.time, p.source.level = nil, ""
}

// take looks at one line and keeps it if it is wanted, instead of the oldest
// when there are enough.
func (p *pastLines) take(raw []byte) error {
	s := p.source
	known := p.whole || s.level != "" || logfile.Level(raw) != ""
	at, dated := logfile.Time(raw)
	if dated && p.first.IsZero() {
		p.first = at
	}
	if dated && at.Before(s.o.Since) || !known && s.o.Level != "" {
		s.note(raw) // the line is too old, or its level is that of a line before the part
		return nil
	}
	line := s.line(raw)
	if !s.wanted(line) || line.Time != nil && line.Time.Before(s.o.Since) {
		return nil
	}
	if n := s.o.N; n > 0 && len(p.kept)/2 >= n { // cut now and then: each time would copy all
		p.kept = append(p.kept[:0], p.kept[len(p.kept)-n+1:]...)
	}
	p.kept = append(p.kept, line)
	return nil
}

// enough reports whether a longer part of the log would add nothing.
func (p *pastLines) enough() bool {
	n, since := p.source.o.N, p.source.o.Since
	return n > 0 && len(p.kept) > n || !since.IsZero() && !p.first.IsZero() && p.first.Before(since)
}
