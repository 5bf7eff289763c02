// Package tasks holds the targets: what people type after mage. Every exported function
// with a context as its first parameter is a target; each reads its parameters,
// calls one function of the domain, and hands the result to run, which prints the
// report. The magefile and cmd/flowgate begin in main.go.
//
// The package is larger than others because each target is one function of it:
// mage makes targets only of the functions of the package that the magefile imports.
package tasks

import (
	"cmp"
	"context"
	"time"

	"github.com/sourcegraph/conc/panics"

	"github.com/flowgate-go/flowgate/internal/config"
	"github.com/flowgate-go/flowgate/internal/fault"
	"github.com/flowgate-go/flowgate/internal/report"
	"github.com/flowgate-go/flowgate/internal/trust"
)

// session is what one target works with.
type session struct {
	invocation
	out    *report.Output
	report *report.Report
	trust  trust.Verdict // of the configuration, where the target has one
}

// work is what a target does; what it returns becomes the report's data or error.
type work func(ctx context.Context, s session) (any, error)

// signalPatience is how long a target may take to end after a signal before its
// work is abandoned.
const signalPatience = 10 * time.Second

// signalRules are how the work of a target meets signals.
type signalRules struct {
	catchAfter time.Duration // before it, a signal ends the process at once
	patience   time.Duration // how long the work may take to end after a signal; 0 means no limit
	isServer   bool          // it runs until a signal
}

// run does a target's work and prints its report. A signal ends the work's
// context and makes the report an interrupted one; a panic becomes its error.
func run(ctx context.Context, command string, do work) error {
	return runBounded(ctx, command, signalRules{patience: signalPatience}, do)
}

// runBriefly is run for work that changes nothing and mostly ends before briefly is over. Until
// then a signal ends the process at once, as it does before main: to catch signals costs such a
// target a tenth of its time.
func runBriefly(ctx context.Context, command string, do work) error {
	return runBounded(ctx, command, signalRules{catchAfter: briefly, patience: signalPatience}, do)
}

// runBounded is run with other rules for signals.
func runBounded(ctx context.Context, command string, how signalRules, do work) error {
	ctx, stop := catchSignals(ctx, how.catchAfter)
	defer stop()
	if !how.isServer {
		defer delayFirstCollection(started.getenv)()
	}
	r := newReport(command, time.Now())
	s := session{invocation: started, out: started.newOutput(started.print), report: r}
	data, err := runRecovered(ctx, command, how.patience, func() (any, error) { return do(ctx, s) })
	if ctx.Err() != nil && !s.out.Quiet {
		err = report.Interrupted()
	}
	r.Finish(data, err, time.Now())
	return s.out.Emit(ctx, r)
}

// runRecovered does the work in a goroutine of its own and makes a panic in it an
// error. When the work has not ended within patience after a signal, runRecovered returns
// without it: the process ends then, and the goroutine with it.
func runRecovered(
	ctx context.Context, command string, patience time.Duration, do func() (any, error),
) (any, error) {
	type outcome struct {
		data any
		err  error
	}
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		if p := panics.Try(func() { o.data, o.err = do() }); p != nil {
			o.err = fault.New("internal", "%s: a fault in FlowGate itself: %v", command, p.Value).
				WithHint("please report it, with what you typed")
		}
		done <- o
	}()
	select {
	case o := <-done:
		return o.data, o.err
	case <-ctx.Done():
	}
	late := (<-chan time.Time)(nil)
	if patience > 0 {
		late = time.After(patience)
	}
	select {
	case o := <-done:
		return o.data, o.err
	case <-late:
		return nil, report.Interrupted()
	}
}

// runServer runs a target that is a server. A signal is the regular way to end it, so it
// exits 0 after one, and it prints no report of success.
func runServer(ctx context.Context, command string, do func(ctx context.Context, s session) error) error {
	return runBounded(ctx, command, signalRules{isServer: true}, func(ctx context.Context, s session) (any, error) {
		s.out.Quiet = true
		return nil, do(ctx, s)
	})
}

// place returns where the installation is that the command is for. It looks each time, because
// an earlier target of the line may have written it.
func (i invocation) place() config.Place {
	return config.Locate(cmp.Or(i.line.Common["config"], i.getenv("FLOWGATE_CONFIG")), i.getenv("HOME"))
}

// configFile returns the path of the configuration file in force; "" means the
// built-in default.
func (i invocation) configFile() string { return i.place().File }

// loadConfig returns the configuration in force. Faults: those of config.Load.
func (i invocation) loadConfig() (*config.Config, error) {
	return i.loadConfigAt(i.place())
}

// loadConfigAt returns the configuration of the installation at place.
func (i invocation) loadConfigAt(place config.Place) (*config.Config, error) {
	if place.File != "" {
		return config.Load(place.File, i.getenv)
	}
	cfg := config.Default(place.Dir)
	return cfg, config.CheckFolder(cfg.Dir)
}

// deref returns the value of a pointer parameter, or its type's zero value when
// the flag was not given.
func deref[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// serviceList returns a list of the one service that is named, or nil for all services.
func serviceList(service *string) []string {
	if deref(service) == "" {
		return nil
	}
	return []string{*service}
}

// dataOrError returns result as a report's data, or no data when there is an error.
func dataOrError[T any](result T, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return result, nil
}
