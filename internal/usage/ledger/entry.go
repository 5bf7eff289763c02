package ledger

import (
	"errors"
	"slices"

	"github.com/ncruces/go-sqlite3"
)

// query runs a query and calls row for each row of its result.
func query(db *sqlite3.Conn, sql string, values []any, row func(*sqlite3.Stmt) error) error {
	s, _, err := db.Prepare(sql)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	if err := bind(s, values); err != nil {
		return err
	}
	for s.Step() {
		if err := row(s); err != nil {
			return err
		}
	}
	return s.Err()
}

// selectEntry gives the columns of an entry that is a row of the table request.
const selectEntry = `SELECT id, start, duration, first_byte, asked, upstream, client, user_agent, session, agent, route,
 streamed, requested, model_group, fallback, deployment, provider, host, model, account, status, class, attempts,
 request_bytes, reply_bytes, told, input, cached, cache_write, hour_write, output, reasoning, cost, coalesce(call, '')
 FROM request `

// readEntry reads a row of the result of selectEntry.
func readEntry(s *sqlite3.Stmt, e *entry) {
	for i := range e.numbers {
		e.numbers[i] = s.ColumnInt64(i)
	}
	e.cost, e.call = s.ColumnFloat(columns), s.ColumnText(columns+1)
	if e.hasCost = s.ColumnType(columns) != sqlite3.NULL && isFinite(e.cost); !e.hasCost {
		e.cost = 0
	}
}

// store reads the rows of a ledger of any version. Its zero value has none.
type store struct {
	db        *sqlite3.Conn
	hasChunks bool // since version 2
}

// each calls do for each row that began in [since, until), in the order in which they were written.
func (s store) each(since, until int64, do func(*entry) error) error {
	return s.eachAfter(0, since, until, do)
}

// eachAfter is each for the rows with ids above id.
func (s store) eachAfter(id, since, until int64, do func(*entry) error) error {
	if s.db == nil {
		return nil
	}
	var e entry
	byStart, bySpan := "", ""
	if since > 0 { // SQLite would look at all rows, because they have the order already
		byStart, bySpan = `INDEXED BY request_start `, `INDEXED BY chunk_span `
	}
	err := query(s.db, selectEntry+byStart+`WHERE id > ? AND start >= ? AND start < ? ORDER BY id`,
		[]any{id, since, until}, func(stmt *sqlite3.Stmt) error { readEntry(stmt, &e); return do(&e) })
	if err != nil || !s.hasChunks {
		return err
	}
	return query(s.db, `SELECT data FROM chunk `+bySpan+`WHERE id > ? AND last >= ? AND first < ? ORDER BY id`,
		[]any{id, since, until}, func(stmt *sqlite3.Stmt) error {
			return unpack(stmt.ColumnRawBlob(0), func(e *entry) error {
				if start := e.numbers[startColumn]; e.numbers[idColumn] <= id || start < since || start >= until {
					return nil
				}
				return do(e)
			})
		})
}

// errEnough ends a query whose further results are not needed.
var errEnough = errors.New("enough")

// eachNewest calls do for the n rows that were written last, the newest first.
func (s store) eachNewest(n int, do func(*entry) error) error {
	if s.db == nil {
		return nil
	}
	var chunk []entry
	if s.hasChunks {
		err := query(s.db, `SELECT data FROM chunk ORDER BY id DESC`, nil, func(stmt *sqlite3.Stmt) error {
			chunk = chunk[:0]
			err := unpack(stmt.ColumnRawBlob(0), func(e *entry) error { chunk = append(chunk, *e); return nil })
			if err != nil { // not even the newest rows are sure then
				return err
			}
			for _, e := range slices.Backward(chunk) {
				if n == 0 {
					return errEnough
				}
				n--
				err = errors.Join(err, do(&e))
			}
			return err
		})
		if err != nil {
			if errors.Is(err, errEnough) {
				err = nil
			}
			return err
		}
	}
	var e entry
	return query(s.db, selectEntry+`ORDER BY id DESC LIMIT ?`, []any{int64(n)},
		func(stmt *sqlite3.Stmt) error { readEntry(stmt, &e); return do(&e) })
}

// lastID returns the largest id that a row ever had.
func (s store) lastID() (int64, error) {
	return queryInt(s.db, `SELECT coalesce(max(seq), 0) FROM sqlite_sequence`)
}
