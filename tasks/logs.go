package tasks

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/samber/lo"

	"github.com/flowgate-go/flowgate/auth/inventory"
	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/secret/redact"
	"github.com/flowgate-go/flowgate/supervisor/control"
	"github.com/flowgate-go/flowgate/supervisor/logs"
)

// logLines is the data of logs.
type logLines struct {
	Lines []logs.LogLine `json:"lines"`
}

// Page implements report.Paged: each line after the name of its service, or without the name
// when all lines are of one service.
func (l logLines) Page() string {
	services := lo.UniqBy(l.Lines, func(line logs.LogLine) string { return line.Service })
	var page strings.Builder
	for _, line := range l.Lines {
		text := line.Page()
		if len(services) == 1 {
			text = strings.TrimPrefix(text, line.Service+": ")
		}
		page.WriteString(text)
	}
	return page.String()
}

// eventLines is the data of events.
type eventLines struct {
	Events []control.Event `json:"events"`
}

// defaultLines is how many lines logs and events show of each file.
const defaultLines = 100

// Logs shows the last lines that the services wrote, in order of time and redacted; -follow waits for further lines.
func Logs(ctx context.Context, service *string, n *int, since *time.Duration, level *string, follow *bool) error {
	return runReadingLong(ctx, "logs", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		if err := s.checkMayRead(cfg, cfg.Paths.RuntimeDir); err != nil {
			return nil, err
		}
		o := logs.Options{
			Services: serviceList(service), N: lineLimit(n, since), Since: sinceTime(since), Level: deref(level),
			Follow: deref(follow), Scrub: s.newScrubber(cfg),
		}
		return emitLines(ctx, s, o.Follow, func(lines []logs.LogLine) any { return logLines{lines} },
			func(ctx context.Context, emit func(logs.LogLine) error) error {
				return logs.Logs(ctx, cfg, o, emit)
			})
	})
}

// Events shows the last changes of state; -follow waits for further ones.
func Events(ctx context.Context, n *int, since *time.Duration, follow *bool) error {
	return runReadingLong(ctx, "events", func(ctx context.Context, s session, cfg *config.Config) (any, error) {
		if err := s.checkMayRead(cfg, cfg.Paths.LogFile); err != nil {
			return nil, err
		}
		o := logs.EventOptions{N: lineLimit(n, since), Since: sinceTime(since), Follow: deref(follow)}
		return emitLines(ctx, s, o.Follow, func(events []control.Event) any { return eventLines{events} },
			func(ctx context.Context, emit func(control.Event) error) error {
				return logs.Events(ctx, cfg, o, emit)
			})
	})
}

// emitLines collects the lines of a source for the report or, with follow, prints each line as
// it comes until the reader of stdout leaves. wrap makes the lines a target's data.
func emitLines[T any](
	ctx context.Context,
	s session,
	follow bool,
	wrap func([]T) any,
	source func(context.Context, func(T) error) error,
) (any, error) {
	all := []T{}
	if !follow {
		err := source(ctx, func(line T) error { all = append(all, line); return nil })
		return wrap(all), err
	}
	ctx, stop := cancelWhenReaderLeaves(ctx, s.stdout)
	defer stop()
	err := source(ctx, func(line T) error { return s.out.Line(line) })
	if errors.Is(err, report.ErrReaderGone) {
		err = nil
	}
	return wrap(all), err
}

// lineLimit returns how many lines to show: n if it is given, else all (-1) with -since, else
// defaultLines.
func lineLimit(n *int, since *time.Duration) int {
	switch {
	case n != nil:
		return *n
	case since != nil:
		return -1
	}
	return defaultLines
}

// sinceTime returns the moment that is the duration of -since ago; the zero time without -since.
func sinceTime(since *time.Duration) time.Time {
	if since == nil {
		return time.Time{}
	}
	return time.Now().Add(-*since)
}

// newScrubber returns a function that redacts the installation's own secrets in a log line.
func (s session) newScrubber(cfg *config.Config) func([]byte) []byte {
	var scrubber *redact.LogScrubber // the keys are read when the first line comes: most commands never need them
	return func(line []byte) []byte {
		if scrubber == nil {
			scrubber = redact.NewLogScrubber(inventory.Secrets(cfg, s.getenv)...)
		}
		return scrubber.Scrub(line)
	}
}
