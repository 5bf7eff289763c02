package ledger

import "github.com/ncruces/go-sqlite3"

// chunkRows is how many rows are packed together at most.
const chunkRows = 256

// packer packs rows into a chunk. The zero value is empty.
type packer struct {
	rows, first, last int64 // the earliest and the latest start
	data              []byte
	before            entry
}

// add packs a row.
func (p *packer) add(e *entry) {
	start := e.numbers[startColumn]
	if p.rows == 0 {
		p.first, p.last = start, start
	}
	p.rows, p.first, p.last = p.rows+1, min(p.first, start), max(p.last, start)
	p.data = appendEntry(p.data, e, &p.before)
}

// reset makes it empty.
func (p *packer) reset() { *p = packer{data: p.data[:0]} }

// deletePacked deletes the packed rows that began in [since, until) and of which isMeant says so, and returns what they
// were. It is called in a transaction.
func deletePacked(db *sqlite3.Conn, since, until int64, isMeant func(*entry) bool) (deleted removed, err error) {
	var ids []int64
	err = query(db, `SELECT id FROM chunk WHERE last >= ? AND first < ?`, []any{since, until},
		func(s *sqlite3.Stmt) error { ids = append(ids, s.ColumnInt64(0)); return nil })
	for _, id := range ids {
		if err != nil {
			break
		}
		err = deleteFrom(db, id, &deleted, func(e *entry) bool {
			start := e.numbers[startColumn]
			return start >= since && start < until && isMeant(e)
		})
	}
	return deleted, err
}

// removed is how many rows were deleted, and the earliest and the latest start of one, in microseconds.
type removed struct{ rows, first, last int64 }

// add counts rows.
func (r *removed) add(rows, first, last int64) {
	if rows == 0 {
		return
	}
	if r.rows == 0 {
		r.first, r.last = first, last
	}
	r.rows, r.first, r.last = r.rows+rows, min(r.first, first), max(r.last, last)
}

// deleteFrom deletes the rows of a chunk of which isMeant says so.
func deleteFrom(db *sqlite3.Conn, id int64, deleted *removed, isMeant func(*entry) bool) error {
	before, kept := deleted.rows, packer{}
	err := query(db, `SELECT data FROM chunk WHERE id = ?`, []any{id}, func(s *sqlite3.Stmt) error {
		return unpack(s.ColumnRawBlob(0), func(e *entry) error {
			if start := e.numbers[startColumn]; isMeant(e) {
				deleted.add(1, start, start)
			} else {
				kept.add(e)
			}
			return nil
		})
	})
	switch {
	case err != nil || deleted.rows == before:
		return err
	case kept.rows == 0:
		return run(db, `DELETE FROM chunk WHERE id = ?`, id)
	}
	return run(db, `UPDATE chunk SET first = ?2, last = ?3, data = ?4 WHERE id = ?1`,
		id, kept.first, kept.last, kept.data)
}
