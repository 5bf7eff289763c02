package ledger

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/flowgate-go/flowgate/internal/usage/quota"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// The statements of a batch.
const (
	insertName = `INSERT INTO name (text) VALUES (?1) ON CONFLICT DO UPDATE SET text = text RETURNING id`
	insertHour = `INSERT INTO hour VALUES (?,?,?,?,?,?, ?,?,?,?, ?,?,?,?,?,?, ?,?,?) ON CONFLICT DO UPDATE SET
 requests = requests + excluded.requests, failures = failures + excluded.failures, untold = untold + excluded.untold,
 unpriced = unpriced + excluded.unpriced, input = input + excluded.input, cached = cached + excluded.cached,
 cache_write = cache_write + excluded.cache_write, output = output + excluded.output,
 reasoning = reasoning + excluded.reasoning, cost = cost + excluded.cost, duration = duration + excluded.duration,
 first_byte = first_byte + excluded.first_byte, first_bytes = first_bytes + excluded.first_bytes`
	insertGap   = `INSERT INTO gap (start, stop, requests, reason) VALUES (?,?,?,?)`
	insertQuota = `INSERT OR REPLACE INTO quota VALUES (?,?,?)`
)

// requestColumns is how many columns of request are written.
const requestColumns = 33

// groupRows is how many rows a statement writes where there are as many: a row takes a third less time so.
const groupRows = 8

// batch writes rows with statements that are prepared once.
type batch struct {
	db                              *sqlite3.Conn
	name, request, hour, gap, quota *sqlite3.Stmt
	requests                        *sqlite3.Stmt // writes groupRows rows
	version                         *sqlite3.Stmt
	redact                          func(string) string
	names                           map[string]int64     // the ids in the table name
	last                            [nameColumns]namedID // what the row before this one had
	hours                           map[hourKey]*sums
	dataVersion                     int64 // of the file: another process has changed it when it changes
	windows                         map[string]quota.Seen
	err                             error // the first one of the batch
}

// hourKey names a row of the table hour.
type hourKey struct{ hour, client, session, account, deployment, model int64 }

// sums are the numbers of a row of the table hour.
type sums struct {
	requests, failures, untold, unpriced, input, cached, cacheWrite, output, reasoning int64
	cost                                                                               float64
	duration, firstByte, firstBytes                                                    int64
}

// namedID is a name and its id.
type namedID struct {
	text string
	id   int64
}

// The columns of request with names, as far as rows that follow each other often have the same.
const (
	clientName = iota
	sessionName
	accountName
	deploymentName
	modelName
	agentName
	subagentName
	routeName
	requestedName
	groupName
	fallbackName
	providerName
	hostName
	className
	nameColumns
)

// maxNames bounds how many names are remembered.
const maxNames = 64 << 10

// newBatch prepares the statements.
func newBatch(db *sqlite3.Conn, redact func(string) string) (*batch, error) {
	b := &batch{db: db, redact: redact, hours: map[hourKey]*sums{}, windows: map[string]quota.Seen{}}
	row := `(NULL` + strings.Repeat(",?", requestColumns) + `)`
	insertRequest := `INSERT INTO request VALUES ` + row
	for _, s := range []struct {
		stmt **sqlite3.Stmt
		sql  string
	}{{&b.name, insertName}, {&b.request, insertRequest}, {&b.hour, insertHour}, {&b.gap, insertGap},
		{&b.requests, insertRequest + strings.Repeat(","+row, groupRows-1)}, {&b.quota, insertQuota},
		{&b.version, `PRAGMA data_version`}} {
		var err error
		if *s.stmt, _, err = db.PrepareFlags(s.sql, sqlite3.PREPARE_PERSISTENT); err != nil {
			b.close()
			return nil, err
		}
	}
	return b, nil
}

// close closes the statements.
func (b *batch) close() {
	for _, s := range []*sqlite3.Stmt{b.name, b.request, b.requests, b.hour, b.gap, b.quota, b.version} {
		if s != nil {
			_ = s.Close()
		}
	}
}

