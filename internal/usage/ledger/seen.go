package ledger

import (
	"cmp"
	"slices"
	"time"
)

// seenRows is how many of the newest rows LastSeen looks at, so that a full ledger does not make
// it slow.
const seenRows = 5_000

// Seen is when a client last sent a request.
type Seen struct {
	Client    string // as in Row
	UserAgent string // as in Row
	At        time.Time
}

// LastSeen returns, of the newest 5,000 rows, the time of the newest of each client and user
// agent.
func (r *Reader) LastSeen() (all []Seen, err error) {
	type who struct{ client, userAgent int64 }
	at := map[who]int64{}
	err = r.atOneMoment(func() error {
		err := r.store.eachNewest(seenRows, func(e *entry) error {
			w := who{e.numbers[clientColumn], e.numbers[userAgentColumn]}
			at[w] = max(at[w], e.numbers[startColumn])
			return nil
		})
		names := names{db: r.db}
		defer names.close()
		for w, start := range at {
			if err == nil {
				var client, userAgent string
				client, err = names.text(w.client)
				if err == nil {
					userAgent, err = names.text(w.userAgent)
				}
				all = append(all, Seen{client, userAgent, fromMicros(start)})
			}
		}
		return explain(r.path, err)
	})
	slices.SortFunc(all, func(a, b Seen) int {
		return cmp.Or(cmp.Compare(a.Client, b.Client), cmp.Compare(a.UserAgent, b.UserAgent))
	})
	return all, err
}
