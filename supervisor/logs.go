package supervisor

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
)

// LogOptions choose lines of the services' own output.
type LogOptions struct {
	Services []string                 // empty: all
	N        int                      // last lines of each; negative: all
	Follow   bool                     // go on until ctx ends
	Scrub    func(line []byte) []byte // takes secrets out; may be nil
}

// LogLine is one line that a service wrote.
type LogLine struct {
	Service string `json:"service"`
	Line    string `json:"line"`
}

// Logs gives out lines of the services' logs, service by service, and new ones
// as they come. It ends with the error of emit. Faults: service-unknown,
// log-unreadable.
func Logs(ctx context.Context, cfg *config.Config, o LogOptions, emit func(LogLine) error) error {
	names, err := chooseNames(cfg, o.Services)
	if err != nil {
		return err
	}
	polls := make([]func() error, 0, len(names))
	for _, name := range names {
		give := func(line []byte) error {
			if o.Scrub != nil {
				line = o.Scrub(line)
			}
			return received(emit(LogLine{Service: name, Line: string(line)}))
		}
		poll, err := begin(logPath(cfg, name), o.N, o.Follow, give)
		if err != nil {
			return err
		}
		polls = append(polls, poll)
	}
	return followEach(ctx, o.Follow, polls)
}

// EventOptions choose events.
type EventOptions struct {
	N      int       // the last ones; negative: all
	Since  time.Time // none before; zero: no limit
	Follow bool      // go on until ctx ends
}

// Events gives out events from the log, and new ones as they come. Lines that
// are no events are left out. It ends with the error of emit. Fault:
// log-unreadable.
func Events(ctx context.Context, cfg *config.Config, o EventOptions, emit func(Event) error) error {
	give := func(line []byte) error {
		var e Event
		if json.Unmarshal(line, &e) != nil || e.Event == "" || e.Time().Before(o.Since) {
			return nil
		}
		return received(emit(e))
	}
	poll, err := begin(cfg.Paths.LogFile, o.N, o.Follow, give)
	if err != nil {
		return err
	}
	return followEach(ctx, o.Follow, []func() error{poll})
}

// begin gives out the last lines of a file and returns what gives out new ones.
func begin(path string, n int, follow bool, give func([]byte) error) (poll func() error, err error) {
	f, err := newFollower(path, n, follow, give)
	if err == nil && !follow && n != 0 {
		err = f.flush(give)
	}
	if err != nil {
		return nil, unreadable(path, err)
	}
	return func() error { return unreadable(path, f.poll(give)) }, nil
}

func followEach(ctx context.Context, follow bool, polls []func() error) error {
	if !follow {
		return nil
	}
	return followAll(ctx, func() error {
		for _, poll := range polls {
			if err := poll(); err != nil {
				return err
			}
		}
		return nil
	})
}

// emitError carries an error of the receiver through, which is no fault of a log.
type emitError struct{ error }

func received(err error) error {
	if err == nil {
		return nil
	}
	return emitError{err}
}

func unreadable(path string, err error) error {
	var receiver emitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &receiver):
		return receiver.error
	}
	return fault.New("log-unreadable", "read %s: %w", path, err).WithHint("check that the file is yours and readable")
}
