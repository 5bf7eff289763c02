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

// waiting is a row that waits to be written. It takes a third of the memory of a record.Request: of the heap that is
// in use, every garbage collection costs all requests time.
type waiting struct {
	numbers [len(plainColumns)]int64
	texts   *texts // shared by rows that have the same
	rare    *rare  // nil for most rows
	cost    float64
	hasCost bool
}

// rare is what few rows have.
type rare struct {
	call    string // of a failure
	windows []quota.Window
}

// start returns when the request began.
func (w *waiting) start() time.Time { return time.UnixMicro(w.numbers[0]) }

// text returns the text of a column with a name.
func (w *waiting) text(column int) string { return w.texts[slices.Index(nameColumns[:], column)] }

// textsOf returns the names of a request.
func textsOf(r *record.Request) texts {
	return texts{r.Client, r.UserAgent, r.Session, r.AgentID, r.Route, r.Requested, r.Group, r.Fallback, r.Deployment,
		r.Provider, r.Host, r.Model, r.Account, r.Class}
}

// makeWaiting returns a row that waits, yet without its texts.
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
	if r.IsFailure() || len(r.Quota) > 0 {
		w.rare = &rare{windows: r.Quota}
		if r.IsFailure() { // the router's log has the call's id of failures only
			w.rare.call = r.ID
		}
	}
	return w
}

// sharedTexts are the texts of rows that wait together.
type sharedTexts struct {
	last *texts // most rows have those of the one before
	all  map[texts]*texts
}

// share returns the texts that are equal to t and are kept. It does not keep t itself.
func (s *sharedTexts) share(t *texts) *texts {
	if s.last != nil && *s.last == *t {
		return s.last
	}
	s.last = s.all[*t]
	if s.last == nil {
		kept := *t
		if s.all == nil {
			s.all = map[texts]*texts{}
		}
		s.last = &kept
		s.all[kept] = s.last
	}
	return s.last
}

// reset forgets the texts.
func (s *sharedTexts) reset() { *s = sharedTexts{} }