// write writes rows, their sums, and what was lost before. It is called in a transaction. A batch
// that failed is not used again: it has ids of names that are taken back.
func (b *batch) write(rows []record.Request, lost gap, reason string) error {
	b.err = nil
	clear(b.hours)
	clear(b.windows)
	b.forgetNames()
	for len(rows) >= groupRows {
		b.addAll(b.requests, rows[:groupRows])
		rows = rows[groupRows:]
	}
	for i := range rows {
		b.addAll(b.request, rows[i:i+1])
	}
	for key, s := range b.hours {
		b.exec(b.hour, key.hour, key.client, key.session, key.account, key.deployment, key.model,
			s.requests, s.failures, s.untold, s.unpriced, s.input, s.cached, s.cacheWrite, s.output, s.reasoning, s.cost,
			s.duration, s.firstByte, s.firstBytes)
	}
	b.writeQuota()
	if lost.rows > 0 {
		if reason == "" {
			reason = "requests came faster than they could be written"
		}
		b.exec(b.gap, lost.start.UnixMicro(), lost.stop.UnixMicro(), int64(lost.rows), reason)
	}
	return b.err
}

// forgetNames forgets the ids of names when another process, such as usage:forget, may have
// deleted some.
func (b *batch) forgetNames() {
	if !b.version.Step() {
		b.err = errors.Join(b.err, b.version.Err())
	}
	now := b.version.ColumnInt64(0)
	b.err = errors.Join(b.err, b.version.Reset())
	if now != b.dataVersion || len(b.names) > maxNames || b.names == nil {
		b.dataVersion, b.names, b.last = now, map[string]int64{"": 0}, [nameColumns]namedID{}
	}
}

// exec runs a statement with its values, unless the batch has failed.
func (b *batch) exec(s *sqlite3.Stmt, values ...any) {
	if b.err != nil {
		return
	}
	for i, value := range values {
		switch v := value.(type) {
		case int64:
			b.err = errors.Join(b.err, s.BindInt64(i+1, v))
		case float64:
			b.err = errors.Join(b.err, s.BindFloat(i+1, v))
		case string:
			b.err = errors.Join(b.err, s.BindText(i+1, v))
		case nil:
			b.err = errors.Join(b.err, s.BindNull(i+1))
		}
	}
	if b.err == nil {
		b.err = s.Exec()
	}
}

// idIn returns the id of a text in a column.
func (b *batch) idIn(column int, text string) int64 {
	last := &b.last[column]
	if last.text != text {
		*last = namedID{text, b.id(text)}
	}
	return last.id
}

// id returns the id of a text, which it adds to the table name.
func (b *batch) id(text string) int64 {
	id, ok := b.names[text]
	if ok || b.err != nil {
		return id
	}
	b.err = b.name.BindText(1, strings.ToValidUTF8(b.redact(text), "?"))
	if b.err == nil && b.name.Step() {
		id = b.name.ColumnInt64(0)
	}
	b.err = errors.Join(b.err, b.name.Reset())
	b.names[text] = id
	return id
}

// addAll writes rows with a statement for as many, and adds them to the sums of their hours.
func (b *batch) addAll(s *sqlite3.Stmt, rows []record.Request) {
	values := binder{stmt: s}
	for i := range rows {
		b.bindRow(&values, &rows[i])
		b.noteQuota(&rows[i])
	}
	if b.err = errors.Join(b.err, values.err); b.err == nil {
		b.err = s.Exec()
	}
}

// binder binds values to a statement, one after the other.
type binder struct {
	stmt *sqlite3.Stmt
	n    int
	err  error // the first one
}

// ints binds whole numbers.
func (v *binder) ints(values ...int64) {
	for _, value := range values {
		if v.n++; v.err == nil {
			v.err = v.stmt.BindInt64(v.n, value)
		}
	}
}

// next notes what became of binding the next value.
func (v *binder) next(bind func(n int) error) {
	if v.n++; v.err == nil {
		v.err = bind(v.n)
	}
}

