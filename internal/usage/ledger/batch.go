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
	insertChunk = `INSERT INTO chunk VALUES (?,?,?,?)`
	deleteChunk = `DELETE FROM chunk WHERE id = ?`
	insertGap   = `INSERT INTO gap (start, stop, requests, reason) VALUES (?,?,?,?)`
	insertQuota = `INSERT OR REPLACE INTO quota VALUES (?,?,?)`
)

// batch writes rows with statements that are prepared once.
type batch struct {
	db                            *sqlite3.Conn
	name, chunk, hour, gap, quota *sqlite3.Stmt
	replace, version              *sqlite3.Stmt
	redact                        func(string) string
	names                         map[string]int64          // the ids in the table name
	last                          [len(nameColumns)]namedID // what the row before this one had, in the columns of names
	lastID                        int64                     // of a row
	hours                         hourSums
	lastHour                      hourKey
	lastSums                      *sums // of lastHour; nil: of none
	packer                        packer
	dataVersion                   int64 // of the file: another process has changed it when it changes
	windows                       map[string]quota.Seen
	err                           error // the first one of the batch
}

// namedID is a name and its id.
type namedID struct {
	text string
	id   int64
}

// maxNames bounds how many names are remembered.
const maxNames = 64 << 10

// newBatch prepares the statements.
func newBatch(db *sqlite3.Conn, redact func(string) string) (*batch, error) {
	b := &batch{db: db, redact: redact, hours: hourSums{}, windows: map[string]quota.Seen{}}
	for _, s := range []struct {
		stmt **sqlite3.Stmt
		sql  string
	}{{&b.name, insertName}, {&b.chunk, insertChunk}, {&b.replace, deleteChunk}, {&b.hour, insertHour},
		{&b.gap, insertGap}, {&b.quota, insertQuota}, {&b.version, `PRAGMA data_version`}} {
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
	for _, s := range []*sqlite3.Stmt{b.name, b.chunk, b.replace, b.hour, b.gap, b.quota, b.version} {
		if s != nil {
			_ = s.Close()
		}
	}
}

// write writes rows, their sums, and what was lost before. It is called in a transaction. A batch
// that failed is not used again: it has ids of names that are taken back.
func (b *batch) write(q *queue, lost gap, reason string) error {
	b.err, b.lastSums = nil, nil
	clear(b.hours)
	clear(b.windows)
	b.lookForChanges()
	for rows := q.rows; len(rows) > 0; {
		if b.packer.rows >= chunkRows {
			b.packer.reset()
		}
		n := min(len(rows), chunkRows-int(b.packer.rows))
		b.writeChunk(q, rows[:n])
		rows = rows[n:]
	}
	for key, s := range b.hours {
		b.exec(b.hour, s.values(key)...)
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

// lookForChanges forgets the ids of names when another process, such as usage:forget, may have deleted some, and
// looks for the last id of a row again; it begins a new chunk then, since the last one may have lost rows.
func (b *batch) lookForChanges() {
	if !b.version.Step() {
		b.err = errors.Join(b.err, b.version.Err())
	}
	now := b.version.ColumnInt64(0)
	b.err = errors.Join(b.err, b.version.Reset())
	if now != b.dataVersion || len(b.names) > maxNames || b.names == nil {
		b.dataVersion, b.names, b.last = now, map[string]int64{"": 0}, [len(nameColumns)]namedID{}
		last, err := store{b.db, true}.lastID()
		b.lastID, b.err = last, errors.Join(b.err, err)
		b.packer.reset()
	}
}

// exec runs a statement with its values, unless the batch has failed.
func (b *batch) exec(s *sqlite3.Stmt, values ...any) {
	if b.err != nil {
		return
	}
	b.err = bind(s, values)
	if b.err == nil {
		b.err = s.Exec()
	}
}

// idIn returns the id of a text in one of nameColumns.
func (b *batch) idIn(name int, text string) int64 {
	last := &b.last[name]
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

// writeChunk writes rows of a queue into the last chunk, or a new one when the packer is empty, and adds them to the
// sums of their hours. With few requests a second a chunk has those of minutes: each alone would take three times the
// space.
func (b *batch) writeChunk(q *queue, rows []waiting) {
	isNew, before := b.packer.rows == 0, b.lastID
	var e entry
	names := int32(-1)
	for i := range rows {
		r := &rows[i]
		if r.texts != names {
			names = r.texts
			b.fillNames(&e, &q.texts[names])
		}
		b.fill(&e, r)
		if r.rare > 0 {
			rare := &q.rare[r.rare-1]
			e.call = b.redact(rare.call)
			b.noteQuota(r, rare.windows, &q.texts[names])
		}
		b.packer.add(&e)
		b.sum(&e)
	}
	if !isNew {
		b.exec(b.replace, before) // its id changes, and an INSERT remembers the largest one
	}
	b.exec(b.chunk, b.lastID, b.packer.first, b.packer.last, b.packer.data)
}

// fillNames sets the names of a row as it is stored.
func (b *batch) fillNames(e *entry, t *texts) {
	for i, column := range nameColumns {
		e.numbers[column] = b.idIn(i, t[i])
	}
}

// fill sets the numbers of a row as it is stored.
func (b *batch) fill(e *entry, r *waiting) {
	b.lastID++
	e.numbers[idColumn] = b.lastID
	for i, column := range plainColumns {
		e.numbers[column] = r.numbers[i]
	}
	e.cost, e.hasCost, e.call = r.cost, r.hasCost, ""
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

// sum adds a row to the sums of its hour.
func (b *batch) sum(e *entry) {
	if key := hourOf(e); b.lastSums == nil || key != b.lastHour {
		b.lastHour, b.lastSums = key, b.hours.of(key)
	}
	b.lastSums.add(e)
}

// noteQuota notes the windows that the reply to a request told.
func (b *batch) noteQuota(r *waiting, windows []quota.Window, names *texts) {
	at := r.start().Add(time.Duration(r.numbers[1]) * time.Microsecond).UTC()
	deployment, account := names.of(deploymentColumn), names.of(accountColumn)
	for _, w := range windows {
		seen := quota.Seen{Deployment: deployment, Account: account, ObservedAt: at, Window: w}
		owner := "account " + account
		if account == "" {
			owner = "deployment " + deployment
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
