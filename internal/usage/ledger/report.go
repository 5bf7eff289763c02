package ledger

import (
	"cmp"
	"maps"
	"math"
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

// Line is the sum of the requests of one client, model, day and the like.
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

// selectHours gives the sums of whole hours that the filter means, in the order in which they are stored. SQLite
// would sort them to group them, which took longer than to read them; so the Reader groups them.
const selectHours = `SELECT * FROM hour WHERE hour >= ?1 AND hour < ?2 AND ` + ofNames

// wholeHours returns the first hour that the span has whole, and the one after the last.
func (m *meant) wholeHours() (first, after int64) {
	first = (m.since + microsPerHour - 1) / microsPerHour
	return first, max(first, m.until/microsPerHour)
}

// Summary is what the requests of a filter used.
type Summary struct {
	Total    Sum
	Lines    map[By][]Line // those that were asked for: the most dear come first, days in their order
	Unpriced []Unpriced    // the most used first
}

// sumsByID are sums by the id of a name; for days by the hour since 1970.
type sumsByID map[int64]*Sum

// columnOf are the columns of selectHours by which a By groups.
var columnOf = [...]By{ByDay, ByClient, BySession, ByAccount, ByDeployment, ByModel}

// Summarize returns the sums of what the filter means, with lines of each of by; days are those
// of the time zone. It reads the ledger once.
func (r *Reader) Summarize(f Filter, zone *time.Location, by ...By) (all Summary, err error) {
	all.Lines = map[By][]Line{}
	groups := [len(columnOf)]sumsByID{}
	for column, b := range columnOf {
		if b == ByModel || slices.Contains(by, b) { // models without a price are always named
			groups[column] = sumsByID{}
		}
	}
	err = r.atOneMoment(func() (err error) {
		if all.Total, err = r.sumInto(&groups, f); err != nil {
			return err
		}
		for column, b := range columnOf {
			if groups[column] == nil {
				continue
			}
			if all.Lines[b], err = r.nameLines(groups[column], b, zone); err != nil {
				return err
			}
		}
		all.Unpriced = unpricedOf(all.Lines[ByModel])
		return nil
	})
	return all, err
}

// atOneMoment runs do, in which all that is read is of one moment: usage:forget deletes names.
func (r *Reader) atOneMoment(do func() error) error {
	if r.db == nil {
		return do()
	}
	if err := r.db.Exec(`BEGIN`); err != nil {
		return explain(r.path, err)
	}
	defer func() { _ = r.db.Exec(`ROLLBACK`) }() // it was only read
	return do()
}

// sumInto adds what the filter means to the groups that are asked for, and returns the sum of it: whole hours from
// the table hour, those in which the filter begins and ends from the rows.
func (r *Reader) sumInto(groups *[len(columnOf)]sumsByID, f Filter) (total Sum, err error) {
	if r.db == nil {
		return total, nil
	}
	add := func(ids [len(columnOf)]int64, sum *Sum) {
		total.add(sum)
		for column, group := range groups {
			if group != nil {
				group.add(ids[column], sum)
			}
		}
	}
	m, err := f.resolve(r.db)
	if err != nil {
		return total, explain(r.path, err)
	}
	if err = r.eachHour(&m, f, add); err == nil {
		err = r.eachEdge(&m, add)
	}
	total.finish()
	return total, explain(r.path, err)
}

// addSum adds the sum of what has the same ids in the columns of columnOf.
type addSum func(ids [len(columnOf)]int64, sum *Sum)

// eachHour adds the sums of the whole hours that the filter means.
func (r *Reader) eachHour(m *meant, f Filter, add addSum) error {
	first, after := m.wholeHours()
	return query(r.db, selectHours, []any{first, after, f.Client, f.Session}, func(s *sqlite3.Stmt) error {
		var ids [len(columnOf)]int64
		for column := range ids {
			ids[column] = s.ColumnInt64(column)
		}
		sum := readSum(s)
		add(ids, &sum)
		return nil
	})
}

// eachEdge adds the rows that are meant of the hours in which the filter begins and ends.
func (r *Reader) eachEdge(m *meant, add addSum) error {
	first, after := m.wholeHours()
	edges := [...][2]int64{{m.since, min(m.until, first*microsPerHour)}, {after * microsPerHour, m.until}}
	for _, edge := range edges {
		if edge[0] >= edge[1] {
			continue
		}
		err := r.store.each(edge[0], edge[1], func(e *entry) error {
			if m.matches(e) {
				k, sum := hourOf(e), sumOf(e)
				add([...]int64{k.hour, k.client, k.session, k.account, k.deployment, k.model}, &sum)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// sumOf returns a row as a sum of one.
func sumOf(e *entry) Sum {
	var s sums
	s.add(e)
	return Sum{Requests: s.requests, Failures: s.failures, Untold: s.untold, Unpriced: s.unpriced, Input: s.input,
		Cached: s.cached, CacheWrite: s.cacheWrite, Output: s.output, Reasoning: s.reasoning, Cost: s.cost,
		duration: s.duration, firstByte: s.firstByte, firstBytes: s.firstBytes}
}

// add adds a sum to that of an id.
func (g sumsByID) add(id int64, sum *Sum) {
	if g[id] == nil {
		g[id] = &Sum{}
	}
	g[id].add(sum)
}

// nameLines returns sums under their names. Several ids can have one: the hours of a day, or an
// account that is unknown.
func (r *Reader) nameLines(group sumsByID, by By, zone *time.Location) ([]Line, error) {
	sums := make(map[string]*Sum, len(group))
	add := func(name string, sum *Sum) {
		if other := sums[name]; other != nil {
			other.add(sum)
		} else {
			sums[name] = sum
		}
	}
	if by == ByDay {
		for hour, sum := range group {
			add(fromMicros(hour*microsPerHour).In(zone).Format(time.DateOnly), sum)
		}
		return sortLines(sums, by), nil
	}
	err := r.eachName(group, func(name string, sum *Sum) {
		if name == "" && by == ByAccount {
			name = Unknown
		}
		add(name, sum)
	})
	return sortLines(sums, by), err
}

// eachName calls do with the name of each id. It reads all names between the first and the last
// one: to look 25,000 sessions up one by one took longer.
func (r *Reader) eachName(group sumsByID, do func(name string, sum *Sum)) error {
	if len(group) == 0 {
		return nil
	}
	ids := slices.Collect(maps.Keys(group))
	return r.each(`SELECT id, text FROM name WHERE id BETWEEN ? AND ?`, []any{slices.Min(ids), slices.Max(ids)},
		func(s *sqlite3.Stmt) error {
			if sum := group[s.ColumnInt64(0)]; sum != nil {
				do(s.ColumnText(1), sum)
			}
			return nil
		})
}

// sortLines returns the lines of sums in their order. It sorts pointers, since lines are long.
func sortLines(sums map[string]*Sum, by By) []Line {
	type named struct {
		name string
		sum  *Sum
	}
	order := make([]named, 0, len(sums))
	for name, sum := range sums {
		sum.finish()
		order = append(order, named{name, sum})
	}
	slices.SortFunc(order, func(a, b named) int {
		if by == ByDay {
			return cmp.Compare(a.name, b.name)
		}
		return cmp.Or(cmp.Compare(b.sum.Cost, a.sum.Cost), cmp.Compare(b.sum.Total(), a.sum.Total()),
			cmp.Compare(b.sum.Requests, a.sum.Requests), cmp.Compare(a.name, b.name))
	})
	lines := make([]Line, len(order))
	for i, one := range order {
		lines[i] = Line{one.name, *one.sum}
	}
	return lines
}

// readSum reads the sums of a row of the result of selectHours.
func readSum(row *sqlite3.Stmt) Sum {
	next := len(columnOf) - 1
	number := func() int64 { next++; return row.ColumnInt64(next) }
	s := Sum{Requests: number(), Failures: number(), Untold: number(), Unpriced: number(), Input: number(),
		Cached: number(), CacheWrite: number(), Output: number(), Reasoning: number()}
	next++
	if s.Cost = row.ColumnFloat(next); !isFinite(s.Cost) {
		s.Cost, s.Unpriced = 0, s.Requests
	}
	s.duration, s.firstByte, s.firstBytes = number(), number(), number()
	return s
}

// add adds another sum.
func (s *Sum) add(o *Sum) {
	s.Requests, s.Failures, s.Untold = s.Requests+o.Requests, s.Failures+o.Failures, s.Untold+o.Untold
	s.Unpriced, s.Input, s.Cached = s.Unpriced+o.Unpriced, s.Input+o.Input, s.Cached+o.Cached
	s.CacheWrite, s.Output, s.Reasoning = s.CacheWrite+o.CacheWrite, s.Output+o.Output, s.Reasoning+o.Reasoning
	s.Cost = max(-math.MaxFloat64, min(s.Cost+o.Cost, math.MaxFloat64)) // JSON has no infinite numbers
	s.duration, s.firstByte, s.firstBytes = s.duration+o.duration, s.firstByte+o.firstByte, s.firstBytes+o.firstBytes
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

// unpricedOf returns the models without a price, the most used first.
func unpricedOf(models []Line) []Unpriced {
	all := []Unpriced{}
	for _, line := range models {
		if line.Unpriced > 0 {
			all = append(all, Unpriced{line.Name, line.Unpriced, line.Total()})
		}
	}
	slices.SortStableFunc(all, func(a, b Unpriced) int { return cmp.Compare(b.Requests, a.Requests) })
	return all
}
