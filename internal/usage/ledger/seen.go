package ledger

import (
	"time"

	"github.com/ncruces/go-sqlite3"
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
func (r *Reader) LastSeen() ([]Seen, error) {
	var all []Seen
	err := r.each(`SELECT c.text, u.text, n.at FROM (SELECT client, user_agent, max(start) AS at FROM
 (SELECT client, user_agent, start FROM request ORDER BY id DESC LIMIT ?1) GROUP BY 1, 2) n
 LEFT JOIN name c ON c.id = n.client LEFT JOIN name u ON u.id = n.user_agent`, []any{int64(seenRows)},
		func(s *sqlite3.Stmt) error {
			all = append(all, Seen{s.ColumnText(0), s.ColumnText(1), fromMicros(s.ColumnInt64(2))})
			return nil
		})
	return all, err
}
