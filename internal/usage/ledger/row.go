package ledger

import (
	"time"

	"github.com/ncruces/go-sqlite3"
)

// Row is a row of the ledger, as usage:export and requests print it.
type Row struct {
	ID           int64     `json:"id"` // grows with each row
	Time         time.Time `json:"time"`
	DurationMS   float64   `json:"duration_ms"`
	FirstByteMS  float64   `json:"first_byte_ms"`  // 0 when no reply came
	AskedAfterMS float64   `json:"asked_after_ms"` // until the last attempt began
	UpstreamMS   float64   `json:"upstream_ms"`    // the last attempt

	Client    string `json:"client"`
	UserAgent string `json:"user_agent"`
	Session   string `json:"session"`
	Agent     string `json:"agent"` // the subagent within the session
	Route     string `json:"route"`
	Streamed  bool   `json:"streamed"`

	Requested  string `json:"requested"` // the model that the client asked for
	Group      string `json:"group"`
	Fallback   string `json:"fallback"` // the group that answered instead
	Deployment string `json:"deployment"`
	Provider   string `json:"provider"`
	Host       string `json:"host"`
	Model      string `json:"model"`   // the upstream's name
	Account    string `json:"account"` // unknown where no header named it

	Status       int    `json:"status"`
	Class        string `json:"class"` // of the failure; empty: none
	Attempts     int    `json:"attempts"`
	RequestBytes int64  `json:"request_bytes"`
	ReplyBytes   int64  `json:"reply_bytes"`

	TokensKnown     bool     `json:"tokens_known"`
	TokensEstimated bool     `json:"tokens_estimated"`
	Input           int64    `json:"input_tokens"`
	Cached          int64    `json:"cached_tokens"`
	CacheWrite      int64    `json:"cache_write_tokens"`
	HourWrite       int64    `json:"cache_write_1h_tokens"`
	Output          int64    `json:"output_tokens"`
	Reasoning       int64    `json:"reasoning_tokens"`
	Cost            *float64 `json:"cost"`    // in dollars; null: unknown
	Call            string   `json:"call_id"` // of a failure
}

// Unknown stands for an account that no header named.
const Unknown = "unknown"

// selectRow gives the columns of a Row, of rows that the filter means.
const selectRow = `SELECT r.id, r.start, r.duration, r.first_byte, r.asked, r.upstream,
 c.text, u.text, s.text, a.text, o.text, r.streamed, q.text, g.text, f.text, d.text, p.text, h.text, m.text, n.text,
 r.status, x.text, r.attempts, r.request_bytes, r.reply_bytes, r.told, r.input, r.cached, r.cache_write, r.hour_write,
 r.output, r.reasoning, r.cost, coalesce(r.call, '')
 FROM request r LEFT JOIN name c ON c.id = r.client LEFT JOIN name u ON u.id = r.user_agent
 LEFT JOIN name s ON s.id = r.session LEFT JOIN name a ON a.id = r.agent LEFT JOIN name o ON o.id = r.route
 LEFT JOIN name q ON q.id = r.requested LEFT JOIN name g ON g.id = r.model_group LEFT JOIN name f ON f.id = r.fallback
 LEFT JOIN name d ON d.id = r.deployment LEFT JOIN name p ON p.id = r.provider LEFT JOIN name h ON h.id = r.host
 LEFT JOIN name m ON m.id = r.model LEFT JOIN name n ON n.id = r.account LEFT JOIN name x ON x.id = r.class
 WHERE `

// Rows calls emit for each row that the filter means, in the order in which they were written.
func (r *Reader) Rows(f Filter, emit func(Row) error) error {
	return r.each(selectRow+`r.id IN (SELECT id FROM request WHERE`+where+`) ORDER BY r.id`, f.values(),
		func(s *sqlite3.Stmt) error { return emit(readRow(s)) })
}

// Last returns the last n rows, the oldest first.
func (r *Reader) Last(n int) ([]Row, error) {
	rows := []Row{}
	err := r.each(selectRow+`r.id > (SELECT coalesce(max(id), 0) FROM request) - ?1 ORDER BY r.id`, []any{int64(n)},
		func(s *sqlite3.Stmt) error { rows = append(rows, readRow(s)); return nil })
	return rows, err
}

// After calls emit for each row that was written after the one with the given id.
func (r *Reader) After(id int64, emit func(Row) error) error {
	return r.each(selectRow+`r.id > ?1 ORDER BY r.id`, []any{id}, func(s *sqlite3.Stmt) error { return emit(readRow(s)) })
}

// readRow reads a row of the result of selectRow.
func readRow(s *sqlite3.Stmt) Row {
	next := -1
	number := func() int64 { next++; return s.ColumnInt64(next) }
	text := func() string { next++; return s.ColumnText(next) }
	ms := func() float64 { return float64(number()) / 1000 }
	r := Row{
		ID: number(), Time: fromMicros(number()), DurationMS: ms(), FirstByteMS: ms(), AskedAfterMS: ms(), UpstreamMS: ms(),
		Client: text(), UserAgent: text(), Session: text(), Agent: text(), Route: text(), Streamed: number() != 0,
		Requested: text(), Group: text(), Fallback: text(), Deployment: text(), Provider: text(), Host: text(),
		Model: text(), Account: text(), Status: int(number()), Class: text(), Attempts: int(number()),
		RequestBytes: number(), ReplyBytes: number(),
	}
	told := number()
	r.TokensKnown, r.TokensEstimated = told > 0, told > 1
	r.Input, r.Cached, r.CacheWrite, r.HourWrite, r.Output, r.Reasoning = number(), number(), number(), number(),
		number(), number()
	if next++; s.ColumnType(next) != sqlite3.NULL {
		r.Cost = new(s.ColumnFloat(next))
	}
	r.Call = text()
	if r.Account == "" {
		r.Account = Unknown
	}
	return r
}
