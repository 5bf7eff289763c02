package page

import (
	"cmp"
	"context"
	"time"

	"github.com/flowgate-go/flowgate/internal/usage/ledger"
)

// Ledger is what the page knows of a usage ledger. It reads only what was written since it
// looked last. It is used by one goroutine at a time.
type Ledger struct {
	Folder string
	Now    func() time.Time

	last    int64 // id of the newest row that was read
	begun   bool
	minutes map[int64]*minute // by Unix minute
}

// minute is the sum of the requests that began in one minute.
type minute struct {
	requests, errors, replies int64
	waitMS                    float64 // until the replies
}

// Spans of what is shown.
const (
	seriesMinutes = 60
	usageSpan     = 24 * time.Hour
	maxRows       = 12 // of clients and of models
)

// Read returns the usage of the last day, and the numbers of the last hour. Faults: those of
// ledger.Open.
func (l *Ledger) Read(context.Context) (Usage, error) {
	r, err := ledger.Open(l.Folder)
	if err != nil {
		return Usage{Reason: faultText(err)}, err
	}
	defer func() { _ = r.Close() }()
	now := l.Now()
	if err := l.readRows(r, now); err != nil {
		return Usage{Reason: faultText(err)}, err
	}
	u := Usage{Series: l.series(now)}
	sums, err := r.Summarize(ledger.Filter{Since: now.Add(-usageSpan)}, time.Local, ledger.ByClient, ledger.ByModel)
	u.Clients = firstRows(sums.Lines[ledger.ByClient], "no client that is known")
	u.Models = firstRows(sums.Lines[ledger.ByModel], "refused before a model was asked")
	return u, err
}

// readRows adds the rows that were written since the last look.
func (l *Ledger) readRows(r *ledger.Reader, now time.Time) error {
	if l.minutes == nil {
		l.minutes = map[int64]*minute{}
	}
	first := now.Unix()/60 - seriesMinutes
	for at := range l.minutes {
		if at < first {
			delete(l.minutes, at)
		}
	}
	if l.begun {
		return r.After(l.last, l.add)
	}
	l.begun = true
	newest, err := r.Last(1)
	for _, row := range newest {
		l.last = row.ID
	}
	if err != nil {
		return err
	}
	return r.Rows(ledger.Filter{Since: now.Add(-seriesMinutes * time.Minute)}, l.add)
}

// add adds a row to its minute.
func (l *Ledger) add(row ledger.Row) error {
	l.last = max(l.last, row.ID)
	m := l.minutes[row.Time.Unix()/60]
	if m == nil {
		m = &minute{}
		l.minutes[row.Time.Unix()/60] = m
	}
	m.requests++
	if row.Class != "" || row.Status >= 400 {
		m.errors++
	}
	if row.FirstByteMS > 0 {
		m.replies++
		m.waitMS += row.FirstByteMS
	}
	return nil
}

// minSeconds is how much of the present minute has to be over before it is shown.
const minSeconds = 10

// series returns the numbers of the last hour and of the present minute.
func (l *Ledger) series(now time.Time) Series {
	var s Series
	for at := now.Unix()/60 - seriesMinutes; at <= now.Unix()/60; at++ {
		seconds := min(60, float64(now.Unix()-at*60))
		if seconds < minSeconds {
			break
		}
		m := l.minutes[at]
		if m == nil {
			m = &minute{}
		}
		s.At = append(s.At, at*60)
		s.Requests = append(s.Requests, float64(m.requests)/seconds)
		s.Errors = append(s.Errors, float64(m.errors)/seconds)
		var wait *float64
		if m.replies > 0 {
			wait = new(m.waitMS / float64(m.replies))
		}
		s.LatencyMS = append(s.LatencyMS, wait)
	}
	return s
}

// firstRows returns the first lines of a report as the page shows them. unnamed is the name of
// requests that have none, since they were refused before.
func firstRows(lines []ledger.Line, unnamed string) []Row {
	rows := []Row{}
	for _, line := range lines[:min(len(lines), maxRows)] {
		rows = append(rows, Row{Name: cmp.Or(line.Name, unnamed), Requests: line.Requests, Errors: line.Failures,
			Input: line.Input, Output: line.Output, Cost: line.Cost, Unpriced: line.Unpriced})
	}
	return rows
}
