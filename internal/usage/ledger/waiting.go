package ledger

import (
	"slices"
	"time"

	"github.com/flowgate-go/flowgate/internal/usage/quota"
	"github.com/flowgate-go/flowgate/internal/usage/record"
)

// plainColumns are the columns of a row that have neither its id nor that of a name.
var plainColumns = [...]int{startColumn, durationColumn, firstByteColumn, askedColumn, upstreamColumn, streamedColumn,
	statusColumn, attemptsColumn, requestBytesColumn, replyBytesColumn, toldColumn, inputColumn, cachedColumn,
	cacheWriteColumn, hourWriteColumn, outputColumn, reasoningColumn}

// texts are the names of a row, in the order of nameColumns.
type texts [len(nameColumns)]string

// of returns the name in a column.
func (t *texts) of(column int) string { return t[slices.Index(nameColumns[:], column)] }

// waiting is a row that waits to be written. It has no pointer: a garbage collection would follow those of each row
// that waits, and what it costs, all requests pay.
type waiting struct {
	numbers [len(plainColumns)]int64
	cost    float64
	texts   int32 // its index in queue.texts
	rare    int32 // 1 and its index in queue.rare; 0: the row has nothing that is rare
	hasCost bool
}

// rare is what few rows have.
type rare struct {
	call    string // of a failure
	windows []quota.Window
}

// start returns when the request began.
func (w *waiting) start() time.Time { return time.UnixMicro(w.numbers[0]) }

// queue is rows that wait, in their order. The zero value is empty.
type queue struct {
	rows  []waiting
	texts []texts // of the rows; those that are equal are there once
	rare  []rare
	index map[texts]int32 // of texts
	last  int32           // the texts of the newest row
}

// add adds a request.
func (q *queue) add(r *record.Request) {
	q.rows = append(q.rows, makeWaiting(r))
	row := &q.rows[len(q.rows)-1]
	row.texts = q.share(&texts{r.Client, r.UserAgent, r.Session, r.AgentID, r.Route, r.Requested, r.Group, r.Fallback,
		r.Deployment, r.Provider, r.Host, r.Model, r.Account, r.Class})
	switch {
	case r.IsFailure(): // the router's log has the call's id of failures only
		row.rare = q.keep(rare{call: r.ID, windows: r.Quota})
	case len(r.Quota) > 0:
		row.rare = q.keep(rare{windows: r.Quota})
	}
}

// copyRow adds row i of another queue.
func (q *queue) copyRow(from *queue, i int) {
	row := from.rows[i]
	row.texts = q.share(&from.texts[row.texts])
	if row.rare > 0 {
		row.rare = q.keep(from.rare[row.rare-1])
	}
	q.rows = append(q.rows, row)
}

// share returns the index of texts that are equal to t, which it adds when there are none.
func (q *queue) share(t *texts) int32 {
	if len(q.texts) > 0 && q.texts[q.last] == *t { // most rows have those of the one before
		return q.last
	}
	i, isKnown := q.index[*t]
	if !isKnown {
		i = int32(len(q.texts))
		q.texts = append(q.texts, *t)
		if q.index == nil {
			q.index = map[texts]int32{}
		}
		q.index[*t] = i
	}
	q.last = i
	return i
}

// keep keeps what few rows have, and returns its number, from 1.
func (q *queue) keep(r rare) int32 {
	q.rare = append(q.rare, r)
	return int32(len(q.rare))
}

// reset makes it empty. It keeps the room for as many rows as wait under a usual load.
func (q *queue) reset() {
	rows := q.rows[:0]
	if cap(rows) > 2*batchRows {
		rows = nil
	}
	*q = queue{rows: rows}
}

// makeWaiting returns the numbers of a row.
func makeWaiting(r *record.Request) waiting {
	t := &r.Tokens
	w := waiting{
		numbers: [...]int64{r.Start.UnixMicro(), micros(r.Duration), micros(r.FirstByte), micros(r.Asked),
			micros(r.Upstream), toInt(r.Streamed), int64(r.Status), int64(r.Attempts), r.RequestBytes, r.ReplyBytes, told(t),
			int64(t.Input), int64(t.Cached), int64(t.CacheWrite), int64(t.CacheWriteHour), int64(t.Output),
			int64(t.Reasoning)},
		hasCost: r.CostKnown,
	}
	if r.CostKnown {
		w.cost = r.Cost
	}
	return w
}
