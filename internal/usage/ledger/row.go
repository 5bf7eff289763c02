package ledger

import (
	"cmp"
	"errors"
	"math"
	"slices"
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

// Rows calls emit for each row that the filter means, in the order in which they were written.
func (r *Reader) Rows(f Filter, emit func(Row) error) error {
	return r.atOneMoment(func() error {
		return r.explainButFor(func(do *caller) error {
			meant, err := f.resolve(r.db)
			if err != nil {
				return err
			}
			names := names{db: r.db}
			defer names.close()
			return r.store.each(meant.since, meant.until, func(e *entry) error {
				if !meant.matches(e) {
					return nil
				}
				row, err := names.row(e)
				if err != nil {
					return err
				}
				return do.keep(emit(row))
			})
		})
	})
}

// Last returns the last n rows, the oldest first.
func (r *Reader) Last(n int) (rows []Row, err error) {
	rows = []Row{}
	err = r.atOneMoment(func() error {
		names := names{db: r.db}
		defer names.close()
		err := r.store.eachNewest(n, func(e *entry) error {
			row, err := names.row(e)
			rows = append(rows, row)
			return err
		})
		return explain(r.path, err)
	})
	slices.Reverse(rows)
	return rows, err
}

// After calls emit for each row that was written after the one with the given id.
func (r *Reader) After(id int64, emit func(Row) error) error {
	return r.atOneMoment(func() error {
		return r.explainButFor(func(do *caller) error {
			names := names{db: r.db}
			defer names.close()
			return r.store.eachAfter(id, 0, math.MaxInt64, func(e *entry) error {
				row, err := names.row(e)
				if err != nil {
					return err
				}
				return do.keep(emit(row))
			})
		})
	})
}

// names are the texts of ids, as far as they were asked for. close must be called.
type names struct {
	db    *sqlite3.Conn
	find  *sqlite3.Stmt // nil: nothing was asked for
	texts map[int64]string
}

// text returns the text of an id; empty for one that has none.
func (n *names) text(id int64) (text string, err error) {
	if text, ok := n.texts[id]; ok || id == 0 {
		return text, nil
	}
	if n.find == nil {
		if n.find, _, err = n.db.Prepare(`SELECT text FROM name WHERE id = ?`); err != nil {
			return "", err
		}
		n.texts = map[int64]string{}
	}
	if err := n.find.BindInt64(1, id); err != nil {
		return "", err
	}
	if n.find.Step() {
		text = n.find.ColumnText(0)
	}
	n.texts[id] = text
	return text, n.find.Reset()
}

// close ends the statement.
func (n *names) close() {
	if n.find != nil {
		_ = n.find.Close() // Reset has its error
	}
}

// row returns a row as it is printed.
func (n *names) row(e *entry) (Row, error) {
	var errs error
	text := func(column int) string {
		text, err := n.text(e.numbers[column])
		errs = errors.Join(errs, err)
		return text
	}
	at := &e.numbers
	ms := func(column int) float64 { return float64(at[column]) / 1000 }
	r := Row{
		ID: at[idColumn], Time: fromMicros(at[startColumn]), DurationMS: ms(durationColumn),
		FirstByteMS: ms(firstByteColumn), AskedAfterMS: ms(askedColumn), UpstreamMS: ms(upstreamColumn),
		Client: text(clientColumn), UserAgent: text(userAgentColumn), Session: text(sessionColumn),
		Agent: text(agentColumn), Route: text(routeColumn), Streamed: at[streamedColumn] != 0,
		Requested: text(requestedColumn), Group: text(groupColumn), Fallback: text(fallbackColumn),
		Deployment: text(deploymentColumn), Provider: text(providerColumn), Host: text(hostColumn),
		Model: text(modelColumn), Account: cmp.Or(text(accountColumn), Unknown), Status: int(at[statusColumn]),
		Class: text(classColumn), Attempts: int(at[attemptsColumn]), RequestBytes: at[requestBytesColumn],
		ReplyBytes: at[replyBytesColumn], TokensKnown: at[toldColumn] > 0, TokensEstimated: at[toldColumn] > 1,
		Input: at[inputColumn], Cached: at[cachedColumn], CacheWrite: at[cacheWriteColumn],
		HourWrite: at[hourWriteColumn], Output: at[outputColumn], Reasoning: at[reasoningColumn], Call: e.call,
	}
	if e.hasCost {
		r.Cost = new(e.cost)
	}
	return r, errs
}
