package summary

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/usage/ledger"
)

// The forms of an export.
const (
	CSV   = "csv"
	JSONL = "jsonl"
)

// Export writes the rows that the query asks for: as CSV with a line of names before them, or
// as lines of JSON, also when as is empty. Of several ledgers it writes one after the other, each with the ids of
// its own. Faults: flag-invalid, usage-not-kept, and those of ledger.Open.
func Export(cfg *config.Config, q Query, as string, now time.Time, w io.Writer) error {
	f, err := q.Filter(now)
	if err != nil {
		return err
	}
	as = lo.CoalesceOrEmpty(as, JSONL)
	if as != CSV && as != JSONL {
		return fault.Usage("flag-invalid", "-as=%s is not a form of an export", as).WithHint("-as=csv or -as=jsonl")
	}
	return withLedgers(cfg, q.Ledgers, func(readers []*ledger.Reader) error {
		buffered := bufio.NewWriterSize(w, 64<<10)
		emit := writeJSONL(buffered)
		if as == CSV {
			emit = writeCSV(buffered)
		}
		for _, reader := range readers {
			if err := reader.Rows(f, emit); err != nil {
				return err
			}
		}
		return buffered.Flush()
	})
}

// writeJSONL returns a function that writes a row as a line of JSON.
func writeJSONL(w io.Writer) func(ledger.Row) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return func(row ledger.Row) error { return encoder.Encode(row) }
}

// writeCSV writes the names of the columns, which are those of JSON, and returns a function that
// writes a row.
func writeCSV(w io.Writer) func(ledger.Row) error {
	out := csv.NewWriter(w)
	kind := reflect.TypeFor[ledger.Row]()
	var record []string
	for i := range kind.NumField() {
		record = append(record, kind.Field(i).Tag.Get("json"))
	}
	err := out.Write(record)
	return func(row ledger.Row) error {
		if err != nil {
			return err
		}
		value := reflect.ValueOf(row)
		for i := range record {
			record[i] = cell(value.Field(i).Interface())
		}
		err = out.Write(record)
		out.Flush()
		return err
	}
}

// cell returns a value as a cell of a table. A spreadsheet takes a text that begins with =, +, -
// or @ for a formula, and clients choose some of the texts: such a text gets a quote before it.
func cell(value any) string {
	switch v := value.(type) {
	case time.Time:
		return v.Format(time.RFC3339Nano)
	case *float64:
		if v == nil {
			return ""
		}
		return fmt.Sprint(*v)
	case string:
		if v != "" && strings.ContainsRune("=+-@\t", rune(v[0])) {
			return "'" + v
		}
		return v
	}
	return fmt.Sprint(value)
}

// Requests are the last rows of the ledger.
type Requests struct {
	Rows []ledger.Row `json:"requests"`
}

// Last returns the last n rows. Faults: usage-not-kept, and those of ledger.Open.
func Last(cfg *config.Config, n int) (Requests, error) {
	var all Requests
	err := withLedger(cfg, func(reader *ledger.Reader) (err error) {
		all.Rows, err = reader.Last(max(0, n))
		return err
	})
	return all, err
}

// Follow calls emit for the last n rows, and for each further one until ctx ends; sleep waits
// between looks. Rows are there within two seconds. Faults are those of Last.
func Follow(ctx context.Context, cfg *config.Config, n int, sleep func(context.Context, time.Duration) error,
	emit func(ledger.Row) error) error {
	last := int64(-1)
	next := func(row ledger.Row) error { last = row.ID; return emit(row) }
	for {
		err := withLedger(cfg, func(reader *ledger.Reader) error {
			if last >= 0 {
				return followOpen(ctx, reader, &last, sleep, next)
			}
			rows, err := reader.Last(max(0, n))
			for _, row := range rows {
				if err := next(row); err != nil {
					return err
				}
			}
			last = max(last, 0)
			return err
		})
		if err != nil || sleep(ctx, followInterval) != nil {
			return err
		}
	}
}

// The intervals of Follow: between looks at the ledger, and after which the file is opened
// again, since the router may have begun a new one.
const (
	followInterval = 250 * time.Millisecond
	reopenAfter    = 40
)

// followOpen emits the rows after the last one until the file has to be opened again.
func followOpen(ctx context.Context, reader *ledger.Reader, last *int64,
	sleep func(context.Context, time.Duration) error, emit func(ledger.Row) error) error {
	for range reopenAfter {
		if err := reader.After(*last, emit); err != nil {
			return err
		}
		if !reader.Exists() || sleep(ctx, followInterval) != nil {
			return nil
		}
	}
	return nil
}
