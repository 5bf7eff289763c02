package subject

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/safefile"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/logs"
)

// maxEvents is how many events are looked at; the reader bounds their bytes.
const maxEvents = 20_000

// Events calls visit for the latest events since a time, at most maxEvents. A pipe in the
// log's place is a fault: reading it would never end.
func (s *Subject) Events(ctx context.Context, since time.Time, visit func(control.Event)) error {
	f, err := safefile.Open(s.Config.Paths.LogFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fault.New("log-unreadable", "%s: %v", s.ShortPath(s.Config.Paths.LogFile), WithoutPath(err)).
			WithHint("move it away; the supervisor writes a new one")
	}
	_ = f.Close()
	return logs.Events(ctx, s.Config, logs.EventOptions{N: maxEvents, Since: since}, func(e control.Event) error {
		visit(e)
		return nil
	})
}
