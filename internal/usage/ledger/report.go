package ledger

import (
	"cmp"
	"slices"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// Sum is what a group of requests used.
type Sum struct {
	Requests   int64   `json:"requests"`
	Failures   int64   `json:"failures"`
	Input      int64   `json:"input_tokens"`       // with the cached ones
	Cached     int64   `json:"cached_tokens"`      // read from a cache
	CacheWrite int64   `json:"cache_write_tokens"` // written to a cache
	Output     int64   `json:"output_tokens"`      // with reasoning
	Reasoning  int64   `json:"reasoning_tokens"`
	Cost       float64 `json:"cost"`     // in dollars, of the requests whose models have a price
	Unpriced   int64   `json:"unpriced"` // requests with tokens whose model has no price
	Untold     int64   `json:"untold"`   // good replies that told no tokens

	MeanMS          float64  `json:"mean_duration_ms"`
	MeanFirstByteMS *float64 `json:"mean_first_byte_ms"` // null when no reply came

	duration, firstByte, firstBytes int64 // in microseconds; replies
}

// Total returns the tokens of the requests and their replies.
func (s *Sum) Total() int64 { return s.Input + s.Output }

// Line is the sum of the requests of one client, model, day …
type Line struct {
	Name string `json:"name"`
	Sum
}

// By is what a report has lines of.
type By string

// What a report can have lines of.
const (
	ByClient     By = "client"
	ByModel      By = "model"
	ByAccount    By = "account"
	ByDeployment By = "deployment"
	BySession    By = "session"
	ByDay        By = "day"
)

// AllBy are the values of By.
var AllBy = []By{ByClient, ByModel, ByAccount, ByDeployment, BySession, ByDay}

// hourSums are the sums of rows of the table hour.
const hourSums = `sum(requests), sum(failures), sum(untold), sum(unpriced), sum(input), sum(cached),
 sum(cache_write), sum(output), sum(reasoning), total(cost), sum(duration), sum(first_byte), sum(first_bytes)`

// selectSums gives the sums of what the filter means by a column: of whole hours from the
// table hour, of the hours in which the filter begins and ends from the rows. Its values are
// those of sumValues.
func selectSums(column string) string {
	const raw = ` UNION ALL SELECT start / 3600000000, client, session, account, deployment, model, ` + sumColumns +
		` FROM request WHERE ` + ofNames
	const groups = ` GROUP BY 1, 2, 3, 4, 5, 6`
	return `WITH part AS (SELECT * FROM hour WHERE hour >= ?5 AND hour < ?6 AND ` + ofNames +
		raw + ` AND start >= ?1 AND start < ?2` + groups + raw + ` AND start >= ?7 AND start < ?8` + groups +
		`) SELECT ` + column + ` AS k, ` + hourSums + ` FROM part GROUP BY 1`
}

// sumValues returns the values for selectSums: the span before the first whole hour, the names,
// the whole hours, and the span after the last one.
func sumValues(f Filter) []any {
	since, until, first, last := int64(0), int64(1)<<62, int64(0), int64(1)<<62/microsPerHour
	if !f.Since.IsZero() {
		since = f.Since.UnixMicro()
		first = (since + microsPerHour - 1) / microsPerHour
	}
	if !f.Until.IsZero() {
		until = f.Until.UnixMicro()
		last = max(first, until/microsPerHour)
	}
	return []any{since, min(until, first*microsPerHour), f.Client, f.Session, first, last, last * microsPerHour, until}
}

// Lines returns the sums of what the filter means, by client, model …; days are those of
// the time zone. The most dear come first, days in their order.
func (r *Reader) Lines(f Filter, by By, zone *time.Location) ([]Line, error) {
	sql := `SELECT (SELECT text FROM name WHERE id = k), * FROM (` + selectSums(string(by)) + `)`
	if by == ByDay {
		sql = `SELECT '', * FROM (` + selectSums("hour") + `)`
	}
	sums := map[string]*Sum{}
	err := r.each(sql, sumValues(f), func(s *sqlite3.Stmt) error {
		name := s.ColumnText(0)
		switch {
		case by == ByDay:
			name = fromMicros(s.ColumnInt64(1) * microsPerHour).In(zone).Format(time.DateOnly)
		case name == "" && by == ByAccount:
			name = Unknown
		}
		if sums[name] == nil {
			sums[name] = &Sum{}
		}
		sums[name].add(s)
		return nil
	})
	lines := make([]Line, 0, len(sums))
	for name, sum := range sums {
		sum.finish()
		lines = append(lines, Line{name, *sum})
	}
	slices.SortFunc(lines, func(a, b Line) int {
		if by == ByDay {
			return cmp.Compare(a.Name, b.Name)
		}
		return cmp.Or(cmp.Compare(b.Cost, a.Cost), cmp.Compare(b.Total(), a.Total()),
			cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Name, b.Name))
	})
	return lines, err
}

// Total returns the sum of what the filter means.
func (r *Reader) Total(f Filter) (Sum, error) {
	var sum Sum
	err := r.each(`SELECT '', * FROM (`+selectSums("0")+`)`, sumValues(f), func(s *sqlite3.Stmt) error {
		sum.add(s)
		return nil
	})
	sum.finish()
	return sum, err
}

// add adds a row of the result of selectSums.
func (s *Sum) add(row *sqlite3.Stmt) {
	number := func(i int) int64 { return row.ColumnInt64(i + 1) }
	s.Requests, s.Failures, s.Untold, s.Unpriced = s.Requests+number(1), s.Failures+number(2), s.Untold+number(3),
		s.Unpriced+number(4)
	s.Input, s.Cached, s.CacheWrite = s.Input+number(5), s.Cached+number(6), s.CacheWrite+number(7)
	s.Output, s.Reasoning, s.Cost = s.Output+number(8), s.Reasoning+number(9), s.Cost+row.ColumnFloat(11)
	s.duration, s.firstByte, s.firstBytes = s.duration+number(11), s.firstByte+number(12), s.firstBytes+number(13)
}

// finish computes the means.
func (s *Sum) finish() {
	if s.Requests > 0 {
		s.MeanMS = float64(s.duration/s.Requests) / 1000
	}
	if s.firstBytes > 0 {
		s.MeanFirstByteMS = new(float64(s.firstByte/s.firstBytes) / 1000)
	}
}

// Unpriced is a model without a price.
type Unpriced struct {
	Model    string `json:"model"`
	Requests int64  `json:"requests"`
	Tokens   int64  `json:"tokens"`
}

// UnpricedModels returns the models without a price, the most used first.
func (r *Reader) UnpricedModels(f Filter) ([]Unpriced, error) {
	lines, err := r.Lines(f, ByModel, time.UTC)
	all := []Unpriced{}
	for _, line := range lines {
		if line.Unpriced > 0 {
			all = append(all, Unpriced{line.Name, line.Unpriced, line.Total()})
		}
	}
	slices.SortStableFunc(all, func(a, b Unpriced) int { return cmp.Compare(b.Requests, a.Requests) })
	return all, err
}
