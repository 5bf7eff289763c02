package tasks

import (
	"context"
	"os"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/policy"
	"github.com/flowgate-go/flowgate/internal/redact"
	"github.com/flowgate-go/flowgate/supervisor"
)

// logLines and eventLines are the data of logs and events.
type logLines struct {
	Lines []supervisor.LogLine `json:"lines"`
}

type eventLines struct {
	Events []supervisor.Event `json:"events"`
}

// defaultLines is how many lines logs and events show of each file.
const defaultLines = 100

// Logs shows the last lines that the services wrote, secrets redacted; -follow goes on line by line.
func Logs(ctx context.Context, service *string, n *int, follow *bool) error {
	return withConfig(ctx, "logs", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		o := supervisor.LogOptions{Services: one(service), N: lines(n), Follow: value(follow), Scrub: scrubber(cfg)}
		return collect(s, o.Follow, func(lines []supervisor.LogLine) any { return logLines{lines} },
			func(emit func(supervisor.LogLine) error) error { return supervisor.Logs(ctx, cfg, o, emit) })
	})
}

// Events shows the last changes of state; -follow goes on line by line.
func Events(ctx context.Context, n *int, follow *bool) error {
	return withConfig(ctx, "events", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		o := supervisor.EventOptions{N: lines(n), Follow: value(follow)}
		return collect(s, o.Follow, func(events []supervisor.Event) any { return eventLines{events} },
			func(emit func(supervisor.Event) error) error { return supervisor.Events(ctx, cfg, o, emit) })
	})
}

// collect gathers what a source gives out for the report, or, when it follows,
// prints each as it comes.
func collect[T any](s session, follow bool, wrap func([]T) any, source func(func(T) error) error) (any, error) {
	all := []T{}
	err := source(func(line T) error {
		if follow {
			return s.out.Line(line)
		}
		all = append(all, line)
		return nil
	})
	return wrap(all), err
}

func lines(n *int) int {
	if n == nil {
		return defaultLines
	}
	return *n
}

// scrubber takes the installation's own secrets out of a log line.
func scrubber(cfg *config.Config) func([]byte) []byte {
	var s *redact.Scrubber // the keys are read when the first line comes: most commands never need them
	return func(line []byte) []byte {
		if s == nil {
			s = redact.NewScrubber(policy.Known(cfg, os.Getenv)...)
		}
		return s.Scrub(line)
	}
}