// bindRow binds the values of a row, and adds it to the sums of its hour.
func (b *batch) bindRow(v *binder, r *record.Request) {
	t, start := &r.Tokens, r.Start.UnixMicro()
	client, session := b.idIn(clientName, r.Client), b.idIn(sessionName, r.Session)
	account := b.idIn(accountName, r.Account)
	deployment, model := b.idIn(deploymentName, r.Deployment), b.idIn(modelName, r.Model)
	v.ints(start, micros(r.Duration), micros(r.FirstByte), micros(r.Asked), micros(r.Upstream),
		client, b.idIn(agentName, r.UserAgent), session, b.idIn(subagentName, r.AgentID), b.idIn(routeName, r.Route),
		toInt(r.Streamed), b.idIn(requestedName, r.Requested), b.idIn(groupName, r.Group), b.idIn(fallbackName, r.Fallback),
		deployment, b.idIn(providerName, r.Provider), b.idIn(hostName, r.Host), model, account,
		int64(r.Status), b.idIn(className, r.Class), int64(r.Attempts), r.RequestBytes, r.ReplyBytes,
		told(t), int64(t.Input), int64(t.Cached), int64(t.CacheWrite), int64(t.CacheWriteHour), int64(t.Output),
		int64(t.Reasoning))
	if r.CostKnown {
		v.next(func(n int) error { return v.stmt.BindFloat(n, r.Cost) })
	} else {
		v.next(v.stmt.BindNull)
	}
	if r.IsFailure() { // the router's log has the call's id of failures only
		v.next(func(n int) error { return v.stmt.BindText(n, b.redact(r.ID)) })
	} else {
		v.next(v.stmt.BindNull)
	}
	b.sum(hourKey{start / microsPerHour, client, session, account, deployment, model}, r)
}

// microsPerHour is the microseconds in an hour.
const microsPerHour = int64(time.Hour / time.Microsecond)

// micros returns a duration in microseconds.
func micros(d time.Duration) int64 { return d.Microseconds() }

// toInt returns 1 for true.
func toInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// told returns how the tokens are known: 0 not at all, 1 from the upstream, 2 as an estimate.
func told(t *record.Tokens) int64 { return toInt(t.Known) + toInt(t.Known && t.Estimated) }

// sum adds a row to the sums of its hour. The reader's SQL sums in the same way.
func (b *batch) sum(key hourKey, r *record.Request) {
	s := b.hours[key]
	if s == nil {
		s = &sums{}
		b.hours[key] = s
	}
	t := &r.Tokens
	s.requests++
	s.failures += toInt(r.IsFailure())
	s.untold += toInt(!t.Known && r.Deployment != "" && !r.IsFailure())
	s.unpriced += toInt(t.Total() > 0 && !r.CostKnown)
	s.input, s.cached, s.cacheWrite = s.input+int64(t.Input), s.cached+int64(t.Cached), s.cacheWrite+int64(t.CacheWrite)
	s.output, s.reasoning = s.output+int64(t.Output), s.reasoning+int64(t.Reasoning)
	if r.CostKnown {
		s.cost += r.Cost
	}
	s.duration += micros(r.Duration)
	s.firstByte += micros(r.FirstByte)
	s.firstBytes += toInt(micros(r.FirstByte) > 0)
}

// noteQuota notes the windows that a reply told.
func (b *batch) noteQuota(r *record.Request) {
	at := r.Start.Add(r.Duration).UTC()
	for _, w := range r.Quota {
		seen := quota.Seen{Deployment: r.Deployment, Account: r.Account, ObservedAt: at, Window: w}
		owner := "account " + r.Account
		if r.Account == "" {
			owner = "deployment " + r.Deployment
		}
		b.windows[strings.Join([]string{owner, w.Provider, w.Name}, "\n")] = seen
	}
}

// writeQuota writes the newest windows.
func (b *batch) writeQuota() {
	for key, seen := range b.windows {
		text, err := json.Marshal(seen)
		if err != nil {
			b.err = errors.Join(b.err, err)
			return
		}
		b.exec(b.quota, key, seen.ObservedAt.UnixMicro(), string(text))
	}
}
